// SPDX-License-Identifier: Apache-2.0
// Any text as board.json: a board that is taken names only what the planner can use.
#include <cstdint>

#include "annotations/value.h"
#include "plan/board.h"
#include "tests/fuzz/hold.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using runx::fuzz::hold;
  namespace annotations = runx::annotations;
  const auto board = runx::plan::parse_board({reinterpret_cast<const char*>(data), size}, "board.json");
  if (!board) {
    hold(!board.error().what.empty());
    for (const char c : board.error().what) hold(c >= 0x20 && c < 0x7f);
    return 0;
  }
  hold(annotations::is_clean_path(board->boot_tree) && annotations::is_clean_path(board->guest_kernel));
  for (const auto& region : board->regions) {
    hold(annotations::is_name(region.name) && region.name != "any" && !region.idcodes.empty());
  }
  for (const auto& [node, rates] : board->clock_rates) {
    hold(annotations::is_clean_path(node));
    for (const auto rate : rates) hold(rate > 0);
  }
  return 0;
}
