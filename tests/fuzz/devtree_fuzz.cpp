// SPDX-License-Identifier: Apache-2.0
// Hostile trees: parse, then derive the passthrough of the node that the last two bytes choose. Any answer will do; a
// tree that comes out must be one that parse() takes, which derive_passthrough() itself makes sure of.
#include <cstddef>
#include <cstdint>

#include "devtree/boot_tree.h"
#include "devtree/passthrough.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace runx;
  if (size < 2) return 0;
  const std::size_t choice = (std::size_t{data[size - 2]} << 8) | data[size - 1];
  const auto blob = devtree::Blob::parse({data, size - 2}, "fuzzed");
  if (!blob) return 0;
  const devtree::Tree tree = devtree::Tree::of(*blob);
  const auto nodes = tree.nodes();
  const std::string path = nodes[choice % nodes.size()].path();
  const auto marked = devtree::mark_passthrough(*blob, {path});
  const devtree::Tree marked_tree = marked ? devtree::Tree::of(*marked) : tree;
  devtree::PassthroughRequest request{.nodes = {path}, .guest_memory = std::uint64_t{1} << 31};
  request.allow_dma_without_iommu = choice % 2 == 0;
  request.clock_rates[path] = {1000, 0, 2000};
  const auto result = devtree::derive_passthrough(marked_tree, request);
  if (result && result->refused.empty() != result->tree.has_tree()) __builtin_trap();
  for (const auto& name : {"serial1", "cdns,ttc"}) (void)tree.resolve(name);
  return 0;
}
