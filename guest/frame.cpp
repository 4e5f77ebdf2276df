// SPDX-License-Identifier: Apache-2.0
#include "guest/frame.h"

#include <algorithm>
#include <cstring>

namespace runx::guest {

namespace {

constexpr std::uint8_t magic_first = 0x01;
constexpr std::uint8_t magic_second = 0x9e;  // never follows 0x01 in text, whatever its encoding

constexpr auto crc_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xedb88320U : 0U);
    table[i] = value;
  }
  return table;
}();

std::uint16_t le16(base::Bytes b, std::size_t at) { return static_cast<std::uint16_t>(b[at] | (b[at + 1] << 8)); }

void put_le(std::string& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xff);
}

bool known(std::uint8_t kind) {
  return kind >= static_cast<std::uint8_t>(Kind::ready) && kind <= static_cast<std::uint8_t>(Kind::exit);
}

enum class Look { more, frame, text };

// What the bytes begin with; `length` is the frame's payload when there is one.
Look look(base::Bytes bytes, std::size_t& length) {
  if (bytes[0] != magic_first) return Look::text;
  if (bytes.size() < 2) return Look::more;
  if (bytes[1] != magic_second) return Look::text;
  if (bytes.size() < header_size) return Look::more;
  if (le16(bytes, 10) != (crc32(bytes.first(10)) & 0xffff)) return Look::text;
  length = le16(bytes, 8);
  if (length > max_payload || !known(bytes[2]) || bytes[3] > stream_err) return Look::text;
  if (bytes.size() < header_size + length + 4) return Look::more;
  if (base::le32(bytes, header_size + length) != crc32(bytes.subspan(header_size, length))) return Look::text;
  return Look::frame;
}

}  // namespace

std::uint32_t crc32(base::Bytes data) {
  std::uint32_t crc = 0xffffffffU;
  for (const std::uint8_t byte : data) crc = (crc >> 8) ^ crc_table[(crc ^ byte) & 0xff];
  return ~crc;
}

void append_frame(std::string& out, const Frame& frame) {
  const auto payload = frame.payload.first(std::min(frame.payload.size(), max_payload));
  const std::size_t start = out.size();
  out += static_cast<char>(magic_first);
  out += static_cast<char>(magic_second);
  out += static_cast<char>(frame.kind);
  out += static_cast<char>(frame.stream);
  put_le(out, frame.value, 4);
  put_le(out, static_cast<std::uint32_t>(payload.size()), 2);
  put_le(out, crc32(base::bytes_of(out).subspan(start)) & 0xffff, 2);
  out += base::text_of(payload);
  put_le(out, crc32(payload), 4);
}

void Decoder::feed(base::Bytes data, const OnFrame& on_frame, const OnText& on_text) {
  while (!data.empty()) {
    const std::size_t take = std::min(data.size(), held_.size() - size_);
    std::memcpy(held_.data() + size_, data.data(), take);
    size_ += take;
    data = data.subspan(take);
    // A full buffer always begins with a whole frame or with text, so every round makes room.
    const std::size_t used = scan(on_frame, on_text);
    std::memmove(held_.data(), held_.data() + used, size_ - used);
    size_ -= used;
  }
}

std::size_t Decoder::scan(const OnFrame& on_frame, const OnText& on_text) {
  const base::Bytes held(held_.data(), size_);
  std::size_t at = 0;
  std::size_t text_start = 0;
  const auto say_text = [&] {
    if (at > text_start) on_text(base::text_of(held.subspan(text_start, at - text_start)));
  };
  while (at < held.size()) {
    std::size_t length = 0;
    const auto what = look(held.subspan(at), length);
    if (what == Look::text) {
      ++at;
      continue;
    }
    say_text();
    text_start = at;
    if (what == Look::more) return at;
    on_frame(Frame{static_cast<Kind>(held[at + 2]), held[at + 3], base::le32(held, at + 4),
                   held.subspan(at + header_size, length)});
    at += header_size + length + 4;
    text_start = at;
  }
  say_text();
  return at;
}

void Decoder::flush(const OnText& on_text) {
  if (size_ > 0) on_text({reinterpret_cast<const char*>(held_.data()), size_});
  size_ = 0;
}

}  // namespace runx::guest
