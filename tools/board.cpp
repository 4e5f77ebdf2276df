// SPDX-License-Identifier: Apache-2.0
// accelkit board: from a board's own tree to the files that say what it may give away.
#include "tools/board_commands.h"

namespace runx::tools {

base::Result<devtree::Blob> read_tree(const std::string& path) {
  const auto bytes = read_file(path, devtree::largest_tree);
  if (!bytes) return tl::unexpected(bytes.error());
  return devtree::Blob::parse(base::bytes_of(*bytes), path);
}

base::Result<plan::Board> read_board(const std::string& path) {
  constexpr std::size_t largest_board = std::size_t{1} << 20;
  const auto text = read_file(path, largest_board);
  if (!text) return tl::unexpected(text.error());
  return plan::parse_board(*text, path);
}

void add_board(CLI::App& app, Chosen& chosen) {
  auto* board = app.add_subcommand("board", "For engineers who bring up boards")->require_subcommand(1);
  add_describe(*board, chosen);
  add_prepare(*board, chosen);
  add_check(*board, chosen);
}

}  // namespace runx::tools
