// SPDX-License-Identifier: Apache-2.0
// device.NAME.KEY
#include <array>

#include "annotations/area.h"
#include "base/result.h"

namespace runx::annotations {
namespace {

using Device = DeviceRequest;

// One of the four ways to say which node it is.
template <auto member, bool (*valid)(std::string_view)>
constexpr Field<Device> node_field(std::string_view leaf, const char* reason, const char* remedy) {
  auto out = text_field<member, valid>(leaf, reason, remedy);
  out.identifies = true;
  return out;
}

constexpr Field<Device> fields[] = {
    node_field<&Device::path, is_clean_path>("path", "not the path of a device tree node",
                                             "write it from the root, like /axi/timer@ff110000"),
    node_field<&Device::alias, is_alias>("alias", "not an alias of a device tree", "write [a-z0-9-]{1,31}"),
    node_field<&Device::label, is_label>("label", "not a label of a device tree", "write [A-Za-z_][A-Za-z0-9_]{0,30}"),
    node_field<&Device::compatible, is_compatible>("compatible", "not a compatible string",
                                                   "write [A-Za-z0-9,._+-]{1,128}"),
    {"required",
     [](Device& entry, const std::string& value) {
       if (value != "yes" && value != "no") return false;
       entry.required = value == "yes";
       return true;
     },
     [](const Device& entry) { return entry.required ? FieldText() : FieldText("no"); }, "neither yes nor no",
     "write yes or no"},
    {"address",
     [](Device& entry, const std::string& value) {
       const auto address = parse_address(value);
       if (address) entry.address = address;
       return address.has_value();
     },
     [](const Device& entry) { return entry.address ? FieldText(base::hex(*entry.address)) : FieldText(); },
     "not an address", "write 0x and at most 12 lower-case hexadecimal digits, a multiple of 0x1000"},
};

struct Named {
  const char* leaf;
  const std::string* value;
};
std::array<Named, 4> names_of(const Device& entry) {
  return {{{"path", &entry.path}, {"alias", &entry.alias}, {"label", &entry.label}, {"compatible", &entry.compatible}}};
}

void check_entry(const Device& entry, Complaints& complaints) {
  const std::string* first = nullptr;
  for (const auto& [leaf, value] : names_of(entry)) {
    if (value->empty()) continue;
    if (first != nullptr) {
      complaints.add(std::string(prefix) + "device." + entry.name + "." + leaf, *value, "the node is named already",
                     "keep one of path, alias, label and compatible");
    }
    first = value;
  }
  if (first != nullptr) return;
  const auto key = "device." + entry.name + ".";
  if (complaints.has(key + "alias") || complaints.has(key + "label") || complaints.has(key + "compatible")) return;
  complaints.missing(key + "path", "name the device's node");
}

void same_node(const Device& device, const Device& other, Complaints& complaints) {
  const auto mine = names_of(device);
  const auto theirs = names_of(other);
  for (std::size_t at = 0; at < theirs.size(); ++at) {
    const auto& [leaf, value] = mine[at];
    if (value->empty() || *value != *theirs[at].value) continue;
    complaints.add(std::string(prefix) + "device." + device.name + "." + leaf, *value,
                   "the node that device." + other.name + " asks for too", "remove one of them");
  }
}

void check(const AcceleratorRequest& request, Complaints& complaints) {
  const auto& entries = request.devices;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    check_entry(entries[i], complaints);
    for (std::size_t j = 0; j < i; ++j) same_node(entries[i], entries[j], complaints);
  }
}

}  // namespace

constinit const Area device_area = named_area<&AcceleratorRequest::devices, fields, check>("device");

}  // namespace runx::annotations
