// SPDX-License-Identifier: Apache-2.0
#pragma once

// From nodes of the host's tree to everything that xl needs to give them to a guest: the partial device tree
// (`device_tree=`), the pages (`iomem=`), the interrupts (`irqs=`) and the IOMMU masters (`dtdev=`). The tree that is
// asked is the one that Xen was booted with, because Dom0's own hides which nodes may be given away.
//
// The partial tree has /passthrough, a simple-bus of two address and two size cells, with one child for each node
// that was asked for and that node's own children under it; stand-ins for providers that stay with Dom0; and
// /aliases, under the host's names, where a node that goes along has one; a UART without one gets serialN. Source:
// libxl copies these two nodes and nothing else (tools/libs/light/libxl_arm.c, copy_partial_fdt), and puts the GIC
// under phandle 65000. So there is no stdout-path: what there can be instead is in console.h.
//
// Bad input is an error. What cannot be given is a refusal: all refusals are reported at once, and when there is
// one there is no tree.

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "devtree/blob.h"
#include "devtree/closure.h"
#include "devtree/console.h"
#include "devtree/guest_map.h"
#include "devtree/node.h"
#include "devtree/report.h"

namespace runx::devtree {

struct PassthroughRequest {
  std::vector<std::string> nodes;  // absolute paths; Tree::resolve() makes them from other names
  ClockRates clock_rates = {};     // from the board file
  std::uint64_t guest_memory = 0;  // bytes, 1 to largest_guest_memory

  // What the host's owner decides, and never an image:
  bool iommu = true;  // false: the machine has none that works, whatever its tree says
  // Paths of nodes that may do DMA without an IOMMU in front of them; each speaks for what stands below it, too.
  std::set<std::string> dma_without_iommu = {};

  // False: a node without xen,passthrough, or switched off, is derived as if `accelkit board prepare` had marked it,
  // and a note says so. For desks: Xen itself gives away marked nodes only.
  bool marked_only = true;
};

// `pages` pages of 4 KiB, from page number `first_page` of the host, at `guest_page` of the guest.
struct IoMem {
  std::uint64_t first_page = 0;
  std::uint64_t pages = 0;
  std::uint64_t guest_page = 0;

  bool operator==(const IoMem&) const = default;
};

struct Passthrough {
  Blob tree;                        // without bytes when something is refused
  std::vector<IoMem> iomem;         // by address
  std::vector<std::uint32_t> irqs;  // SPI + 32, each once, in the order of the nodes
  std::vector<std::string> dtdev;   // host paths
  std::vector<Refusal> refused;
  std::vector<Change> replaced;
  std::vector<Change> dropped;
  std::vector<Note> notes;
  std::vector<Console> consoles;  // UARTs that the guest's kernel can have its console on
};

// Errors: invalid_argument for a request that no tree could satisfy (no nodes, a relative path, an impossible
// amount of memory or clock rate); file_too_large for a result that Xen would not take.
base::Result<Passthrough> derive_passthrough(const Tree& host, const PassthroughRequest& request);

}  // namespace runx::devtree
