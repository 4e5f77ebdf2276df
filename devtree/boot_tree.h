// SPDX-License-Identifier: Apache-2.0
#pragma once

// The tree that Xen is booted with. It says which devices may be given to guests (`xen,passthrough`), and Dom0 keeps it
// as a file, because in the tree that Xen hands to Dom0 the mark is gone, a marked node reads status "disabled" and
// no node has iommus (xen/arch/arm/domain_build.c). A file can be another one than Xen was booted with; check_live()
// finds out.
//
// What stands in a region of the fabric comes and goes after boot, and Dom0 may hand on only what Xen knew at boot. So
// the boot tree declares the addresses and interrupts of each region: one marked node below the root, of which no
// driver knows the compatible string:
//
//   region-window@80000000 {
//     compatible = "runx-accel,region-window"; label = "pr0"; xen,passthrough;
//     reg = <0x0 0x80000000 0x0 0x1000000>; interrupt-parent = <&gic>; interrupts = <0 89 4>;
//   };

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "devtree/address.h"
#include "devtree/blob.h"
#include "devtree/interrupt.h"
#include "devtree/node.h"

namespace runx::devtree {

bool is_marked(const Node& node);

// `host` with xen,passthrough and status "okay" on each of `nodes` (absolute paths), and nothing else changed. A
// node that is already so is fine. Errors: no_such_device, naming the node; file_too_large.
base::Result<Blob> mark_passthrough(const Blob& host, const std::vector<std::string>& nodes);

// What a region of the fabric may have, as the board file says it.
struct RegionSpace {
  std::string name;
  std::string node = {};              // path of its fpga-region; empty: not said
  std::vector<Block> apertures = {};  // whole pages
  std::vector<Spi> interrupts = {};   // trigger 1 (rising edge) or 4 (level high)
};

// The node that declares the region of that name; nothing when the tree has none.
std::optional<Node> declared_window(const Tree& tree, const std::string& region);

// True for the nodes that declare_regions() makes. They are no devices: nobody can be given one.
bool is_window(const Node& node);

// Whether `window`, a node of `tree`, says what the board file says of the region.
bool declares(const Node& window, const Tree& tree, const RegionSpace& region);

// `host` with a node for each region that has apertures or interrupts, and nothing else changed; a region that is
// declared already in the same way is fine. Errors, naming the region and the node: an aperture or interrupt that
// another node or region has, another declaration of the same region, a tree without a GIC or with too small cells.
base::Result<Blob> declare_regions(const Blob& host, const std::vector<RegionSpace>& regions);

// What /chosen tells Xen (xen: docs/misc/arm/device-tree/booting.txt). Nothing said, nothing written.
struct XenBoot {
  std::optional<std::string> xen_arguments = std::nullopt;
  std::optional<std::string> dom0_arguments = std::nullopt;
  // Where the boot loader puts Dom0's files.
  std::optional<Block> kernel = std::nullopt;
  std::optional<Block> ramdisk = std::nullopt;
};
base::Result<Blob> write_chosen(const Blob& host, const XenBoot& boot);

// True for the tree that Xen has made for a domain, Dom0's live one (/sys/firmware/fdt) above all: it has the node
// /hypervisor, compatible "xen,xen" (Linux Documentation/devicetree/bindings/arm/xen.txt). It hides marks and IOMMUs,
// so it is no use where the tree is wanted that Xen was booted with.
bool is_made_by_xen(const Tree& tree);

// What Dom0 sees of a node under /proc/device-tree (or /sys/firmware/devicetree/base).
struct LiveNode {
  bool present = false;
  std::optional<std::string> status = std::nullopt;  // as read: the closing NUL does not matter
};

// Fine when Dom0's view of `node` is what the boot tree makes of it; an error when this cannot be the tree that Xen
// booted. A node that is not marked is always fine: it proves nothing either way.
base::Status check_live(const Node& node, const LiveNode& live);

}  // namespace runx::devtree
