// SPDX-License-Identifier: Apache-2.0
#include "bitstream/footprint.h"

#include <algorithm>

#include "base/result.h"

namespace runx::bitstream {

std::string to_text(FrameAddress address) {
  return base::text("block ", address.block(), ", row ", address.row(), ", column ", address.column(), ", minor ",
                    address.minor(), " (", base::hex(address.value, 8), ")");
}

Footprint normalized(std::vector<FrameRun> runs) {
  std::sort(runs.begin(), runs.end(), [](const FrameRun& a, const FrameRun& b) { return a.start < b.start; });
  Footprint out;
  for (const auto& run : runs) {
    if (out.empty() || out.back().start != run.start) {
      out.push_back(run);
      continue;
    }
    out.back().frames = std::max(out.back().frames, run.frames);
    out.back().written += run.written;
    out.back().repeats += run.repeats;
  }
  return out;
}

std::vector<FootprintRow> rows_of(const Footprint& footprint) {
  std::vector<FootprintRow> out;
  for (const auto& run : footprint) {
    const auto column = run.start.column();
    if (out.empty() || out.back().block != run.start.block() || out.back().row != run.start.row()) {
      out.push_back({run.start.block(), run.start.row(), {}, 0, 0});
    }
    auto& row = out.back();
    if (row.columns.empty() || column > row.columns.back().last + 1) row.columns.push_back({column, column});
    row.columns.back().last = column;
    row.frames += run.written;
    row.repeats += run.repeats;
  }
  return out;
}

std::optional<FrameRun> first_outside(const Footprint& footprint, const Footprint& allowed) {
  auto trusted = allowed.begin();
  for (const auto& run : footprint) {
    while (trusted != allowed.end() && trusted->start < run.start) ++trusted;
    if (trusted == allowed.end() || trusted->start != run.start || trusted->frames < run.frames) return run;
  }
  return std::nullopt;
}

std::optional<FrameAddress> first_shared_column(const Footprint& one, const Footprint& other) {
  const auto column_of = [](const FrameRun& run) { return run.start.value >> 8; };
  auto theirs = other.begin();
  for (const auto& run : one) {
    while (theirs != other.end() && column_of(*theirs) < column_of(run)) ++theirs;
    if (theirs != other.end() && column_of(*theirs) == column_of(run)) return run.start;
  }
  return std::nullopt;
}

}  // namespace runx::bitstream
