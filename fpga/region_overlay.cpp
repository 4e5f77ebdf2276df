// SPDX-License-Identifier: Apache-2.0
#include "fpga/region_overlay.h"

#include <optional>
#include <string_view>
#include <vector>

#include "fpga/overlay.h"
#include "fpga/region_blob.h"

namespace runx::fpga {
namespace {

using base::Error;
using base::Host;
using base::Result;
using base::Status;

constexpr const char* live_tree = "/proc/device-tree";
constexpr const char* regions = "/sys/class/fpga_region";
constexpr const char* bridges = "/sys/class/fpga_bridge";
constexpr std::size_t phandle_size = 4;

std::string blob_file(const RegionLoad& load) { return load.firmware + ".dtbo"; }

Status check_names(const RegionLoad& load) {
  if (auto fine = check_node_path(load.node); !fine) return fine;
  if (auto fine = load.bridge.empty() ? Status() : check_node_path(load.bridge); !fine) return fine;
  if (auto fine = check_overlay_name(load.overlay); !fine) return fine;
  return check_firmware_name(blob_file(load));
}

// The text of a property in the live tree; nothing when there is none.
Result<std::optional<std::string>> live_property(Host& host, const std::string& node, const char* property) {
  auto value = host.read(base::text(live_tree, node, "/", property), 4096);
  if (!value && (value.error().code == std::errc::no_such_file_or_directory ||
                 value.error().code == std::errc::not_a_directory)) {
    return std::optional<std::string>();
  }
  if (!value) return tl::unexpected(value.error());
  return std::optional(std::move(*value));
}

Status check_is_region(Host& host, const std::string& node) {
  const auto compatible = live_property(host, node, "compatible");
  if (!compatible) return tl::unexpected(compatible.error());
  if (!*compatible) {
    return base::fail(std::errc::no_such_device, "the running kernel's device tree has no node ", node, " (", live_tree,
                      "), or it has no 'compatible'");
  }
  if (('\0' + **compatible).find(std::string("\0fpga-region\0", 13)) == std::string::npos) {
    return base::fail(std::errc::no_such_device, "the node ", node,
                      " is no region: its 'compatible' lacks fpga-region");
  }
  return {};
}

Status check_has_driver(Host& host, const std::string& node) {
  const auto entries = host.list(regions);
  if (!entries && entries.error().code != std::errc::no_such_file_or_directory) return tl::unexpected(entries.error());
  for (const auto& entry : entries.value_or(std::vector<std::string>{})) {
    const auto uevent = host.read(base::text(regions, "/", entry, "/uevent"), 65536);
    if (!uevent && uevent.error().code == std::errc::no_such_file_or_directory) continue;
    if (!uevent) return tl::unexpected(uevent.error());
    if (("\n" + *uevent).find("\nOF_FULLNAME=" + node + "\n") != std::string::npos) return {};
  }
  return base::fail(std::errc::no_such_device, "no driver has taken the region ", node, ": nothing in ", regions,
                    " is it; an overlay would be applied and program nothing. Is the kernel's CONFIG_OF_FPGA_REGION "
                    "there, the node enabled and its manager too?");
}

// The region, or the first above it that says, names its manager by phandle.
Status check_has_manager(Host& host, const Manager& manager, const std::string& node) {
  const auto own = host.read(manager.path + "/of_node/phandle", 64);
  if (!own) return tl::unexpected(own.error());
  for (auto at = node; !at.empty(); at.resize(at.rfind('/'))) {
    const auto named = live_property(host, at, "fpga-mgr");
    if (!named) return tl::unexpected(named.error());
    if (!*named) continue;
    if (**named == *own) return {};
    return base::fail(std::errc::no_such_device, "the region ", node, " is programmed through another manager than '",
                      manager.name, "'");
  }
  return base::fail(std::errc::no_such_device, "the region ", node, " names no manager ('fpga-mgr')");
}

// The bridges around a region. `fpga-bridges` is a list of phandles.
struct Bridges {
  std::string own = {};                   // value that the region's node has
  std::string added = {};                 // value that the overlay is to have
  std::vector<std::string> devices = {};  // in sysfs
};

bool has_phandle(std::string_view phandles, std::string_view phandle) {
  for (; phandles.size() >= phandle_size; phandles.remove_prefix(phandle_size)) {
    if (phandles.substr(0, phandle_size) == phandle) return true;
  }
  return false;
}

Result<Bridges> bridges_of(Host& host, const std::string& node, const std::string& bridge) {
  auto own = live_property(host, node, "fpga-bridges");
  if (!own) return tl::unexpected(own.error());
  if (bridge.empty()) return Bridges{std::move(*own).value_or("")};
  auto phandle = live_property(host, bridge, "phandle");
  if (!phandle) return tl::unexpected(phandle.error());
  if (!*phandle) {
    return base::fail(std::errc::no_such_device, "the running kernel's device tree has no bridge ", bridge,
                      ", or it has no phandle");
  }
  if (!*own) return Bridges{"", std::move(**phandle)};
  if (has_phandle(**own, **phandle)) return Bridges{std::move(**own)};
  return base::fail(std::errc::no_such_device, "the region ", node, " has bridges, and ", bridge, " is none of them");
}

// Those with the phandles; no_such_device where one has no driver, which the kernel would not mind.
Result<std::vector<std::string>> bridge_devices(Host& host, const std::string& node, std::string_view phandles) {
  std::vector<std::string> devices;
  std::string taken;
  const auto entries = host.list(bridges);
  if (!entries && entries.error().code != std::errc::no_such_file_or_directory) return tl::unexpected(entries.error());
  for (const auto& entry : entries.value_or(std::vector<std::string>{})) {
    auto path = base::text(bridges, "/", entry);
    const auto phandle = host.read(path + "/of_node/phandle", 64);
    if (!phandle && phandle.error().code == std::errc::no_such_file_or_directory) continue;
    if (!phandle) return tl::unexpected(phandle.error());
    if (!has_phandle(phandles, *phandle)) continue;
    taken += *phandle;
    devices.push_back(std::move(path));
  }
  for (; phandles.size() >= phandle_size; phandles.remove_prefix(phandle_size)) {
    if (has_phandle(taken, phandles.substr(0, phandle_size))) continue;
    return base::fail(std::errc::no_such_device, "no driver has taken the bridge of the region ", node,
                      " with phandle ", base::hex(base::be32(base::bytes_of(phandles), 0)), ": nothing in ", bridges,
                      " is it, and the kernel would program behind its back");
  }
  return devices;
}

Status check_bridges_on(Host& host, const std::vector<std::string>& devices) {
  for (const auto& device : devices) {
    const auto state = host.read(device + "/state", 4096);
    if (!state) return tl::unexpected(state.error());
    if (*state == "enabled\n") continue;
    return base::fail(std::errc::io_error, "the overlay is applied, but the bridge ", device, " is not enabled");
  }
  return {};
}

Status check_is_free(Host& host, const std::string& node) {
  for (const char* property : {"firmware-name", "external-fpga-config"}) {
    auto value = live_property(host, node, property);
    if (!value) return tl::unexpected(value.error());
    if (!*value) continue;
    while (!(*value)->empty() && (*value)->back() == '\0') (*value)->pop_back();
    return base::fail(std::errc::device_or_resource_busy, "the region ", node, " has an overlay already (", property,
                      (*value)->empty() ? "" : " " + **value, "): whoever applied it removes it first");
  }
  return {};
}

// The overlay and its file, whatever there is of them.
Status take_away(Host& host, const RegionLoad& load) {
  if (auto removed = remove_overlay(host, load.overlay); !removed) return removed;
  const auto file = firmware_path(blob_file(load));
  if (auto removed = host.remove_temporaries(file); !removed) return removed;
  if (auto removed = host.remove(file); !removed) return removed;
  const auto left = live_property(host, load.node, "firmware-name");
  if (!left) return tl::unexpected(left.error());
  if (!*left || **left != load.firmware + '\0') return {};
  return base::fail(std::errc::device_or_resource_busy, "the kernel keeps the overlay ", load.overlay,
                    ": its directory is gone, but the region ", load.node, " still has firmware-name ", load.firmware,
                    "; the kernel's log says why, and only a boot frees the region");
}

// Everything that check_region() promises. What is found about the bridges is for apply().
Result<Bridges> look_at(Host& host, const Manager& manager, const std::string& node, const std::string& bridge) {
  if (const auto place = find_overlays(host); !place) return tl::unexpected(place.error());
  if (auto fine = check_is_region(host, node); !fine) return tl::unexpected(fine.error());
  if (auto fine = check_has_driver(host, node); !fine) return tl::unexpected(fine.error());
  if (auto fine = check_has_manager(host, manager, node); !fine) return tl::unexpected(fine.error());
  auto around = bridges_of(host, node, bridge);
  if (!around) return around;
  auto devices = bridge_devices(host, node, around->own + around->added);
  if (!devices) return tl::unexpected(devices.error());
  around->devices = std::move(*devices);
  if (auto fine = check_is_free(host, node); !fine) return tl::unexpected(fine.error());
  return around;
}

Status apply(Host& host, const Manager& manager, const RegionLoad& load, Flags flags, const Bridges& around,
             base::Bytes dom0_half) {
  const auto blob = region_overlay(load.node, load.firmware, flags, base::bytes_of(around.added), dom0_half);
  if (!blob) return tl::unexpected(blob.error());
  if (auto written = host.write(firmware_path(blob_file(load)), *blob); !written) return written;
  if (auto set = set_flags(host, manager, flags); !set) return set;
  if (auto applied = apply_overlay(host, load.overlay, blob_file(load)); !applied) return applied;
  const auto live = live_property(host, load.node, "firmware-name");
  if (!live) return tl::unexpected(live.error());
  if (!*live || **live != load.firmware + '\0') {
    return base::fail(std::errc::io_error, "the overlay is applied, but the node does not show its firmware-name");
  }
  const auto state = host.read(manager.path + "/state", 4096);
  if (!state) return tl::unexpected(state.error());
  if (*state != "operating\n") {
    return base::fail(std::errc::io_error, "the overlay is applied, but the device is not operating");
  }
  if (auto on = check_bridges_on(host, around.devices); !on) return on;
  // The kernel has read it.
  return host.remove(firmware_path(blob_file(load)));
}

}  // namespace

Status check_region(Host& host, const Manager& manager, const std::string& node, const std::string& bridge) {
  for (const auto& path : {node, bridge.empty() ? node : bridge}) {
    if (auto fine = check_node_path(path); !fine) return fine;
  }
  const auto around = look_at(host, manager, node, bridge);
  if (!around) return tl::unexpected(around.error());
  return {};
}

Status program_region(Host& host, const Manager& manager, const RegionLoad& load, Flags flags, base::Bytes dom0_half) {
  if (auto fine = check_names(load); !fine) return fine;
  return load_alone(host, manager, flags, load.firmware, [&]() -> Status {
    if (auto gone = take_away(host, load); !gone) return gone;
    const auto around = look_at(host, manager, load.node, load.bridge);
    if (!around) return tl::unexpected(around.error());
    auto done = apply(host, manager, load, flags, *around, dom0_half);
    if (done) return done;
    Error error = done.error();
    error.what = base::text("region ", load.node, " was not programmed with ", firmware_path(load.firmware), " (flags ",
                            base::hex(flags), "): ", error.what, "; ", condition(host, manager));
    if (auto gone = take_away(host, load); !gone) error.what += "; and it is not undone: " + gone.error().what;
    return tl::unexpected(std::move(error));
  });
}

Status release_region(Host& host, const RegionLoad& load) {
  if (auto fine = check_names(load); !fine) return fine;
  const auto locked = lock_managers(host);
  if (!locked) return tl::unexpected(locked.error());
  return take_away(host, load);
}

}  // namespace runx::fpga
