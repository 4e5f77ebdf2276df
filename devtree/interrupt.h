// SPDX-License-Identifier: Apache-2.0
#pragma once

// Interrupts: who a node interrupts, and with which line. The controller is found as Devicetree Specification
// 0.4, 2.4.1 says (interrupts-extended, else interrupts and the nearest interrupt-parent), through interrupt maps where
// there are some (interrupt_map.h). Only lines of the Arm GIC reach a guest of Xen's, and of these only the shared ones
// (SPI): private ones (PPI) belong to a CPU.
// GIC specifiers: Linux Documentation/devicetree/bindings/interrupt-controller/arm,gic.yaml.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "devtree/node.h"

namespace runx::devtree {

// One interrupt of a node, still in the words of its controller.
struct Interrupt {
  Node controller;
  std::vector<std::uint32_t> specifier;
  std::string nexus = {};  // path of the first interrupt-map on the way; empty: the node names the controller itself
};

// An SPI: `number` counts from 0 as in the tree; Xen's and the GIC's own number is 32 more.
struct Spi {
  std::uint32_t number = 0;
  std::uint32_t trigger = 0;  // 1 rising edge, 2 falling edge, 4 level high, 8 level low, 0 not said

  std::uint32_t irq() const { return number + 32; }
};

bool is_gic(const Node& node);

// Where the node's `interrupts` go first: a controller or a nexus. Errors: no parent, or a phandle of no node.
base::Result<Node> interrupt_parent(const Node& node, const Tree& tree);

// All interrupts of a node, in its order; none is fine.
base::Result<std::vector<Interrupt>> interrupts(const Node& node, const Tree& tree);

// The SPI that a GIC's specifier means. Refused by name: PPIs, other kinds, specifiers that are not of three cells.
base::Result<Spi> gic_spi(const Interrupt& interrupt, const Node& node);

}  // namespace runx::devtree
