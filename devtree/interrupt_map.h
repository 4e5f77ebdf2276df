// SPDX-License-Identifier: Apache-2.0
#pragma once

// Interrupt maps: a nexus (a node with `interrupt-map`) stands between a device and its controller and says, for each
// interrupt of what hangs on it, which one of which controller that is. The way is followed to its end, over as many
// nexuses as there are. Source: Devicetree Specification 0.4, 2.4.3; where it leaves something open, Linux's reading
// (drivers/of/irq.c, of_irq_parse_raw).

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "devtree/node.h"

namespace runx::devtree {

// An interrupt at a controller or nexus: the unit address of who raises it, and the specifier in the words of `at`.
struct Signal {
  Node at;
  std::vector<std::uint32_t> address;
  std::vector<std::uint32_t> specifier;
};

// #interrupt-cells, from 1 to 8.
base::Result<std::uint32_t> interrupt_cells(const Node& controller);

bool is_nexus(const Node& node);

// Where `signal` ends: at a controller without an interrupt-map. Errors, naming the nexus: no entry for it, a map that
// is cut off or names phandles of no node, maps that lead in a circle.
base::Result<Signal> follow_maps(Signal signal, const Tree& tree);

// The right-hand sides of all entries of a nexus's map. A map that cannot be read has those before the first mistake.
std::vector<Signal> map_targets(const Node& nexus, const Tree& tree);

// The unit address that `node` has at `nexus`: the first cells of its reg, as many as the nexus's #address-cells says.
// An error where reg has fewer; its sentence goes on from the node's path.
base::Result<std::vector<std::uint32_t>> unit_address_at(const Node& nexus, const Node& node);

}  // namespace runx::devtree
