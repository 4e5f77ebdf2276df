// SPDX-License-Identifier: Apache-2.0
// Any bytes as a bitstream file: the reader answers, stays inside, and what it tells fits together.
#include <algorithm>

#include "bitstream/bitstream.h"
#include "bitstream/describe.h"
#include "tests/fuzz/hold.h"

using runx::fuzz::hold;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto info = runx::bitstream::read_bitstream({data, size}, "fuzz");
  if (!info) {
    hold(!info.error().what.empty());
    return 0;
  }
  using runx::bitstream::Format;
  const bool to_the_end = info->format == Format::bit || info->format == Format::bin || info->format == Format::pdi;
  hold(runx::base::inside(size, info->payload_offset, info->payload_length));
  hold(!to_the_end || info->payload_offset + info->payload_length == size);
  hold(info->has_stream || info->footprint.empty());
  std::uint64_t frames = 0;
  std::uint64_t repeats = 0;
  for (const auto& row : runx::bitstream::rows_of(info->footprint)) {
    hold(!row.columns.empty() && row.columns.front().first <= row.columns.back().last);
    frames += row.frames;
    repeats += row.repeats;
  }
  hold(frames == info->frames && repeats == info->repeats);
  hold(frames * 93 * 4 <= size);
  hold(info->footprint.empty() || info->idcode);
  hold(!runx::bitstream::first_outside(info->footprint, info->footprint));
  const auto text = runx::bitstream::describe(*info, "fuzz", "");
  hold(std::all_of(text.begin(), text.end(), [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
  hold(runx::bitstream::describe_json(*info, "").ends_with("}\n"));
  return 0;
}
