// SPDX-License-Identifier: Apache-2.0
#pragma once

// One pass over the structure block of a tree, in its own order. It is what libfdt's walkers do, without all the checks
// that each of their steps repeats: reading a board's tree is most of what a short program does. What stands in the
// tree is held against its size all the same: fdt_check_full() of libfdt 1.6.1 takes a property of 2^32 - 1 bytes for a
// sound one. Format: Devicetree Specification 0.4, 5.4.

#include <cstddef>
#include <string_view>

#include "base/bytes.h"

namespace runx::devtree {

// Calls visitor.begin(name, offset), visitor.property(name, value) and visitor.end(). `offset` is libfdt's of the node.
// A visitor that returns false ends the walk. False: something is outside the tree, or the tree ends before the visitor
// has ended.
template <class Visitor>
bool walk(base::Bytes tree, Visitor& visitor) {
  constexpr std::size_t struct_offset = 8;
  constexpr std::size_t strings_offset = 12;
  enum Token : std::uint32_t { begin_node = 1, end_node = 2, property = 3, nop = 4 };
  const auto has = [tree](std::size_t from, std::size_t size) { return base::inside(tree.size(), from, size); };
  const auto text_at = [tree](std::size_t at) {
    const auto rest = base::text_of(tree.subspan(at));
    return rest.substr(0, rest.find('\0'));
  };
  // base::be32() would look at the bounds of every byte once more.
  const auto cell = [tree](std::size_t at) {
    const std::uint8_t* b = tree.data() + at;
    return (std::uint32_t{b[0]} << 24) | (std::uint32_t{b[1]} << 16) | (std::uint32_t{b[2]} << 8) | std::uint32_t{b[3]};
  };
  const auto padded = [](std::size_t size) { return (size + 3) & ~std::size_t{3}; };
  if (!has(strings_offset, 4)) return false;
  const std::size_t start = cell(struct_offset);
  const std::size_t strings = cell(strings_offset);
  std::size_t at = start;
  while (has(at, 4)) {
    const std::size_t token_at = at - start;
    const std::uint32_t token = cell(at);
    at += 4;
    if (token == begin_node) {
      const auto name = text_at(at);
      at += padded(name.size() + 1);
      if (!visitor.begin(name, static_cast<int>(token_at))) return true;
    } else if (token == property) {
      if (!has(at, 8)) return false;
      const std::size_t size = cell(at);
      const std::size_t name_at = strings + cell(at + 4);
      if (!has(at + 8, size) || !has(name_at, 1)) return false;
      if (!visitor.property(text_at(name_at), tree.subspan(at + 8, size))) return true;
      at += 8 + padded(size);
    } else if (token == end_node) {
      if (!visitor.end()) return true;
    } else if (token != nop) {
      return false;
    }
  }
  return false;
}

}  // namespace runx::devtree
