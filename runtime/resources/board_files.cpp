// SPDX-License-Identifier: Apache-2.0
#include "runtime/resources/board_files.h"

namespace runx::resources {

using base::Result;

Result<plan::Board> read_board(base::Host& host, const plan::Kinds& kinds) {
  const auto text = host.read(plan::board_path);
  if (!text) return base::context(text.error(), "a board file must say what this machine has to give");
  return plan::parse_board(*text, plan::board_path, kinds);
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

}  // namespace runx::resources
