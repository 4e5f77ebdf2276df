// SPDX-License-Identifier: Apache-2.0
#include "runtime/facts.h"

#include "runtime/resources/board_files.h"
#include "runtime/resources/ledger.h"

namespace runx::runtime {

using base::Result;
using base::Status;
using resources::MachineKinds;

Status look_again(base::Host& host, plan::HostFacts& facts, const MachineKinds& kinds) {
  const auto holders = resources::holders(host);
  if (!holders) return tl::unexpected(holders.error());
  facts.holders.clear();
  for (const auto& [claim, owner] : *holders) facts.holders[claim] = owner.id;
  for (const auto* kind : kinds) {
    if (auto looked = kind->look_again(host, facts); !looked) return looked;
  }
  return {};
}

Result<plan::HostFacts> read_owner_files(base::Host& host, BootTree tree, const MachineKinds& kinds) {
  const auto pure = resources::pure_halves(kinds);
  auto board = resources::read_board(host, pure);
  if (!board) return tl::unexpected(board.error());
  plan::HostFacts facts;
  facts.board = std::move(*board);
  if (const auto policy = host.read(plan::policy_path)) {
    auto parsed = plan::parse_policy(*policy, plan::policy_path, pure);
    if (!parsed) return tl::unexpected(parsed.error());
    facts.policy = std::move(*parsed);
    auto keys = plan::public_keys(*facts.policy,
                                  [&](const std::string& file, std::size_t most) { return host.read(file, most); });
    if (!keys) return tl::unexpected(keys.error());
    facts.keys = std::move(*keys);
  } else if (policy.error().code != std::errc::no_such_file_or_directory) {
    // A policy that cannot be read is not an absent one.
    return tl::unexpected(policy.error());
  }
  if (tree == BootTree::not_needed) return facts;
  auto blob = resources::read_boot_tree(host, facts.board);
  if (!blob) return tl::unexpected(blob.error());
  facts.boot_tree = std::move(*blob);
  return facts;
}

Status read_machine(base::Host& host, const annotations::AcceleratorRequest& request, plan::HostFacts& facts,
                    const MachineKinds& kinds) {
  for (const auto* kind : kinds) {
    if (auto looked = kind->look(host, request, facts); !looked) return looked;
  }
  return look_again(host, facts, kinds);
}

}  // namespace runx::runtime
