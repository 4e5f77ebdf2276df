// SPDX-License-Identifier: Apache-2.0
#pragma once

// The configuration stream of an UltraScale+ device (payload of a .bit file, or a whole .bin), read packet by
// packet: for which device it is and which frames it writes. Nothing is copied; the words of frames are
// stepped over by arithmetic, so the time is that of the packets (some thousand), not of the bytes.
//
// A stream is one or more passages, each from a sync word (AA995566, or its bytes reversed: one order for the
// whole stream) to the command DESYNC; a partial bitstream of Vivado has four. Sources: UG570 chapter
// "Configuration Details" (packets, registers, commands), and real Vivado 2022.1 streams.
//
// The reader is strict, because what it says is used to decide what may reach the device:
// - outside of passages only dummy words (FFFFFFFF, 00000000, NOP, bus width 000000BB 11220044), at any
//   number; the same for what trails the last one. Anything else is an error.
// - inside, every word belongs to a packet: NOP, or a write. A read, a type 2 packet that does not follow an
//   empty type 1 write to FDRI, and a packet that goes past the end are errors, and so is a stream that ends
//   without DESYNC (a truncated one).
// - registers that it does not know are stepped over; BOUT (another die of a stacked device) and the command
//   IPROG (restart from another address) are errors: neither has a place in what a container may load.
// - frames need an address and an IDCODE before them in the stream (the device wants the latter too: UG570,
//   "IDCODE Register"), all IDCODEs must agree, and a write must consist of whole frames.
// - CRC words are not checked: the device does, and what a stream is was decided by its digest.
//
// Encrypted streams (CTL0 bit 6, DEC: "AES decryptor enable", UG570) are read up to that bit and not further:
// what follows is cipher text. The bit counts whatever MASK says, since refusing too much is the safe side.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "bitstream/footprint.h"
#include "bitstream/parts.h"

namespace runx::bitstream {

// Words in a frame of UltraScale+ (UG570, "Configuration Memory Frames"). Other families have other frames and
// other addresses (7 series 101 words, UltraScale 123): a stream whose IDCODE is theirs is an error.
constexpr std::uint32_t frame_words = 93;

struct ConfigStream {
  bool byte_swapped = false;            // 665599AA: bytes of each word reversed, as bootgen writes .bin files
  bool encrypted = false;               // if so, the values below tell only of what came before
  std::optional<std::uint32_t> idcode;  // masked; nothing only when no frame is written (or encrypted)
  std::uint64_t frames = 0;             // FDRI words / 93, pad frames included
  std::uint64_t repeats = 0;            // writes to MFWR, each one more copy of the last frame
  Footprint footprint;
};

// True when `data` begins like a stream: dummy words, then a sync word in either order.
bool begins_like_stream(base::Bytes data);

// `name` is what errors call the stream; offsets in errors count from its beginning. A device whose frames have
// another number of words, by `table` or by the family in its IDCODE, is refused: its frame addresses have other
// fields as well.
base::Result<ConfigStream> read_stream(base::Bytes data, const std::string& name,
                                       const Parts& table = Parts::built_in());

}  // namespace runx::bitstream
