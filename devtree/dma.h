// SPDX-License-Identifier: Apache-2.0
#pragma once

// Does a device read and write memory by itself? Given to a guest without an IOMMU in front of it, such a device
// reaches all of the machine's memory, so the answer decides whether it may be given at all.
//
// A device tree has no word for "bus master"; the signs that are taken, in this order:
//   iommus         somebody described the streams that it makes
//   dma-coherent   its accesses take part in cache coherency
//   #dma-cells     it is a DMA controller
//   compatible     one of a list of known masters: network, storage, USB, DMA, display, GPU, PCI, processors
// The list covers the Zynq UltraScale+ (UG1085, "Interconnect", the masters of the AXI switches) and the Xilinx,
// Cadence, Arasan, Synopsys and Arm blocks of Linux's bindings. Its limit: an accelerator of one's own in the
// programmable logic that masters the bus looks like any other register block. Its node must carry iommus or
// dma-coherent, and whoever marks it xen,passthrough in the boot tree has to know.

#include <optional>
#include <string>

#include "devtree/node.h"

namespace runx::devtree {

// The sign by which the node does DMA, in words ("compatible cdns,gem"); nothing when there is none.
std::optional<std::string> dma_sign(const Node& node);

// True when every stream of the node's `iommus` goes to an IOMMU that is switched on in the tree.
bool protected_by_iommu(const Node& node, const Tree& tree);

}  // namespace runx::devtree
