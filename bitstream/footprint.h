// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which frames of the fabric a configuration stream writes. A frame address (FAR) of UltraScale+ has four
// fields: block type 26:24 (0 logic and routing, 1 block RAM content), row 23:18, column 17:8, minor 7:0;
// bits 31:27 are reserved (UG570, "Frame Address Register").
//
// What can be known, and what cannot. A stream names an address and then sends frames; the device counts the
// address upwards by itself: minors of the column, columns of the row, two pad frames at the end of a row,
// then the next row. How many minors a column has differs by column and part, and no stream says it. So a
// footprint holds what is certain: *runs*, an address and how many frames were sent from there. The columns
// and rows that are shown for people are those that a stream *names*; a long run reaches further, also into
// the next row (slot 0 of the K26 2RP shell sends 3,312 frames from row 0 column 37, 92 of which belong to
// row 1 column 0 onwards).
//
// "Stays inside its region" is decided on runs, which is sound without any table of columns: a run is inside
// when a trusted run starts at the same address and is at least as long, because the device then counts
// through the same addresses. A run that starts anywhere else is outside, even where a table might show that
// it is not: that refuses a bitstream whose tool options (compression, per-frame addresses) differ from those of
// all bitstreams that the region was learned from, and never accepts one that leaves the region.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace runx::bitstream {

struct FrameAddress {
  std::uint32_t value = 0;

  constexpr std::uint32_t block() const { return (value >> 24) & 0x7; }
  constexpr std::uint32_t row() const { return (value >> 18) & 0x3F; }
  constexpr std::uint32_t column() const { return (value >> 8) & 0x3FF; }
  constexpr std::uint32_t minor() const { return value & 0xFF; }
  constexpr bool has_reserved_bits() const { return (value >> 27) != 0; }
  static constexpr FrameAddress of(std::uint32_t block, std::uint32_t row, std::uint32_t column, std::uint32_t minor) {
    return {(block << 24) | (row << 18) | (column << 8) | minor};
  }
  friend constexpr bool operator==(const FrameAddress&, const FrameAddress&) = default;
  friend constexpr bool operator<(FrameAddress a, FrameAddress b) { return a.value < b.value; }
};

// "block 0, row 3, column 32, minor 0 (0x000c2000)"
std::string to_text(FrameAddress address);

struct FrameRun {
  FrameAddress start;
  std::uint32_t frames = 0;   // how far the longest write from here reaches, its pad frame included
  std::uint32_t written = 0;  // FDRI frames of all writes that start here
  std::uint32_t repeats = 0;  // MFWR writes of all writes that start here
  friend bool operator==(const FrameRun&, const FrameRun&) = default;
};

// Sorted by address, one run for each.
using Footprint = std::vector<FrameRun>;

// Puts runs in order and makes one of those that start at the same address.
Footprint normalized(std::vector<FrameRun> runs);

struct ColumnRange {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  friend bool operator==(const ColumnRange&, const ColumnRange&) = default;
};

struct FootprintRow {
  std::uint32_t block = 0;
  std::uint32_t row = 0;
  std::vector<ColumnRange> columns;  // those that runs start in; neighbours joined
  std::uint64_t frames = 0;          // FDRI frames sent from addresses in this row, pads included
  std::uint64_t repeats = 0;
  friend bool operator==(const FootprintRow&, const FootprintRow&) = default;
};

// The rows that a footprint names, in order of block and row.
std::vector<FootprintRow> rows_of(const Footprint& footprint);

// The first run that is not inside `allowed` by the rule above: it starts at no trusted address, or goes on for
// longer than the trusted run does.
std::optional<FrameRun> first_outside(const Footprint& footprint, const Footprint& allowed);

// An address of `one` whose column `other` names too. Nothing means that no named column is shared, not that
// no frame is: use it to report a collision, never to rule one out.
std::optional<FrameAddress> first_shared_column(const Footprint& one, const Footprint& other);

}  // namespace runx::bitstream
