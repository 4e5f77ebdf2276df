// SPDX-License-Identifier: Apache-2.0
// domain.KEY
#include "annotations/area.h"

namespace runx::annotations {
namespace {

using Domain = DomainRequest;

bool is_console(std::string_view text) { return text == "pv" || text == "vuart" || text == "none"; }

constexpr Field<Domain> console_field() {
  auto out = text_field<&Domain::console, is_console>("console", "not a kind of console", "write pv, vuart or none");
  out.who = Who::run_time;
  return out;
}

constexpr Field<Domain> fields[] = {
    {"memory",
     [](Domain& entry, const std::string& value) {
       entry.memory = parse_size(value);
       return entry.memory.has_value();
     },
     [](const Domain& entry) { return entry.memory ? FieldText(size_text(*entry.memory)) : FieldText(); }, "not a size",
     "write a number and a unit, MiB or GiB, like 128MiB (at most 1024GiB)"},
    {"vcpus",
     [](Domain& entry, const std::string& value) {
       entry.vcpus = parse_number(value, 1, 128);
       return entry.vcpus.has_value();
     },
     [](const Domain& entry) { return entry.vcpus ? FieldText(std::to_string(*entry.vcpus)) : FieldText(); },
     "not a number of virtual CPUs", "write a number from 1 to 128"},
    file_field<&Domain::kernel>("kernel"),
    file_field<&Domain::ramdisk>("ramdisk"),
    text_field<&Domain::cmdline, is_command_line>("cmdline", "not a kernel's command line",
                                                  "write at most 1024 printable ASCII characters, no quotes, no \\"),
    {"kind",
     [](Domain& entry, const std::string& value) {
       if (value != "linux" && value != "kernel-only") return false;
       entry.kernel_only = value == "kernel-only";
       return true;
     },
     [](const Domain& entry) { return entry.kernel_only ? FieldText("kernel-only") : FieldText(); },
     "not a kind of domain", "write linux or kernel-only"},
    console_field(),
};

void read(AcceleratorRequest& request, const Given& given, Complaints& complaints) {
  const auto* field = given.parts.size() == 2 ? find_field(fields, given.parts[1]) : nullptr;
  if (field == nullptr) return complaints.unknown(given);
  read_field(*field, request.domain, given, complaints);
}

void require(AcceleratorRequest& request, Complaints& complaints) {
  const auto& domain = request.domain;
  if (!domain.kernel && (domain.ramdisk || domain.kernel_only))
    complaints.missing("domain.kernel", "name the kernel's file in the image");
}

}  // namespace

constinit const Area domain_area{
    "domain", [](const Area&, std::vector<KeyPattern>& out) { list_fields(fields, "domain.", "", out); }, read,
    [](const Area&, const AcceleratorRequest& request, Annotations& out) {
      write_fields(fields, request.domain, std::string(prefix) + "domain.", "", out);
    },
    require};

}  // namespace runx::annotations
