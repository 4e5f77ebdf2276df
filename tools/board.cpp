// SPDX-License-Identifier: Apache-2.0
// accelkit board: from a board's own tree to the files that say what it may give away.
#include "tools/board_commands.h"

namespace runx::tools {

void add_board(CLI::App& app, Chosen& chosen) {
  auto* board = app.add_subcommand("board", "For engineers who bring up boards")->require_subcommand(1);
  add_describe(*board, chosen);
  add_prepare(*board, chosen);
  add_check(*board, chosen);
}

}  // namespace runx::tools
