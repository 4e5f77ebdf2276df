// SPDX-License-Identifier: Apache-2.0
#pragma once

// Everything that is known of a bitstream file before it goes anywhere near the device: one value for every
// format, a pure function of the bytes. What a header says and what the stream says are both told; only the stream is
// what the device will follow.
//
// A .bit is a header and a configuration stream, a .bin the stream alone. A boot image, a PDI and an .xclbin are
// containers: their parts are listed, and where one of them is a stream that can be read, it is. A .dtbo holds no
// bitstream and says which one the kernel is to load. The manager programs .bit and .bin only (is_stream_file): who
// programs asks for the format first, since the other four are read here for people and for what unpacks them.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "bitstream/container.h"
#include "bitstream/dtbo.h"
#include "bitstream/footprint.h"
#include "bitstream/parts.h"

namespace runx::bitstream {

enum class Format { bit, bin, boot, pdi, xclbin, dtbo };

// "bit", "bin", "boot", "pdi", "xclbin" as spec/annotations.md has them, and "dtbo".
std::string to_text(Format format);

// "a .bit", "a boot image (boot)" …: for sentences.
std::string sentence_name(Format format);

// True when the file is a configuration stream, with or without the header of a .bit.
constexpr bool is_stream_file(Format format) { return format == Format::bit || format == Format::bin; }

struct BitstreamInfo {
  Format format = Format::bin;
  // Of the .bit header, or of an .xclbin's metadata (no design there); empty when the file does not tell.
  std::string design, part, date, time, tool_version;
  std::string device;                   // by the IDCODE and the table of parts: "xck26"; empty when it is in no row
  std::optional<std::uint32_t> idcode;  // of the stream or the PDI, masked with idcode_mask
  // A .bin does not say whether it is partial and its packets prove nothing (a full one may leave frames out),
  // so it stays unknown: whoever needs to know asks the image's annotation, or compares footprints.
  std::optional<bool> partial;
  bool compressed = false;     // the header says so, or the stream repeats frames (MFWR)
  bool encrypted = false;      // the header says so, or the stream, or a part; frames are then unknown
  bool authenticated = false;  // a part is signed (boot, pdi, xclbin), or an overlay asks for it; nothing is verified
  bool byte_swapped = false;
  // The bitstream within the file: a configuration stream where has_stream, else a PDI. Length 0: there is none.
  std::size_t payload_offset = 0;
  std::size_t payload_length = 0;
  bool has_stream = false;
  std::uint64_t frames = 0;   // FDRI words / 93, pads included
  std::uint64_t repeats = 0;  // MFWR writes
  Footprint footprint;

  std::vector<Component> parts;                // of a container: boot, pdi, xclbin
  std::optional<Format> contains;              // of an .xclbin: what its bitstream is (bit, bin or pdi)
  std::string uuid;                            // of an .xclbin: its own
  std::string platform;                        // of an .xclbin: the name of what it was linked for
  std::vector<std::string> shells;             // of an .xclbin: UUIDs of the shell that it wants, 32 digits each
  std::optional<std::uint32_t> id, parent_id;  // of a PDI; a partial one's parent is the full one it belongs to
  std::vector<OverlayNode> overlays;           // of a .dtbo
};

// Reads a whole file (a mapping of it: nothing of the payload is copied). `name` is what errors call it; `table` names
// devices and says which have other frames than UltraScale+. invalid_argument for whatever is not complete, and for a
// stream of another family; a file of another known kind is named.
base::Result<BitstreamInfo> read_bitstream(base::Bytes file, const std::string& name,
                                           const Parts& table = Parts::built_in());

// What goes into the firmware file for a configuration stream: its bytes, padded with FF (part of a dummy
// word, which the device ignores after DESYNC) to whole words, which the manager's DMA wants. Streams of
// tools have whole words already, and stay as they are.
std::string firmware_image(base::Bytes stream);

// What it adds to a stream of this many bytes.
std::string_view firmware_padding(std::size_t stream_bytes);

}  // namespace runx::bitstream
