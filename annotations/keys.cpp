// SPDX-License-Identifier: Apache-2.0
#include "annotations/keys.h"

#include <algorithm>

#include "annotations/value.h"
#include "base/result.h"
#include "base/sha256.h"

namespace runx::annotations {
namespace {

using Text = std::optional<std::string>;

template <class>
struct OfMember;
template <class E, class V>
struct OfMember<V E::*> {
  using Entry = E;
};
template <auto member>
using Entry = typename OfMember<decltype(member)>::Entry;

bool is_file(std::string_view text) { return is_clean_path(text); }

// A value that is kept as it is written: in a string (empty: not asked) or an optional one.
template <auto member, bool (*valid)(std::string_view)>
constexpr Field<Entry<member>> text_field(std::string_view leaf, const char* reason, const char* remedy,
                                          Who who = Who::anybody) {
  return {leaf,
          who,
          [](Entry<member>& entry, const std::string& value) {
            if (!valid(value)) return false;
            entry.*member = value;
            return true;
          },
          [](const Entry<member>& entry) {
            Text out = entry.*member;
            return out && out->empty() ? Text() : out;
          },
          reason,
          remedy,
          valid == is_file};
}

// The same, and "any" is nothing in particular.
template <auto member, bool (*valid)(std::string_view)>
constexpr Field<Entry<member>> any_field(std::string_view leaf, const char* reason, const char* remedy) {
  return {leaf,
          Who::anybody,
          [](Entry<member>& entry, const std::string& value) {
            if (value != "any" && !valid(value)) return false;
            entry.*member = value == "any" ? Text() : Text(value);
            return true;
          },
          [](const Entry<member>& entry) { return entry.*member; },
          reason,
          remedy};
}

template <auto member, bool (*valid)(std::string_view)>
constexpr Field<Entry<member>> list_field(std::string_view leaf, const char* reason, const char* remedy) {
  return {leaf,
          Who::anybody,
          [](Entry<member>& entry, const std::string& value) {
            auto list = parse_list(value, valid);
            if (list) entry.*member = std::move(*list);
            return list.has_value();
          },
          [](const Entry<member>& entry) {
            std::string out;
            for (const auto& element : entry.*member) out += (out.empty() ? "" : " ") + element;
            return out.empty() ? Text() : Text(out);
          },
          reason,
          remedy};
}

template <auto member>
constexpr Field<Entry<member>> flag_field(std::string_view leaf) {
  return {leaf,
          Who::anybody,
          [](Entry<member>& entry, const std::string& value) {
            if (value != "yes" && value != "no") return false;
            entry.*member = value == "yes";
            return true;
          },
          [](const Entry<member>& entry) { return entry.*member ? Text(*(entry.*member) ? "yes" : "no") : Text(); },
          "neither yes nor no",
          "write yes or no"};
}

bool is_digest(std::string_view text) { return base::is_sha256_digest(text); }
bool is_region(std::string_view text) { return is_name(text) || is_clean_path(text); }
bool is_format(std::string_view text) {
  return text == "bit" || text == "bin" || text == "boot" || text == "pdi" || text == "xclbin";
}
bool is_cluster(std::string_view text) { return text == "split" || text == "lockstep"; }
bool is_console(std::string_view text) { return text == "pv" || text == "vuart" || text == "none"; }

constexpr const char* no_file = "not a path inside the image";
constexpr const char* file_remedy = "write an absolute path without \".\" and \"..\", like /boot/aes.bit";
constexpr const char* no_digest = "not a digest";
constexpr const char* digest_remedy = "write sha256: and the 64 lower-case digits that sha256sum prints for the file";
constexpr const char* no_nodes = "not a list of nodes";
constexpr const char* nodes_remedy = "write paths, aliases or labels of nodes, one space between two";

constexpr Field<AcceleratorRequest> top[] = {
    {"schema", Who::anybody, [](AcceleratorRequest&, const std::string& value) { return value == schema; },
     [](const AcceleratorRequest&) { return Text(schema); }, "a schema that this version does not know",
     "write 1, or use a newer runx-accel"},
    list_field<&AcceleratorRequest::board, is_compatible>(
        "board", "not a list of compatible strings",
        "write what the boards' device trees say, one space between two, like xlnx,zynqmp-zcu102"),
    {"target", Who::anybody,
     [](AcceleratorRequest& request, const std::string& value) {
       if (value != "domain" && value != "rpu") return false;
       request.target = value == "rpu" ? Target::rpu : Target::domain;
       return true;
     },
     [](const AcceleratorRequest& request) { return request.target == Target::rpu ? Text("rpu") : Text(); },
     "not a target", "write domain or rpu"},
};

using Fpga = BitstreamRequest;
constexpr Field<Fpga> fpga[] = {
    text_field<&Fpga::file, is_file>("bitstream", no_file, file_remedy),
    text_field<&Fpga::digest, is_digest>("digest", no_digest, digest_remedy),
    any_field<&Fpga::region, is_region>("region", "not a region's name", "write [a-z0-9-]{1,32}, or any"),
    text_field<&Fpga::format, is_format>("format", "not a format", "write bit, bin, boot, pdi or xclbin"),
    flag_field<&Fpga::partial>("partial"),
    text_field<&Fpga::shell, is_identifier>("shell", "not a shell's identifier", "write [A-Za-z0-9._:+-]{1,128}"),
    text_field<&Fpga::overlay, is_file>("overlay", no_file, file_remedy),
    list_field<&Fpga::overlay_nodes, is_reference>("overlay-nodes", no_nodes, nodes_remedy),
    flag_field<&Fpga::encrypted>("encrypted"),
    flag_field<&Fpga::authenticated>("authenticated"),
    list_field<&Fpga::aie, is_columns>("aie", "not a list of partitions",
                                       "write first and last column of each, one space between two, like 0-7 16-23"),
};

constexpr Field<BitstreamVariant> variant[] = {
    text_field<&BitstreamVariant::file, is_file>("bitstream", no_file, file_remedy),
    text_field<&BitstreamVariant::digest, is_digest>("digest", no_digest, digest_remedy),
};

using Rpu = ProcessorRequest;
constexpr Field<Rpu> rpu[] = {
    any_field<&Rpu::processor, is_reference>("processor", "not a processor's name",
                                             "write its name, a node of the device tree, or any"),
    text_field<&Rpu::firmware, is_file>("firmware", no_file, file_remedy),
    text_field<&Rpu::digest, is_digest>("digest", no_digest, digest_remedy),
    text_field<&Rpu::cluster, is_cluster>("cluster", "not a mode of a cluster", "write split or lockstep"),
    list_field<&Rpu::memory, is_reference>("memory", no_nodes, nodes_remedy),
};

using Device = DeviceRequest;
constexpr Field<Device> device[] = {
    text_field<&Device::path, is_clean_path>("path", "not the path of a device tree node",
                                             "write it from the root, like /axi/timer@ff110000"),
    text_field<&Device::alias, is_alias>("alias", "not an alias of a device tree", "write [a-z0-9-]{1,31}"),
    text_field<&Device::label, is_label>("label", "not a label of a device tree", "write [A-Za-z_][A-Za-z0-9_]{0,30}"),
    text_field<&Device::compatible, is_compatible>("compatible", "not a compatible string",
                                                   "write [A-Za-z0-9,._+-]{1,128}"),
    {"required", Who::anybody,
     [](Device& entry, const std::string& value) {
       if (value != "yes" && value != "no") return false;
       entry.required = value == "yes";
       return true;
     },
     [](const Device& entry) { return entry.required ? Text() : Text("no"); }, "neither yes nor no", "write yes or no"},
    {"address", Who::anybody,
     [](Device& entry, const std::string& value) {
       const auto address = parse_address(value);
       if (address) entry.address = address;
       return address.has_value();
     },
     [](const Device& entry) { return entry.address ? Text(base::hex(*entry.address)) : Text(); }, "not an address",
     "write 0x and at most 12 lower-case hexadecimal digits, a multiple of 0x1000"},
};

constexpr Field<DomainRequest> domain[] = {
    {"memory", Who::anybody,
     [](DomainRequest& entry, const std::string& value) {
       entry.memory = parse_size(value);
       return entry.memory.has_value();
     },
     [](const DomainRequest& entry) { return entry.memory ? Text(size_text(*entry.memory)) : Text(); }, "not a size",
     "write a number and a unit, MiB or GiB, like 128MiB (at most 1024GiB)"},
    {"vcpus", Who::anybody,
     [](DomainRequest& entry, const std::string& value) {
       entry.vcpus = parse_number(value, 1, 128);
       return entry.vcpus.has_value();
     },
     [](const DomainRequest& entry) { return entry.vcpus ? Text(std::to_string(*entry.vcpus)) : Text(); },
     "not a number of virtual CPUs", "write a number from 1 to 128"},
    text_field<&DomainRequest::kernel, is_file>("kernel", no_file, file_remedy),
    text_field<&DomainRequest::ramdisk, is_file>("ramdisk", no_file, file_remedy),
    text_field<&DomainRequest::cmdline, is_command_line>(
        "cmdline", "not a kernel's command line", "write at most 1024 printable ASCII characters, no quotes, no \\"),
    {"kind", Who::anybody,
     [](DomainRequest& entry, const std::string& value) {
       if (value != "linux" && value != "kernel-only") return false;
       entry.kernel_only = value == "kernel-only";
       return true;
     },
     [](const DomainRequest& entry) { return entry.kernel_only ? Text("kernel-only") : Text(); },
     "not a kind of domain", "write linux or kernel-only"},
    text_field<&DomainRequest::console, is_console>("console", "not a kind of console", "write pv, vuart or none",
                                                    Who::run_time),
};

template <class Fields>
void add_patterns(std::vector<KeyPattern>& out, std::string_view before, const Fields& fields,
                  std::string_view after = {}) {
  for (const auto& field : fields) {
    out.push_back({std::string(before).append(field.leaf).append(after), field.who, field.names_file});
  }
}

}  // namespace

std::span<const Field<AcceleratorRequest>> top_fields() { return top; }
std::span<const Field<BitstreamRequest>> fpga_fields() { return fpga; }
std::span<const Field<BitstreamVariant>> variant_fields() { return variant; }
std::span<const Field<ProcessorRequest>> rpu_fields() { return rpu; }
std::span<const Field<DeviceRequest>> device_fields() { return device; }
std::span<const Field<DomainRequest>> domain_fields() { return domain; }

const std::vector<KeyPattern>& key_patterns() {
  static const std::vector<KeyPattern> all = [] {
    std::vector<KeyPattern> out;
    add_patterns(out, "", top);
    add_patterns(out, "fpga.NAME.", fpga);
    add_patterns(out, "fpga.NAME.", variant, ".REGION");
    add_patterns(out, "rpu.NAME.", rpu);
    add_patterns(out, "device.NAME.", device);
    add_patterns(out, "domain.", domain);
    return out;
  }();
  return all;
}

const KeyPattern* pattern_of(std::string_view key) {
  const auto parts = key_parts(key);
  // By parts, because the middle ones are the author's.
  const auto is_of = [&](const KeyPattern& known) {
    const auto wanted = key_parts(known.pattern);
    return std::equal(parts.begin(), parts.end(), wanted.begin(), wanted.end(), [](auto part, auto want) {
      return part == want || ((want == "NAME" || want == "REGION") && is_name(part));
    });
  };
  const auto found = std::find_if(key_patterns().begin(), key_patterns().end(), is_of);
  return found == key_patterns().end() ? nullptr : &*found;
}

std::vector<std::string_view> key_parts(std::string_view key) {
  std::vector<std::string_view> out;
  for (;;) {
    const auto dot = key.find('.');
    out.push_back(key.substr(0, dot));
    if (dot == std::string_view::npos) return out;
    key.remove_prefix(dot + 1);
  }
}

std::string nearest_key(std::string_view key) {
  if (key.size() > 256) return {};
  const auto parts = key_parts(key);
  // They go into the message, so only good ones stand for themselves.
  const auto own = [&](std::size_t at, const char* otherwise) {
    return parts.size() > at && is_name(parts[at]) ? std::string(parts[at]) : std::string(otherwise);
  };
  const auto name = own(1, "NAME");
  const auto region = own(3, "REGION");
  std::vector<std::string> known;
  for (const auto& known_key : key_patterns()) {
    auto word = known_key.pattern;
    if (const auto at = word.find("REGION"); at != std::string::npos) word.replace(at, 6, region);
    if (const auto at = word.find("NAME"); at != std::string::npos) word.replace(at, 4, name);
    known.push_back(std::move(word));
  }
  return nearest(key, known);
}

}  // namespace runx::annotations
