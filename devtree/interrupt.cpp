// SPDX-License-Identifier: Apache-2.0
#include "devtree/interrupt.h"

#include <algorithm>
#include <array>

#include "devtree/interrupt_map.h"

namespace runx::devtree {
namespace {

using base::fail;

// The most SPIs that a GIC has: INTID 32 to 1019 (Arm IHI 0048, 2.2.1).
constexpr std::uint32_t spi_count = 988;

}  // namespace

bool is_gic(const Node& node) {
  // drivers/irqchip/irq-gic.c and irq-gic-v3.c of Linux: what Xen, too, takes as its own controller.
  constexpr std::array<std::string_view, 6> names = {"arm,gic-400",       "arm,gic-v3",        "arm,cortex-a15-gic",
                                                     "arm,cortex-a7-gic", "arm,cortex-a9-gic", "arm,gic-v2"};
  return std::any_of(names.begin(), names.end(), [&node](std::string_view name) { return node.is_compatible(name); });
}

base::Result<Node> interrupt_parent(const Node& node, const Tree& tree) {
  Node at = node;
  for (int step = 0; step < 2 * deepest_node; ++step) {
    std::optional<Node> next;
    if (at.has("interrupt-parent")) {
      const auto phandle = at.cell("interrupt-parent");
      next = phandle ? tree.with_phandle(*phandle) : std::nullopt;
      if (!next) return fail(std::errc::invalid_argument, at.path(), ": interrupt-parent is the phandle of no node");
    } else {
      next = at.parent();
    }
    if (!next) return fail(std::errc::invalid_argument, node.path(), ": has interrupts but no interrupt-parent");
    if (next->has("#interrupt-cells")) return *next;
    at = *next;
  }
  return fail(std::errc::invalid_argument, node.path(), ": interrupt-parent leads in a circle");
}

base::Result<std::vector<Interrupt>> interrupts(const Node& node, const Tree& tree) {
  std::vector<Interrupt> out;
  const bool extended = node.has("interrupts-extended");
  const std::string_view property = extended ? "interrupts-extended" : "interrupts";
  if (!node.has(property)) return out;
  const std::vector<std::uint32_t> all = node.cells(property);
  if (all.empty()) return fail(std::errc::invalid_argument, node.path(), ": ", property, " is not made of cells");

  std::optional<Node> controller;
  if (!extended) {
    auto parent = interrupt_parent(node, tree);
    if (!parent) return tl::make_unexpected(parent.error());
    controller = *parent;
  }
  for (std::size_t at = 0; at < all.size();) {
    if (extended) {
      controller = tree.with_phandle(all[at]);
      if (!controller) {
        return fail(std::errc::invalid_argument, node.path(), ": interrupts-extended names phandle ", all[at],
                    ", which is no node's");
      }
      ++at;
    }
    const auto count = interrupt_cells(*controller);
    if (!count) return tl::make_unexpected(count.error());
    if (!base::inside(all.size(), at, *count)) {
      return fail(std::errc::invalid_argument, node.path(), ": ", property, " ends in the middle of an interrupt");
    }
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(at);
    at += *count;
    if (!is_nexus(*controller)) {
      out.push_back({*controller, {first, first + *count}});
      continue;
    }
    auto address = unit_address_at(*controller, node);
    if (!address) return base::context(address.error(), node.path());
    auto end = follow_maps({*controller, std::move(*address), {first, first + *count}}, tree);
    if (!end) return base::context(end.error(), node.path());
    out.push_back({end->at, std::move(end->specifier), controller->path()});
  }
  return out;
}

base::Result<Spi> gic_spi(const Interrupt& interrupt, const Node& node) {
  const auto& cells = interrupt.specifier;
  if (cells.size() != 3) {
    return fail(std::errc::not_supported, node.path(), ": its interrupt at ", interrupt.controller.path(), " has ",
                cells.size(), " cells; Xen's guests know those of 3");
  }
  if (cells[0] == 1) {
    return fail(std::errc::not_supported, node.path(), ": interrupt PPI ", cells[1],
                " is private to each CPU, and Xen gives away none of these");
  }
  if (cells[0] != 0) {
    return fail(std::errc::not_supported, node.path(), ": interrupt kind ", cells[0], " of the GIC is not an SPI");
  }
  if (cells[1] >= spi_count) {
    return fail(std::errc::invalid_argument, node.path(), ": SPI ", cells[1], " is more than a GIC has");
  }
  return Spi{cells[1], cells[2] & 0xf};
}

}  // namespace runx::devtree
