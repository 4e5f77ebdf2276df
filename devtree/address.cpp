// SPDX-License-Identifier: Apache-2.0
#include "devtree/address.h"

#include <limits>

namespace runx::devtree {
namespace {

using base::fail;

std::uint64_t read_number(base::Bytes value, std::size_t at, unsigned cells) {
  if (cells == 0) return 0;
  return cells == 1 ? base::be32(value, at) : base::be64(value, at);
}

base::Result<Block> block_at(base::Bytes value, std::size_t at, Cells cells, const Node& node) {
  const Block block{read_number(value, at, cells.address), read_number(value, at + 4 * cells.address, cells.size)};
  if (block.size > std::numeric_limits<std::uint64_t>::max() - block.address) {
    return fail(std::errc::invalid_argument, node.path(), ": the block at ", base::hex(block.address), " with ",
                base::hex(block.size), " bytes ends beyond 64 bits");
  }
  return block;
}

// One step up: from the space of bus's children to the space that the bus itself stands in.
base::Result<Block> through_ranges(Block block, const Node& bus) {
  const auto ranges = bus.bytes("ranges");
  if (!ranges) {
    return fail(std::errc::invalid_argument, bus.path(),
                " has no ranges: what hangs on it has no address of the CPU's");
  }
  if (ranges->empty()) return block;
  const auto below = child_cells(bus);
  if (!below) return tl::make_unexpected(below.error());
  const auto above = child_cells(*bus.parent());
  if (!above) return tl::make_unexpected(above.error());
  const std::size_t entry = 4 * (std::size_t{below->address} + above->address + below->size);
  if (entry == 0 || ranges->size() % entry != 0) {
    return fail(std::errc::invalid_argument, bus.path(), ": ranges has ", ranges->size(),
                " bytes, not a whole number of entries of ", entry);
  }
  for (std::size_t at = 0; at < ranges->size(); at += entry) {
    const std::uint64_t child = read_number(*ranges, at, below->address);
    const std::uint64_t parent = read_number(*ranges, at + 4 * below->address, above->address);
    const std::uint64_t size = read_number(*ranges, at + 4 * (below->address + above->address), below->size);
    if (block.address < child || !base::inside(size, block.address - child, block.size)) continue;
    const std::uint64_t offset = block.address - child;
    if (parent > std::numeric_limits<std::uint64_t>::max() - offset ||
        block.size > std::numeric_limits<std::uint64_t>::max() - offset - parent) {
      return fail(std::errc::invalid_argument, bus.path(), ": ranges leads beyond 64 bits");
    }
    return Block{parent + offset, block.size};
  }
  return fail(std::errc::invalid_argument, bus.path(), ": no entry of ranges holds ", to_text(block));
}

}  // namespace

std::string to_text(const Block& block) {
  return base::text(base::hex(block.address), " with ", base::hex(block.size), " bytes");
}

base::Result<Cells> child_cells(const Node& bus) {
  const auto read = [&bus](std::string_view name, unsigned otherwise) -> base::Result<unsigned> {
    if (!bus.has(name)) return otherwise;
    const auto value = bus.cell(name);
    if (value && *value <= 2) return *value;
    if (value && *value == 3 && name == "#address-cells") {
      return fail(std::errc::not_supported, bus.path(),
                  " is a PCI bus (three address cells): devices on PCI are not passed by the device tree");
    }
    return fail(std::errc::invalid_argument, bus.path(), ": ", name, " must be 0, 1 or 2");
  };
  const auto address = read("#address-cells", 2);
  if (!address) return tl::make_unexpected(address.error());
  const auto size = read("#size-cells", 1);
  if (!size) return tl::make_unexpected(size.error());
  return Cells{*address, *size};
}

bool passes_addresses(const Node& bus) { return !bus.parent() || bus.has("ranges"); }

std::optional<Node> mapped_device(const Node& node) {
  std::optional<Node> found;
  for (Node at = node; at.parent(); at = *at.parent()) {
    if (at.path() == "/reserved-memory") return std::nullopt;
    if (!found && at.has("reg") && passes_addresses(*at.parent())) found = at;
  }
  return found;
}

base::Result<std::vector<Block>> reg_blocks(const Node& node) {
  std::vector<Block> out;
  const auto reg = node.bytes("reg");
  const auto bus = node.parent();
  if (!reg || !bus) return out;
  const auto cells = child_cells(*bus);
  if (!cells) return tl::make_unexpected(cells.error());
  const std::size_t entry = 4 * (std::size_t{cells->address} + cells->size);
  if (entry == 0 || reg->empty() || reg->size() % entry != 0) {
    return fail(std::errc::invalid_argument, node.path(), ": reg has ", reg->size(),
                " bytes, not a whole number of entries of ", entry);
  }
  for (std::size_t at = 0; at < reg->size(); at += entry) {
    auto block = block_at(*reg, at, *cells, node);
    if (!block) return tl::make_unexpected(block.error());
    out.push_back(*block);
  }
  return out;
}

base::Result<Block> translate(Block block, const Node& bus, const Node& until) {
  for (Node at = bus; at != until && at.parent(); at = *at.parent()) {
    auto above = through_ranges(block, at);
    if (!above) return above;
    block = *above;
  }
  return block;
}

base::Result<std::vector<Block>> cpu_blocks(const Node& node, const Tree& tree) {
  auto blocks = reg_blocks(node);
  if (!blocks) return blocks;
  for (Block& block : *blocks) {
    auto seen = translate(block, *node.parent(), tree.root());
    if (!seen) return base::context(seen.error(), node.path());
    block = *seen;
  }
  return blocks;
}

}  // namespace runx::devtree
