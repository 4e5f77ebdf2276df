// SPDX-License-Identifier: Apache-2.0
// Hostile overlays for a board with a region: apply, split, and derive the guest's half. Whatever an overlay says, the
// board's own nodes stay as they are in the tree that the guest's half is derived from, what a guest gets lies within
// the region, and Dom0's half is again an overlay.
#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include "devtree/overlay_dom0.h"
#include "devtree/overlay_split.h"
#include "devtree/passthrough.h"

namespace {

using namespace runx::devtree;

void add(DraftNode& node, const char* compatible, const char* label, DraftNode& symbols, std::uint32_t phandle) {
  node.add("compatible", text_value(compatible));
  node.add("phandle", cells_value({phandle}));
  symbols.add(label, text_value("/" + node.name));
}

Blob board() {
  DraftNode symbols{"__symbols__"};
  DraftNode region{"fpga-region"}, bus{"axi"}, gic{"gic@f9010000"}, clocks{"clocks"}, uart{"uart@ff010000"};
  add(region, "fpga-region", "fpga_full", symbols, 1);
  add(bus, "simple-bus", "amba", symbols, 2);
  for (const char* cells : {"#address-cells", "#size-cells"}) bus.add(cells, cells_value({2}));
  bus.add("ranges", {});
  add(gic, "arm,gic-400", "gic", symbols, 3);
  gic.add("#interrupt-cells", cells_value({3}));
  gic.add("reg", cells_value({0, 0xf9010000, 0, 0x10000}));
  add(clocks, "xlnx,zynqmp-clk", "zynqmp_clk", symbols, 4);
  clocks.add("#clock-cells", cells_value({1}));
  add(uart, "cdns,uart", "uart", symbols, 5);
  uart.add("reg", cells_value({0, 0xff010000, 0, 0x1000}));
  uart.add("xen,passthrough", {});
  DraftNode root;
  root.add("interrupt-parent", cells_value({3}));
  for (const char* cells : {"#address-cells", "#size-cells"}) root.add(cells, cells_value({2}));
  root.children = {region, bus, gic, clocks, uart, symbols};
  return Draft::blob(root).value();
}

void check(const OverlaySplit& split, const Blob& host, const RegionSpace& region) {
  const Tree tree = Tree::of(split.tree);
  PassthroughRequest request{.nodes = split.guest_nodes, .guest_memory = std::uint64_t{1} << 31};
  request.clock_rates = split.clock_rates;
  if (!request.nodes.empty()) {
    const auto guest = derive_passthrough(tree, request);
    if (guest && guest->refused.empty()) {
      for (const auto& memory : guest->iomem) {
        const Block block{memory.first_page * page_size, memory.pages * page_size};
        if (!region.apertures[0].holds(block)) __builtin_trap();
      }
      for (const auto irq : guest->irqs) {
        if (irq != region.interrupts[0].irq()) __builtin_trap();
      }
      if (!guest->dtdev.empty()) __builtin_trap();
    }
  }
  // A device of the board's, asked for beside it, is what it was.
  const auto uart = derive_passthrough(tree, {.nodes = {"/uart@ff010000"}, .guest_memory = std::uint64_t{1} << 26});
  if (!uart || uart->iomem != std::vector<IoMem>{{0xff010, 1, 0xff010}}) __builtin_trap();
  if (!split.dom0.has_tree()) return;
  const Tree base = Tree::of(host);
  const auto again = Overlay::read(split.dom0, base, "Dom0's half");
  if (!again) __builtin_trap();
  const auto applied = again->apply_to(host);
  if (!applied) __builtin_trap();
  const Tree with = Tree::of(*applied);
  for (const Node& node : with.nodes()) {
    if (base.find(node.path())) continue;
    if (!node.name().starts_with("pr0_")) __builtin_trap();
    if (!is_dom0_kind(node) && !node.is_compatible("simple-bus")) __builtin_trap();
    const auto clocks = node.cells("assigned-clocks");
    const auto rates = node.cells("assigned-clock-rates");
    if (!clocks.empty() && clocks[0] == 4 && !rates.empty() && rates[0] > 100'000'000) __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto overlay = Blob::parse({data, size}, "fuzzed");
  if (!overlay) return 0;
  static const RegionSpace region{"pr0", "/fpga-region", {{0x80000000, 0x1000000}}, {{89, 4}}};
  static const Blob host = declare_regions(board(), {region}).value();
  for (const bool named : {false, true}) {
    OverlayRequest request{.region = region};
    request.clocks = {{0, 100'000'000}, {2, 100'000'000}};
    request.afi = {0, 1};
    if (named) request.nodes = {"accel", "/axi/one@80000000"};
    const auto split = split_overlay(host, *overlay, request);
    if (split && split->refused.empty()) check(*split, host, region);
  }
  return 0;
}
