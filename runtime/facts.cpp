// SPDX-License-Identifier: Apache-2.0
#include "runtime/facts.h"

#include "devtree/blob.h"
#include "runtime/resources/ledger.h"

namespace runx::runtime {

using base::Result;

namespace {

void read_live(base::Host& host, const annotations::AcceleratorRequest& request, plan::HostFacts& facts) {
  const auto tree = devtree::Tree::of(facts.boot_tree);
  for (const auto& device : request.devices) {
    const auto path = plan::node_of(device, tree);
    if (!path) continue;
    const auto node = "/proc/device-tree" + *path;
    auto& live = (*facts.live)[*path];
    live.present = host.exists(node);
    if (auto status = host.read(node + "/status", 256)) live.status = std::move(*status);
  }
}

}  // namespace

Result<plan::HostFacts> read_host_facts(base::Host& host, const annotations::AcceleratorRequest& request) {
  const auto text = host.read(plan::board_path);
  if (!text) return base::context(text.error(), "a board file must say what this machine has to give");
  auto board = plan::parse_board(*text, plan::board_path);
  if (!board) return tl::unexpected(board.error());
  plan::HostFacts facts;
  facts.board = std::move(*board);
  if (const auto policy = host.read(plan::policy_path)) {
    auto parsed = plan::parse_policy(*policy, plan::policy_path);
    if (!parsed) return tl::unexpected(parsed.error());
    facts.policy = std::move(*parsed);
  } else if (policy.error().code != std::errc::no_such_file_or_directory) {
    // A policy that cannot be read is not an absent one.
    return tl::unexpected(policy.error());
  }
  facts.live.emplace();
  if (plan::needs_boot_tree(request)) {
    const auto tree = host.read(facts.board.boot_tree);
    if (!tree) return base::context(tree.error(), "the tree that Xen was booted with is needed");
    auto blob = devtree::Blob::parse(base::bytes_of(*tree), facts.board.boot_tree);
    if (!blob) return tl::unexpected(blob.error());
    facts.boot_tree = std::move(*blob);
    read_live(host, request, facts);
  }
  auto holders = resources::holders(host);
  if (!holders) return tl::unexpected(holders.error());
  facts.holders = std::move(*holders);
  return facts;
}

}  // namespace runx::runtime
