// SPDX-License-Identifier: Apache-2.0
#pragma once

// An overlay for the fabric, in two halves. Tools of the vendor write one for everything that a design brings; here a
// part of it belongs to Dom0 and a part to a guest:
//
//   Dom0's     AFI ports, fabric clocks, fpga-regions, decouplers and shutdown managers, fixed clocks, and what the
//              region's own node is told: an overlay again, to be applied in Dom0
//   guest's    the accelerators: those that are named, or the outermost nodes with registers. They are put into a copy
//              of the boot tree and marked there, so that derive_passthrough() makes the guest's tree of them
//   nobody's   the rest; it is listed
//
// An overlay comes from an image, and asks. So it adds nodes, below the root, a simple-bus or an fpga-region, and
// changes nothing that the boot tree has but the region's own node, in few properties; what is loaded there it never
// says. An accelerator lies within the apertures and interrupts that the board file gives the region and that the boot
// tree declares (boot_tree.h). Dom0's half has kinds and properties of a list, sets no clock or AFI register but the
// region's own, names no bridge but the region's (overlay_grants.h), and has no registers but those that Dom0 has by a
// node of the same kind. Its nodes and clocks are called after the region, for their names are all Dom0's. What is
// against that is a refusal, and all of them are reported at once.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "devtree/blob.h"
#include "devtree/boot_tree.h"
#include "devtree/closure.h"
#include "devtree/report.h"

namespace runx::devtree {

struct OverlayRequest {
  RegionSpace region;                   // that the design stands in
  std::vector<std::string> nodes = {};  // paths or labels; empty: the outermost nodes with registers
  std::string name = "the overlay";     // what errors call it
  // What Dom0's half may set, for it is the region's; all else of these kinds is refused.
  std::map<std::uint32_t, std::uint64_t> clocks = {};  // of PL0 to PL3 (0 to 3): the highest rate in Hz
  std::set<std::uint32_t> afi = {};                    // registers, by the first number of a pair of config-afi
  std::string bridge = {};  // path of the bridge around the region; those that its node names are its own, too
};

struct OverlaySplit {
  Blob dom0;  // without bytes when there is nothing for Dom0, or something is refused
  Blob tree;  // the boot tree with the guest's nodes, marked; the same exception
  std::vector<std::string>
      guest_nodes;  // of `tree`, absolute paths, in the order asked for or of the overlay; may be none
  // Of the guest's nodes: the fabric clocks that Dom0's half sets. What the board file says goes before it.
  ClockRates clock_rates;
  std::vector<Refusal> refused;
  std::vector<Change> left_out;  // of the overlay: nodes and properties that nobody gets
};

// `boot_tree` is the one that Xen was booted with, or the `tree` of another split: a container may have several
// regions. Errors: invalid_argument and others for what is no overlay for this tree (overlay.h).
base::Result<OverlaySplit> split_overlay(const Blob& boot_tree, const Blob& overlay, const OverlayRequest& request);

}  // namespace runx::devtree
