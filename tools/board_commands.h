// SPDX-License-Identifier: Apache-2.0
#pragma once

// The commands below `accelkit board`, one file each, and what they have in common.

#include "devtree/blob.h"
#include "plan/board.h"
#include "tools/commands.h"

namespace runx::tools {

void add_prepare(CLI::App& board, Chosen& chosen);
void add_check(CLI::App& board, Chosen& chosen);
void add_describe(CLI::App& board, Chosen& chosen);

base::Result<devtree::Blob> read_tree(const std::string& path);
base::Result<plan::Board> read_board(const std::string& path);

}  // namespace runx::tools
