// SPDX-License-Identifier: Apache-2.0
#pragma once

// The host's own files, as the commands take them: each is read in one way, whichever command names it.

#include <string>

#include "bitstream/parts.h"
#include "devtree/blob.h"
#include "plan/board.h"

namespace runx::tools {

inline constexpr std::size_t largest_host_file = std::size_t{1} << 20;  // bytes of a board, policy or parts file

base::Result<devtree::Blob> read_tree(const std::string& path);

struct BoardFile {
  std::string text;
  plan::Board board;
};
base::Result<BoardFile> read_board(const std::string& path);

// Where the runtime reads the owner's parts file.
inline constexpr const char* parts_path = "/etc/runx-accel/parts.json";

// The built-in table with the rows of the file; without a path the built-in table.
base::Result<bitstream::Parts> read_parts(const std::string& path);

}  // namespace runx::tools
