// SPDX-License-Identifier: Apache-2.0
#include "runtime/facts.h"

#include "devtree/blob.h"
#include "runtime/resources/ledger.h"

namespace runx::runtime {

using base::Result;

Result<plan::HostFacts> read_host_facts(base::Host& host, const annotations::AcceleratorRequest& request) {
  const auto text = host.read(plan::board_path);
  if (!text) return base::context(text.error(), "a board file must say what this machine has to give");
  auto board = plan::parse_board(*text, plan::board_path);
  if (!board) return tl::unexpected(board.error());
  plan::HostFacts facts;
  facts.board = std::move(*board);
  if (!request.devices.empty()) {
    const auto tree = host.read(facts.board.boot_tree);
    if (!tree) return base::context(tree.error(), "the tree that Xen was booted with is needed to give a device");
    auto blob = devtree::Blob::parse(base::bytes_of(*tree), facts.board.boot_tree);
    if (!blob) return tl::unexpected(blob.error());
    facts.boot_tree = std::move(*blob);
  }
  facts.live.emplace();
  for (const auto& device : request.devices) {
    const auto node = "/proc/device-tree" + device.path;
    auto& live = (*facts.live)[device.path];
    live.present = host.exists(node);
    if (auto status = host.read(node + "/status", 256)) live.status = std::move(*status);
  }
  auto holders = resources::holders(host);
  if (!holders) return tl::unexpected(holders.error());
  facts.holders = std::move(*holders);
  return facts;
}

}  // namespace runx::runtime
