// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/vm.h"

#include <array>
#include <optional>

#include <nlohmann/json.hpp>

#include "annotations/value.h"

namespace runx::oci {
namespace {

using annotations::Annotations;
using base::Status;
using nlohmann::json;

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

struct Refused {
  const char* name;
  const char* why;
};
constexpr std::array<Refused, 3> refused_of_vm{{
    {"hypervisor", "the hypervisor is the one that this machine runs: remove it"},
    {"kernel", "the guest's kernel is the board file's: set guest.kernel there"},
    {"image", "the root file system is root.path: remove it"},
}};
constexpr std::array<Refused, 4> refused_of_hardware{{
    {"deviceTree", "devices are asked for by annotation (spec/annotations.md): remove it"},
    {"dtdevs", "devices are asked for by annotation (spec/annotations.md): remove it"},
    {"iomems", "devices are asked for by annotation (spec/annotations.md): remove it"},
    {"irqs", "devices are asked for by annotation (spec/annotations.md): remove it"},
}};

template <class... Parts>
auto wrong(const Parts&... parts) {
  return base::fail(std::errc::invalid_argument, "config.json: ", parts...);
}

const json* member(const json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

template <class List>
Status refuse(const json& object, const std::string& name, const List& list) {
  for (const auto& [key, why] : list) {
    const auto* value = member(object, key);
    if (value == nullptr || value->empty() || *value == "") continue;
    return wrong(name, ".", key, " is set, but ", why);
  }
  return {};
}

}  // namespace

base::Result<Annotations> read_vm(const json& config) {
  Annotations out;
  const auto* vm = member(config, "vm");
  if (vm == nullptr) return out;
  if (!vm->is_object()) return wrong("vm is not an object");
  if (auto done = refuse(*vm, "vm", refused_of_vm); !done) return tl::unexpected(done.error());
  const auto* hardware = member(*vm, "hwConfig");
  if (hardware == nullptr) return out;
  if (!hardware->is_object()) return wrong("vm.hwConfig is not an object");
  if (auto done = refuse(*hardware, "vm.hwConfig", refused_of_hardware); !done) return tl::unexpected(done.error());
  const std::string p(annotations::prefix);
  if (const auto* vcpus = member(*hardware, "vcpus")) {
    if (!vcpus->is_number_unsigned() || *vcpus < 1U || *vcpus > 128U)
      return wrong("vm.hwConfig.vcpus is not a number from 1 to 128");
    out[p + "domain.vcpus"] = std::to_string(vcpus->get<std::uint64_t>());
  }
  if (const auto* memory = member(*hardware, "memory")) {
    const auto bytes = memory->is_number_unsigned() ? memory->get<std::uint64_t>() : 0;
    if (bytes == 0 || bytes % mebibyte != 0 || bytes > mebibyte << 20)
      return wrong("vm.hwConfig.memory is not a number of bytes from 1 MiB to 1 TiB, in whole MiB");
    out[p + "domain.memory"] = annotations::size_text(bytes);
  }
  return out;
}

}  // namespace runx::oci
