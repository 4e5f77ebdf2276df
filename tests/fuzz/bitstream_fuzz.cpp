// SPDX-License-Identifier: Apache-2.0
// Any bytes as a bitstream file: the reader answers, stays inside, and what it tells fits together.
#include <algorithm>

#include "fpga/bitstream.h"
#include "fpga/describe.h"
#include "tests/fuzz/hold.h"

using runx::fuzz::hold;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto info = runx::fpga::read_bitstream({data, size}, "fuzz");
  if (!info) {
    hold(!info.error().what.empty());
    return 0;
  }
  using runx::fpga::Format;
  const bool to_the_end = info->format == Format::bit || info->format == Format::bin || info->format == Format::pdi;
  hold(runx::base::inside(size, info->payload_offset, info->payload_length));
  hold(!to_the_end || info->payload_offset + info->payload_length == size);
  hold(info->has_stream || info->footprint.empty());
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
  const auto text = runx::fpga::describe(*info, "fuzz", "");
  hold(std::all_of(text.begin(), text.end(), [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
  hold(runx::fpga::describe_json(*info, "").ends_with("}\n"));
  return 0;
}
