// SPDX-License-Identifier: Apache-2.0
#include "plan/budget.h"

namespace runx::plan {

base::Status ImageBudget::take(const std::string& what, std::uint64_t bytes, std::uint64_t entries) {
  if (bytes > left_.bytes) {
    return base::fail(std::errc::file_too_large, what, " takes the image beyond the ", limits_.bytes,
                      " bytes that create reads of one: use a smaller one, or raise image.maxBytes in ", board_path);
  }
  if (entries > left_.entries) {
    return base::fail(std::errc::file_too_large, what, " takes the image beyond the ", limits_.entries,
                      " entries that create keeps of one: use a smaller one, or raise image.maxEntries in ",
                      board_path);
  }
  left_.bytes -= bytes;
  left_.entries -= entries;
  return {};
}

}  // namespace runx::plan
