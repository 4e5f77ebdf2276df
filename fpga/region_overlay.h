// SPDX-License-Identifier: Apache-2.0
#pragma once

// Programs a region that has a node in the device tree (`fpga-region`), the way the kernel means it: an overlay puts
// `firmware-name` into the region's node, and of-fpga-region, seeing it, turns the region's bridges off (decouplers,
// AXI shutdown managers: whatever `fpga-bridges` names), loads the file through the region's manager, and turns them
// on again. Nothing on the bus can hang meanwhile, which the manager alone (manager.h) does not promise. Where a
// region has no node, the manager it is.
//
//   check_region(host, manager, "/fpga-region")                  can it be done here?
//   program_region(host, manager, load, flag_partial)            all of it, or nothing
//   release_region(host, load)                                   idempotent, also after a crash anywhere in the above
//
// The surprises, and what is done about them (drivers/fpga/of-fpga-region.c and the facts in overlay.h):
// - a bridge that no driver has taken is left on without a word, and so is one that nobody names. So every bridge of
//   the region must be in /sys/class/fpga_bridge, and reads `enabled` afterwards. Where the region's node names none,
//   the overlay names the one that the board file knows.
// - an overlay for a node that no region's driver has taken is applied and nothing is programmed. So the driver is
//   looked for (/sys/class/fpga_region/*/uevent), and the manager's state must read `operating` afterwards.
// - a region has one overlay. The second one is refused, and *undoing* the refused one turns the bridges of the first
//   off and lets the kernel forget it. So a region that shows a `firmware-name` is not touched.
// - one overlay with two fragments for one region is such a second one. What is to appear below the region goes into
//   the same fragment as `firmware-name`.
// - the vendor's manager takes its own `flags` in place of the overlay's `partial-fpga-config`. Both are set.
// - removing the overlay turns the bridges off and leaves the fabric as it is.
// - rmdir does not say when the kernel keeps the overlay; the region's node, still showing our `firmware-name`, does.
//   Only a boot helps then, and the region is not free until that.

#include <string>

#include "base/bytes.h"
#include "base/host.h"
#include "base/result.h"
#include "fpga/manager.h"

namespace runx::fpga {

// What is needed to undo; names are chosen by the caller, deterministic and unique on the machine.
struct RegionLoad {
  std::string node;         // of the region in the live tree: "/fpga-region"
  std::string firmware;     // the bitstream's file below /lib/firmware: the caller writes and removes it. Beside it the
                            // overlay stands for a moment, as `firmware`.dtbo
  std::string overlay;      // the overlay's directory: see apply_overlay()
  std::string bridge = {};  // node of the bridge around the region; empty: only those that the region's node names.
                            // Undoing does not need it
};

// Whether the region at `node` can be programmed by an overlay, and is free to be. Errors:
// - function_not_supported: there is no configfs of overlays
// - no_such_device: the live tree has no such node, it is no region, no driver has taken it or one of its bridges, its
//   bridges are others than `bridge`, or the manager that it is programmed through is not `manager`
// - device_or_resource_busy: it has an overlay, and the sentence says with which file
base::Status check_region(base::Host& host, const Manager& manager, const std::string& node,
                          const std::string& bridge = {});

// Removes what a killed predecessor of the same names has left, checks, writes the overlay's file, applies, reads
// back, and removes the file. What fails is undone, and where that fails too the sentence says so: release_region()
// tries again. Errors: those of check_region(), and what the kernel says, with the manager's state and status.
base::Status program_region(base::Host& host, const Manager& manager, const RegionLoad& load, Flags flags,
                            base::Bytes dom0_half = {});

// Gives the region back: the bridges are off then and the fabric keeps the design. Waits for a load that is going on,
// for a killed process is in the kernel until its load has ended. `flags` are not touched: reset_flags() does that.
// device_or_resource_busy when the overlay is still in the live tree.
base::Status release_region(base::Host& host, const RegionLoad& load);

}  // namespace runx::fpga
