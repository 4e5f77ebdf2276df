// SPDX-License-Identifier: Apache-2.0
#pragma once

// What travels over the guest's one console (hvc0 in the domain, a pty in Dom0; raw on both sides).
//
// The program's streams, its signals and its end share the line with whatever the guest's kernel says, so each
// message is a frame that carries its own check; every other byte is the kernel's text. A frame is
//
//   0x01 0x9e | kind | stream | value (32 bit) | length (16 bit) | check (16 bit) | payload | crc (32 bit)
//
// with numbers in little endian. `check` is the low half of the CRC-32 of the ten bytes before it: a header that
// is none is recognised at once, without waiting for the bytes that it promises. `crc` is over the payload.
//
// The line itself loses nothing (a ring in shared memory), but the kernel may print in the middle of a frame: the
// frame is then text to the decoder, and guest/flow.h asks for it again. Both sides treat the other's
// bytes as hostile: a decoder never reads out of bounds and holds at most one frame.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace runx::guest {

// The names of the program's streams are its descriptors.
inline constexpr std::uint8_t stream_in = 0;
inline constexpr std::uint8_t stream_out = 1;
inline constexpr std::uint8_t stream_err = 2;

enum class Kind : std::uint8_t {
  ready = 1,   // guest: the line is raw, send what there is. value: protocol_version
  data = 2,    // payload: bytes of `stream`, the first of which has the offset `value`
  end = 3,     // `stream` ends at the offset `value`; the end itself counts as one byte
  ack = 4,     // everything of `stream` before the offset `value` has been passed on
  resend = 5,  // `stream` is to be sent again from the offset `value`
  probe = 6,   // everything of `stream` before the offset `value` has been sent: answer with ack or resend
  signal = 7,  // host: signal `value` for the program
  exit = 8,    // guest: the program ended, value: 0..255 as a shell would say it; no output follows
};

inline constexpr std::uint32_t protocol_version = 1;
inline constexpr std::size_t max_payload = 2048;
inline constexpr std::size_t header_size = 12;
inline constexpr std::size_t max_frame = header_size + max_payload + 4;

struct Frame {
  Kind kind = Kind::ready;
  std::uint8_t stream = 0;
  std::uint32_t value = 0;
  base::Bytes payload = {};  // at most max_payload
};

// CRC-32 as Ethernet and zip use it (polynomial 0xedb88320, reflected).
std::uint32_t crc32(base::Bytes data);

void append_frame(std::string& out, const Frame& frame);

class Decoder {
 public:
  using OnFrame = std::function<void(const Frame&)>;          // the payload is valid during the call only
  using OnText = std::function<void(std::string_view text)>;  // bytes that are no frame, in order

  // Takes the next bytes of the line. A frame may be spread over any number of calls.
  void feed(base::Bytes data, const OnFrame& on_frame, const OnText& on_text);

  // The line has ended: what was the beginning of a frame is text.
  void flush(const OnText& on_text);

 private:
  std::size_t scan(const OnFrame& on_frame, const OnText& on_text);

  std::array<std::uint8_t, max_frame> held_{};  // begins with what may be a frame
  std::size_t size_ = 0;
};

}  // namespace runx::guest
