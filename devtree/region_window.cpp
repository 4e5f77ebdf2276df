// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "devtree/boot_tree.h"

namespace runx::devtree {
namespace {

using base::fail;
using base::Result;
using base::Status;

constexpr const char* window_compatible = "runx-accel,region-window";

// Everything that the tree already has at these addresses or interrupts is somebody's.
Status check_free(const Tree& tree, const RegionSpace& region) {
  for (const Node& node : tree.nodes()) {
    const auto blocks = cpu_blocks(node, tree);
    for (const Block& block : blocks ? *blocks : std::vector<Block>{}) {
      for (const Block& aperture : region.apertures) {
        if (block.size == 0 || !block.overlaps(aperture)) continue;
        return fail(std::errc::address_in_use, "region ", region.name, ": its aperture at ", to_text(aperture),
                    " overlaps the registers of ", node.path(), " at ", to_text(block),
                    ": correct the board file, or take the node out of the tree");
      }
    }
    const auto lines = interrupts(node, tree);
    for (const Interrupt& line : lines ? *lines : std::vector<Interrupt>{}) {
      const auto spi = is_gic(line.controller) ? gic_spi(line, node) : Result<Spi>(Spi{UINT32_MAX, 0});
      for (const Spi& own : region.interrupts) {
        if (!spi || spi->number != own.number) continue;
        return fail(std::errc::address_in_use, "region ", region.name, ": its interrupt SPI ", own.number,
                    " is that of ", node.path(), ": correct the board file, or take the node out of the tree");
      }
    }
  }
  return {};
}

Status check_itself(const RegionSpace& region) {
  for (auto one = region.apertures.begin(); one != region.apertures.end(); ++one) {
    if (std::any_of(one + 1, region.apertures.end(), [&](const Block& other) { return one->overlaps(other); }))
      return fail(std::errc::invalid_argument, "region ", region.name, ": two of its apertures overlap at ",
                  to_text(*one));
  }
  for (auto one = region.interrupts.begin(); one != region.interrupts.end(); ++one) {
    if (std::any_of(one + 1, region.interrupts.end(), [&](const Spi& other) { return one->number == other.number; }))
      return fail(std::errc::invalid_argument, "region ", region.name, ": SPI ", one->number, " stands twice");
  }
  return {};
}

Result<std::vector<std::uint8_t>> reg_value(const Tree& tree, const RegionSpace& region) {
  const auto cells = child_cells(tree.root());
  if (!cells) return tl::make_unexpected(cells.error());
  std::vector<std::uint8_t> out;
  const auto fits = [](std::uint64_t number, unsigned count) {
    return count == 2 || (count == 1 && number <= UINT32_MAX);
  };
  for (const Block& aperture : region.apertures) {
    if (!fits(aperture.address, cells->address) || !fits(aperture.size, cells->size)) {
      return fail(std::errc::invalid_argument, "region ", region.name, ": the tree's root has cells too small for ",
                  to_text(aperture));
    }
    append_cells(out, aperture.address, cells->address);
    append_cells(out, aperture.size, cells->size);
  }
  return out;
}

Result<std::uint32_t> gic_phandle(const Tree& tree, const RegionSpace& region) {
  for (const Node& node : tree.nodes()) {
    if (is_gic(node) && node.available() && node.phandle() && node.cell("#interrupt-cells") == 3U)
      return *node.phandle();
  }
  return fail(std::errc::invalid_argument, "region ", region.name,
              ": it has interrupts, and the tree has no GIC with a phandle and three interrupt cells");
}

Result<DraftNode> window_of(const Tree& tree, const RegionSpace& region) {
  DraftNode node{region.apertures.empty() ? "region-window-" + region.name
                                          : "region-window@" + base::hex(region.apertures.front().address).substr(2)};
  node.add("compatible", text_value(window_compatible));
  node.add("label", text_value(region.name));
  if (!region.apertures.empty()) {
    auto reg = reg_value(tree, region);
    if (!reg) return tl::make_unexpected(reg.error());
    node.add("reg", std::move(*reg));
  }
  if (!region.interrupts.empty()) {
    const auto gic = gic_phandle(tree, region);
    if (!gic) return tl::make_unexpected(gic.error());
    std::vector<std::uint32_t> cells;
    for (const Spi& spi : region.interrupts) cells.insert(cells.end(), {0, spi.number, spi.trigger});
    node.add("interrupt-parent", cells_value({*gic}));
    node.add("interrupts", cells_value(cells));
  }
  node.add("xen,passthrough", {});
  return node;
}

bool same(const Node& node, const DraftNode& draft) {
  const auto properties = node.properties();
  if (node.name() != draft.name || properties.size() != draft.properties.size()) return false;
  return std::all_of(draft.properties.begin(), draft.properties.end(), [&](const DraftProperty& wanted) {
    const auto value = node.bytes(wanted.name);
    return value && std::equal(value->begin(), value->end(), wanted.value.begin(), wanted.value.end());
  });
}

}  // namespace

bool is_window(const Node& node) { return node.is_compatible(window_compatible); }

std::optional<Node> declared_window(const Tree& tree, const std::string& region) {
  for (const Node& node : tree.root().children()) {
    if (is_window(node) && node.strings("label") == std::vector<std::string>{region}) return node;
  }
  return std::nullopt;
}

bool declares(const Node& window, const Tree& tree, const RegionSpace& region) {
  const auto wanted = window_of(tree, region);
  return wanted && same(window, *wanted);
}

Result<Blob> declare_regions(const Blob& host, const std::vector<RegionSpace>& regions) {
  Blob out = host;
  for (const RegionSpace& region : regions) {
    if (region.apertures.empty() && region.interrupts.empty()) continue;
    // Made anew for each region, so that what two of them claim is found as well.
    const Tree tree = Tree::of(out);
    const auto window = window_of(tree, region);
    if (!window) return tl::make_unexpected(window.error());
    if (const auto declared = declared_window(tree, region.name)) {
      if (declares(*declared, tree, region)) continue;
      return fail(std::errc::file_exists, "region ", region.name, ": ", declared->path(),
                  " declares it already, in another way: start from the board's own tree");
    }
    if (Status fine = check_itself(region); !fine) return tl::make_unexpected(fine.error());
    if (Status fine = check_free(tree, region); !fine) return tl::make_unexpected(fine.error());
    if (Status added = out.add_node("/", *window); !added) return tl::make_unexpected(added.error());
  }
  return out;
}

}  // namespace runx::devtree
