// SPDX-License-Identifier: Apache-2.0
#pragma once

// Foreign bytes: a view of somebody else's memory, and numbers read from it in a stated byte order.
// The readers below do not check: whoever calls them has compared `at` with the size before.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace runx::base {

using Bytes = std::span<const std::uint8_t>;

inline Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// True when `length` bytes at `at` lie inside `size`, whatever the numbers are.
constexpr bool inside(std::uint64_t size, std::uint64_t at, std::uint64_t length) {
  return at <= size && length <= size - at;
}

inline std::uint16_t be16(Bytes b, std::size_t at) { return static_cast<std::uint16_t>((b[at] << 8) | b[at + 1]); }
inline std::uint32_t be32(Bytes b, std::size_t at) { return (std::uint32_t{be16(b, at)} << 16) | be16(b, at + 2); }
inline std::uint64_t be64(Bytes b, std::size_t at) { return (std::uint64_t{be32(b, at)} << 32) | be32(b, at + 4); }
inline std::uint32_t le32(Bytes b, std::size_t at) {
  return std::uint32_t{b[at]} | (std::uint32_t{b[at + 1]} << 8) | (std::uint32_t{b[at + 2]} << 16) |
         (std::uint32_t{b[at + 3]} << 24);
}

}  // namespace runx::base
