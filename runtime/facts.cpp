// SPDX-License-Identifier: Apache-2.0
#include "runtime/facts.h"

#include <fcntl.h>

#include "devtree/blob.h"
#include "fpga/xrt.h"
#include "plan/image.h"
#include "runtime/resources/contents.h"
#include "runtime/resources/ledger.h"

namespace runx::runtime {

using base::Result;
using base::Status;

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

Result<plan::Board> read_board(base::Host& host) {
  const auto text = host.read(plan::board_path);
  if (!text) return base::context(text.error(), "a board file must say what this machine has to give");
  return plan::parse_board(*text, plan::board_path);
}

Result<bitstream::Parts> read_parts(base::Host& host) {
  constexpr const char* path = "/etc/runx-accel/parts.json";
  const auto text = host.read(path);
  if (!text && text.error().code == std::errc::no_such_file_or_directory) return bitstream::Parts::built_in();
  if (!text) return tl::unexpected(text.error());
  const auto more = bitstream::Parts::parse(*text, path);
  if (!more) return tl::unexpected(more.error());
  return bitstream::Parts::built_in().with(*more);
}

Result<devtree::Blob> read_boot_tree(base::Host& host, const plan::Board& board) {
  const auto tree = host.read(board.boot_tree);
  if (!tree) return base::context(tree.error(), "the tree that Xen was booted with is needed");
  return devtree::Blob::parse(base::bytes_of(*tree), board.boot_tree);
}

Status read_taken(base::Host& host, plan::HostFacts& facts) {
  const auto holders = resources::holders(host);
  if (!holders) return tl::unexpected(holders.error());
  facts.holders.clear();
  for (const auto& [claim, owner] : *holders) facts.holders[claim] = owner.id;
  const auto contents = resources::read_contents(host);
  if (!contents) return tl::unexpected(contents.error());
  facts.contents.clear();
  facts.replaced.clear();
  for (const auto& [region, content] : *contents) {
    facts.contents[region] = content.digest;
    if (content.full) facts.replaced[region] = content.container;
  }
  return {};
}

Result<plan::HostFacts> read_owner_files(base::Host& host, BootTree tree) {
  auto board = read_board(host);
  if (!board) return tl::unexpected(board.error());
  plan::HostFacts facts;
  facts.board = std::move(*board);
  if (const auto policy = host.read(plan::policy_path)) {
    auto parsed = plan::parse_policy(*policy, plan::policy_path);
    if (!parsed) return tl::unexpected(parsed.error());
    facts.policy = std::move(*parsed);
    auto keys = plan::read_public_keys(host, *facts.policy);
    if (!keys) return tl::unexpected(keys.error());
    facts.keys = std::move(*keys);
  } else if (policy.error().code != std::errc::no_such_file_or_directory) {
    // A policy that cannot be read is not an absent one.
    return tl::unexpected(policy.error());
  }
  if (tree == BootTree::not_needed) return facts;
  auto blob = read_boot_tree(host, facts.board);
  if (!blob) return tl::unexpected(blob.error());
  facts.boot_tree = std::move(*blob);
  return facts;
}

void read_blanks(base::Host& host, const std::set<std::string>& regions, plan::HostFacts& facts) {
  for (const auto& region : facts.board.regions) {
    if (region.blank.empty() || !regions.contains(region.name)) continue;
    const auto file = host.open(region.blank, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    facts.blanks.emplace(region.name,
                         file ? plan::read_blank(region, *file) : plan::Blank(tl::unexpected(file.error().what)));
  }
}

Status read_machine(base::Host& host, const annotations::AcceleratorRequest& request, plan::HostFacts& facts) {
  facts.live.emplace();
  if (plan::needs_boot_tree(request)) read_live(host, request, facts);
  if (!request.bitstreams.empty()) {
    const auto zocl = fpga::find_zocl(host);
    if (!zocl) return tl::unexpected(zocl.error());
    facts.zocl = zocl->has_value();
  }
  return read_taken(host, facts);
}

}  // namespace runx::runtime
