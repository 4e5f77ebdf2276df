// SPDX-License-Identifier: Apache-2.0
// Any bytes as a bitstream file: the reader answers, stays inside, and what it tells fits together.
#include <algorithm>
#include <cstdlib>

#include "fpga/bitstream.h"

namespace {

void hold(bool invariant) {
  if (!invariant) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto info = runx::fpga::read_bitstream({data, size}, "fuzz");
  if (!info) {
    hold(!info.error().what.empty());
    return 0;
  }
  hold(info->payload_offset <= size && info->payload_length == size - info->payload_offset);
  std::uint64_t frames = 0;
  std::uint64_t repeats = 0;
  for (const auto& row : runx::fpga::rows_of(info->footprint)) {
    hold(!row.columns.empty() && row.columns.front().first <= row.columns.back().last);
    frames += row.frames;
    repeats += row.repeats;
  }
  hold(frames == info->frames && repeats == info->repeats);
  hold(frames * 93 * 4 <= size);
  hold(info->footprint.empty() || info->idcode);
  hold(!runx::fpga::first_outside(info->footprint, info->footprint));
  return 0;
}
