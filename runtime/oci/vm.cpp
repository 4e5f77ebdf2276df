// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/vm.h"

#include <array>
#include <optional>

#include <nlohmann/json.hpp>

#include "annotations/value.h"

namespace runx::oci {
namespace {

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
constexpr std::array<Refused, 1> refused_of_hardware{{
    {"deviceTree",
     "xl trusts a guest's tree as it trusts its configuration, so it is made here, from the tree that Xen was booted "
     "with: remove it"},
}};
constexpr std::size_t most_entries = 256;
constexpr std::uint64_t pages_end = std::uint64_t{1} << 36;  // 48 bits of address
constexpr std::uint32_t first_irq = 32;                      // a GIC's shared interrupts
constexpr std::uint32_t last_irq = 1019;

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

// Nothing where there is no such member; an error where it is no list, or too long a one.
base::Result<const json*> list_of(const json& hardware, const char* key) {
  const auto* list = member(hardware, key);
  if (list != nullptr && (!list->is_array() || list->size() > most_entries))
    return wrong("vm.hwConfig.", key, " is not a list of at most ", most_entries);
  return list;
}

std::optional<std::uint64_t> number(const json& object, const char* key) {
  const auto* value = member(object, key);
  if (value == nullptr || !value->is_number_unsigned()) return std::nullopt;
  return value->get<std::uint64_t>();
}

Status read_iomems(const json& hardware, std::vector<IoMems>& out) {
  const auto list = list_of(hardware, "iomems");
  if (!list) return tl::unexpected(list.error());
  if (*list == nullptr) return {};
  for (const auto& entry : **list) {
    const auto first = entry.is_object() ? number(entry, "firstMFN") : std::nullopt;
    const auto count = entry.is_object() ? number(entry, "nrMFNs") : std::nullopt;
    const auto guest = entry.is_object() ? number(entry, "firstGFN") : std::nullopt;
    const bool strange_guest = entry.is_object() && member(entry, "firstGFN") != nullptr && !guest;
    const auto fits = [&](std::uint64_t page) { return page < pages_end && *count <= pages_end - page; };
    if (!first || !count || *count == 0 || strange_guest || !fits(*first) || !fits(guest.value_or(0))) {
      return wrong(
          "vm.hwConfig.iomems has an entry that is not firstMFN, nrMFNs and, if need be, firstGFN: numbers of "
          "4 KiB pages below 2^36");
    }
    out.push_back({*first, *count, guest});
  }
  return {};
}

Status read_irqs(const json& hardware, std::vector<std::uint32_t>& out) {
  const auto list = list_of(hardware, "irqs");
  if (!list) return tl::unexpected(list.error());
  if (*list == nullptr) return {};
  for (const auto& entry : **list) {
    if (!entry.is_number_unsigned() || entry < first_irq || entry > last_irq) {
      return wrong("vm.hwConfig.irqs has an entry that is not a shared interrupt of the GIC, from ", first_irq, " to ",
                   last_irq, ": the number of the device tree (SPI) and 32");
    }
    out.push_back(entry.get<std::uint32_t>());
  }
  return {};
}

Status read_dtdevs(const json& hardware, std::vector<std::string>& out) {
  const auto list = list_of(hardware, "dtdevs");
  if (!list) return tl::unexpected(list.error());
  if (*list == nullptr) return {};
  for (const auto& entry : **list) {
    auto path = entry.is_string() ? entry.get<std::string>() : std::string();
    if (!path.empty() && path[0] != '/') path.insert(0, 1, '/');
    if (!annotations::is_clean_path(path)) return wrong("vm.hwConfig.dtdevs has an entry that is not a node's path");
    out.push_back(std::move(path));
  }
  return {};
}

}  // namespace

base::Result<VmSection> read_vm(const json& config) {
  VmSection out;
  const auto* vm = member(config, "vm");
  if (vm == nullptr) return out;
  if (!vm->is_object()) return wrong("vm is not an object");
  if (auto done = refuse(*vm, "vm", refused_of_vm); !done) return tl::unexpected(done.error());
  const auto* hardware = member(*vm, "hwConfig");
  if (hardware == nullptr) return out;
  if (!hardware->is_object()) return wrong("vm.hwConfig is not an object");
  if (auto done = refuse(*hardware, "vm.hwConfig", refused_of_hardware); !done) return tl::unexpected(done.error());
  if (const auto* vcpus = member(*hardware, "vcpus")) {
    if (!vcpus->is_number_unsigned() || *vcpus < 1U || *vcpus > 128U)
      return wrong("vm.hwConfig.vcpus is not a number from 1 to 128");
    out.vcpus = vcpus->get<unsigned>();
  }
  if (const auto* memory = member(*hardware, "memory")) {
    const auto bytes = memory->is_number_unsigned() ? memory->get<std::uint64_t>() : 0;
    if (bytes == 0 || bytes % mebibyte != 0 || bytes > mebibyte << 20)
      return wrong("vm.hwConfig.memory is not a number of bytes from 1 MiB to 1 TiB, in whole MiB");
    out.memory = bytes;
  }
  for (const auto& done : {read_iomems(*hardware, out.hardware.iomems), read_irqs(*hardware, out.hardware.irqs),
                           read_dtdevs(*hardware, out.hardware.dtdevs)}) {
    if (!done) return tl::unexpected(done.error());
  }
  return out;
}

}  // namespace runx::oci
