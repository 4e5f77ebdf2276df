// SPDX-License-Identifier: Apache-2.0
#pragma once

// Register blocks: what `reg` says, translated through the `ranges` of every bus above the node to the addresses
// that the CPU uses. Sources: Devicetree Specification 0.4, 2.3.5 (#address-cells, #size-cells), 2.3.6 (reg),
// 2.3.8 (ranges). Numbers of one or two cells are read; a bus with three address cells is PCI's, and refused by
// name. No sum wraps around.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "devtree/node.h"

namespace runx::devtree {

// Bytes [address, address + size). The sum does not overflow.
struct Block {
  std::uint64_t address = 0;
  std::uint64_t size = 0;

  std::uint64_t end() const { return address + size; }
  bool holds(const Block& other) const { return other.address >= address && other.end() <= end(); }
  bool overlaps(const Block& other) const { return address < other.end() && other.address < end(); }
  bool operator==(const Block&) const = default;
};

// "0xff110000 with 0x1000 bytes"
std::string to_text(const Block& block);

// How many cells the children of a bus use; 2 and 1 where the bus does not say.
struct Cells {
  unsigned address = 2;
  unsigned size = 1;
};

base::Result<Cells> child_cells(const Node& bus);

// True when children of `bus` have addresses that go up to the next bus: it is the root or has `ranges`.
// (An I2C controller has none: the `reg` of what hangs on it is a number on its own bus.)
bool passes_addresses(const Node& bus);

// The nearest node, itself or above, that has registers which the CPU reaches: the I2C controller for what hangs on
// it. Nothing for what is no device at all (a processor, a clock of the board, reserved memory).
std::optional<Node> mapped_device(const Node& node);

// The entries of the node's `reg`, in the address space of its parent. No `reg`: no blocks.
base::Result<std::vector<Block>> reg_blocks(const Node& node);

// A block in the space of bus's children, seen from the children of `until`, a bus above it (or itself).
base::Result<Block> translate(Block block, const Node& bus, const Node& until);

// reg_blocks() as the CPU sees them. An error when a bus in between does not pass addresses.
base::Result<std::vector<Block>> cpu_blocks(const Node& node, const Tree& tree);

}  // namespace runx::devtree
