// SPDX-License-Identifier: Apache-2.0
#include "tools/host_files.h"

#include "tools/commands.h"

namespace runx::tools {

base::Result<devtree::Blob> read_tree(const std::string& path) {
  const auto bytes = read_file(path, devtree::largest_tree);
  if (!bytes) return tl::unexpected(bytes.error());
  return devtree::Blob::parse(base::bytes_of(*bytes), path);
}

base::Result<BoardFile> read_board(const std::string& path) {
  auto text = read_file(path, largest_host_file);
  if (!text) return tl::unexpected(text.error());
  auto board = plan::parse_board(*text, path);
  if (!board) return tl::unexpected(board.error());
  return BoardFile{std::move(*text), std::move(*board)};
}

base::Result<bitstream::Parts> read_parts(const std::string& path) {
  if (path.empty()) return bitstream::Parts::built_in();
  const auto text = read_file(path, largest_host_file);
  if (!text) return tl::unexpected(text.error());
  const auto more = bitstream::Parts::parse(*text, path);
  if (!more) return tl::unexpected(more.error());
  return bitstream::Parts::built_in().with(*more);
}

}  // namespace runx::tools
