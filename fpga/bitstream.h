// SPDX-License-Identifier: Apache-2.0
#pragma once

// Everything that is known of a bitstream file before it goes anywhere near the device: one value for every
// format, a pure function of the bytes. Two formats are read: Xilinx .bit (header, then configuration stream)
// and .bin (the stream alone, in either byte order). What the header says and what the stream says are both
// told; only the stream is what the device will follow.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "fpga/footprint.h"

namespace runx::fpga {

enum class Format { bit, bin };

std::string to_text(Format format);  // "bit", "bin"

struct BitstreamInfo {
  Format format = Format::bin;
  std::string design, part, date, time, tool_version;  // of the .bit header; empty for a .bin
  std::optional<std::uint32_t> idcode;                 // of the stream, masked with idcode_mask
  // A .bin does not say whether it is partial and its packets prove nothing (a full one may leave frames out),
  // so it stays unknown: whoever needs to know asks the image's annotation, or compares footprints.
  std::optional<bool> partial;
  bool compressed = false;  // the header says so, or the stream repeats frames (MFWR)
  bool encrypted = false;   // the header says so, or the stream does; frames are then unknown
  bool byte_swapped = false;
  std::size_t payload_offset = 0;  // the stream within the file
  std::size_t payload_length = 0;
  std::uint64_t frames = 0;   // FDRI words / 93, pads included
  std::uint64_t repeats = 0;  // MFWR writes
  Footprint footprint;
};

// Reads a whole file (a mapping of it: nothing is copied). `name` is what errors call it. invalid_argument for
// whatever is not a complete .bit or .bin of an UltraScale+ device; a file of another known kind is named.
base::Result<BitstreamInfo> read_bitstream(base::Bytes file, const std::string& name);

}  // namespace runx::fpga
