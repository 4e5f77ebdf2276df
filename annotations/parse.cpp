// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "annotations/alias.h"
#include "annotations/keys.h"
#include "annotations/request.h"
#include "annotations/value.h"

namespace runx::annotations {
namespace {

constexpr std::size_t longest_value = 4096;
constexpr std::size_t most_names = 32;  // of one area: far more than any board has regions

class Parser {
 public:
  explicit Parser(const Annotations& given) {
    const auto annotations = without_aliases(given);
    for (const auto& [key, value] : annotations) {
      if (is_alias_key(key)) {
        take_alias(key, value);
      } else if (key.starts_with(prefix)) {
        take(key, value);
      }
    }
    require();
  }

  Parsed result() && { return std::move(parsed_); }

 private:
  void complain(std::string_view key, std::string_view value, std::string reason, std::string remedy) {
    parsed_.complaints.push_back({printable(key, 256), printable(value), std::move(reason), std::move(remedy)});
  }

  void take(const std::string& key, const std::string& value) {
    if (value.size() > longest_value) return complain(key, value, "longer than 4096 bytes", "shorten it");
    auto& request = parsed_.request;
    const auto parts = key_parts(std::string_view(key).substr(prefix.size()));
    if (parts.size() == 1) return read(request, top_fields(), key, parts[0], value);
    if (parts[0] == "domain" && parts.size() == 2) return read(request.domain, domain_fields(), key, parts[1], value);
    if (parts[0] == "fpga" && parts.size() == 4 && find_field(variant_fields(), parts[2]) != nullptr)
      return take_variant(key, parts, value);
    if (parts[0] == "fpga") return take_named(request.bitstreams, fpga_fields(), key, parts, value);
    if (parts[0] == "rpu") return take_named(request.processors, rpu_fields(), key, parts, value);
    if (parts[0] == "device") return take_named(request.devices, device_fields(), key, parts, value);
    unknown(key, value);
  }

  template <class Entry>
  void read(Entry& entry, std::span<const Field<Entry>> fields, const std::string& key, std::string_view leaf,
            const std::string& value) {
    const auto* field = find_field(fields, leaf);
    if (field == nullptr) return unknown(key, value);
    if (!field->read(entry, value)) complain(key, value, field->reason, field->remedy);
  }

  // AREA.NAME.LEAF; a name with dots in it is a wrong name, and none at all is another key.
  template <class Entry>
  void take_named(std::vector<Entry>& entries, std::span<const Field<Entry>> fields, const std::string& key,
                  const std::vector<std::string_view>& parts, const std::string& value) {
    if (parts.size() < 3 || (parts.size() == 3 && parts[1].empty()) || find_field(fields, parts.back()) == nullptr)
      return unknown(key, value);
    if (auto* entry = named(entries, key, parts.size() == 3 ? parts[1] : std::string_view(), value))
      read(*entry, fields, key, parts.back(), value);
  }

  void take_variant(const std::string& key, const std::vector<std::string_view>& parts, const std::string& value) {
    if (!is_name(parts[3]) || parts[3] == "any") {
      return complain(key, value, "the region in the key is not [a-z0-9-]{1,32}, or it is any", "rename it");
    }
    auto* entry = named(parsed_.request.bitstreams, key, parts[1], value);
    if (entry == nullptr) return;
    const std::string region(parts[3]);
    if (!entry->variants.contains(region) && entry->variants.size() == most_names)
      return complain(key, value, "more than 32 names of this kind", "ask for fewer");
    read(entry->variants[region], variant_fields(), key, parts[2], value);
  }

  template <class Entry>
  Entry* named(std::vector<Entry>& entries, const std::string& key, std::string_view name, std::string_view value) {
    if (!is_name(name)) {
      complain(key, value, "the name in the key is not [a-z0-9-]{1,32}", "rename it");
      return nullptr;
    }
    const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.name == name; });
    if (found != entries.end()) return &*found;
    if (entries.size() == most_names) {
      complain(key, value, "more than 32 names of this kind", "ask for fewer");
      return nullptr;
    }
    Entry entry{};
    entry.name = name;
    entries.push_back(std::move(entry));
    return &entries.back();
  }

  void unknown(const std::string& key, const std::string& value) {
    const auto near = nearest_key(std::string_view(key).substr(prefix.size()));
    complain(key, value, "not a key of schema 1",
             near.empty() ? "remove it, or see spec/annotations.md for the keys"
                          : "did you mean " + std::string(prefix) + near + "?");
  }

  // What is left of the aliases could not be replaced.
  void take_alias(const std::string& key, const std::string& value) {
    if (expand_alias(key, value)) {
      complain(key, value, "not what the keys say that it is an alias of", "remove the one that is wrong");
    } else if (key == remoteproc_alias) {
      complain(key, value, "not a processor's name", "write its name, or a node of the device tree");
    } else {
      complain(key, value, "not RESOURCE=DEVICE_DATA",
               "write a region and a file of the image, like pr0=/boot/aes.bit");
    }
  }

  // A name is asked for by any of its keys; these make it complete.
  void require() {
    for (const auto& entry : parsed_.request.bitstreams) require_bitstream(entry);
    for (const auto& entry : parsed_.request.processors) {
      if (!entry.firmware && parsed_.request.target == Target::domain)
        missing("rpu." + entry.name + ".firmware", "name the firmware's file in the image");
    }
    for (const auto& entry : parsed_.request.devices) require_device(entry);
    require_whole();
    same_twice();
    by_name(parsed_.request.bitstreams);
    by_name(parsed_.request.processors);
    by_name(parsed_.request.devices);
  }

  void missing(const std::string& key, const char* remedy) {
    if (!complained(key)) complain(std::string(prefix) + key, "", "missing", remedy);
  }

  void require_bitstream(const BitstreamRequest& entry) {
    constexpr const char* remedy = "name the bitstream's file in the image";
    const auto key = "fpga." + entry.name;
    for (const auto& [region, variant] : entry.variants) {
      if (variant.file.empty()) missing(key + ".bitstream." + region, remedy);
    }
    // A digest without a region is of the file without one.
    if (entry.file.empty() && (entry.variants.empty() || entry.digest)) missing(key + ".bitstream", remedy);
    if (!entry.overlay && !entry.overlay_nodes.empty())
      missing(key + ".overlay", "name the overlay that the nodes are of");
    if (!entry.aie.empty() && entry.format && *entry.format != "pdi" && *entry.format != "xclbin") {
      complain(std::string(prefix) + key + ".aie", "", "only a pdi or an xclbin reaches the AI engines",
               "remove it, or the format");
    }
  }

  void require_device(const DeviceRequest& entry) {
    const std::string* first = nullptr;
    for (const auto& [leaf, value] : names_of(entry)) {
      if (value->empty()) continue;
      if (first != nullptr) {
        complain(std::string(prefix) + "device." + entry.name + "." + leaf, *value, "the node is named already",
                 "keep one of path, alias, label and compatible");
      }
      first = value;
    }
    if (first != nullptr) return;
    const auto key = "device." + entry.name + ".";
    if (complained(key + "alias") || complained(key + "label") || complained(key + "compatible")) return;
    missing(key + "path", "name the device's node");
  }

  struct Named {
    const char* leaf;
    const std::string* value;
  };
  static std::array<Named, 4> names_of(const DeviceRequest& entry) {
    return {
        {{"path", &entry.path}, {"alias", &entry.alias}, {"label", &entry.label}, {"compatible", &entry.compatible}}};
  }

  void require_whole() {
    const auto& request = parsed_.request;
    if (!request.domain.kernel && (request.domain.ramdisk || request.domain.kernel_only))
      missing("domain.kernel", "name the kernel's file in the image");
    if (request.target == Target::rpu && request.processors.size() != 1) {
      complain(std::string(prefix) + "target", "rpu", "a container that is a firmware has exactly one rpu.NAME",
               "ask for one processor");
    }
  }

  // The keys' order is not the names': "a-b." stands before "a.".
  template <class Entry>
  static void by_name(std::vector<Entry>& entries) {
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
  }

  bool complained(const std::string& key) const {
    const auto whole = std::string(prefix) + key;
    return std::any_of(parsed_.complaints.begin(), parsed_.complaints.end(),
                       [&](const Complaint& c) { return c.key == whole; });
  }

  void same_twice() {
    const auto& bitstreams = parsed_.request.bitstreams;
    for (std::size_t i = 0; i < bitstreams.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (bitstreams[i].region && bitstreams[i].region == bitstreams[j].region) {
          complain(std::string(prefix) + "fpga." + bitstreams[i].name + ".region", *bitstreams[i].region,
                   "the region that fpga." + bitstreams[j].name + " asks for too", "ask for another region");
        }
      }
    }
    const auto& processors = parsed_.request.processors;
    for (std::size_t i = 0; i < processors.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (processors[i].processor && processors[i].processor == processors[j].processor) {
          complain(std::string(prefix) + "rpu." + processors[i].name + ".processor", *processors[i].processor,
                   "the processor that rpu." + processors[j].name + " asks for too", "ask for another processor");
        }
      }
    }
    const auto& devices = parsed_.request.devices;
    for (std::size_t i = 0; i < devices.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) same_node(devices[i], devices[j]);
    }
  }

  void same_node(const DeviceRequest& device, const DeviceRequest& other) {
    const auto mine = names_of(device);
    const auto theirs = names_of(other);
    for (std::size_t at = 0; at < theirs.size(); ++at) {
      const auto& [leaf, value] = mine[at];
      if (value->empty() || *value != *theirs[at].value) continue;
      complain(std::string(prefix) + "device." + device.name + "." + leaf, *value,
               "the node that device." + other.name + " asks for too", "remove one of them");
    }
  }

  Parsed parsed_;
};

}  // namespace

std::string sentence(const Complaint& complaint) {
  std::string out = complaint.key;
  if (!complaint.value.empty()) out += " = \"" + complaint.value + "\"";
  return out + ": " + complaint.reason + ": " + complaint.remedy;
}

Parsed parse(const Annotations& annotations) { return Parser(annotations).result(); }

}  // namespace runx::annotations
