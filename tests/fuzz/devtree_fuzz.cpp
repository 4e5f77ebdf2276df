// SPDX-License-Identifier: Apache-2.0
// Hostile trees: parse, apply the overlay that may follow the tree to a copy, then derive the passthrough of the node
// that the last two bytes choose. Any answer will do; a tree that comes out must be one that parse() takes, which
// derive_passthrough() itself makes sure of.
#include <cstddef>
#include <cstdint>
#include <optional>

#include <libfdt.h>

#include "devtree/boot_tree.h"
#include "devtree/passthrough.h"

namespace {

using namespace runx;

// What comes of the overlay at the beginning of `rest`; nothing when it is none, or libfdt does not apply it.
std::optional<devtree::Blob> overlaid(const devtree::Blob& host, base::Bytes rest) {
  const auto overlay = devtree::Blob::parse(rest, "the overlay");
  if (!overlay) return std::nullopt;
  // libfdt changes both, and leaves them in pieces where it fails.
  std::vector<std::uint8_t> patch(overlay->bytes().begin(), overlay->bytes().end());
  std::vector<std::uint8_t> room(2 * (host.bytes().size() + patch.size()));
  if (fdt_open_into(host.fdt(), room.data(), static_cast<int>(room.size())) != 0) return std::nullopt;
  if (fdt_overlay_apply(room.data(), patch.data()) != 0 || fdt_pack(room.data()) != 0) return std::nullopt;
  auto whole = devtree::Blob::parse(room, "the tree with the overlay");
  return whole ? std::optional(std::move(*whole)) : std::nullopt;
}

void derive(const devtree::Blob& host, std::size_t choice) {
  const devtree::Tree tree = devtree::Tree::of(host);
  const auto nodes = tree.nodes();
  const std::string path = nodes[choice % nodes.size()].path();
  const auto marked = devtree::mark_passthrough(host, {path});
  const devtree::Tree marked_tree = marked ? devtree::Tree::of(*marked) : tree;
  devtree::PassthroughRequest request{.nodes = {path}, .guest_memory = std::uint64_t{1} << 31};
  if (choice % 2 == 0) request.dma_without_iommu = {path};
  request.marked_only = choice % 3 != 0;
  request.iommu = choice % 5 != 0;
  request.clock_rates[path] = {1000, 0, 2000};
  const auto result = devtree::derive_passthrough(marked_tree, request);
  if (result && result->refused.empty() != result->tree.has_tree()) __builtin_trap();
  for (const auto& name : {"serial1", "cdns,ttc"}) (void)tree.resolve(name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t choice = (std::size_t{data[size - 2]} << 8) | data[size - 1];
  const base::Bytes trees{data, size - 2};
  const auto host = devtree::Blob::parse(trees, "fuzzed");
  if (!host) return 0;
  derive(*host, choice);
  if (const auto whole = overlaid(*host, trees.subspan(host->bytes().size()))) derive(*whole, choice);
  return 0;
}
