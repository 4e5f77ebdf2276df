// SPDX-License-Identifier: Apache-2.0
#pragma once

// One pass over the structure block of a tree that fdt_check_full() has found to be well-formed, in its own order. It
// is what libfdt's walkers do, without the checks that each of their steps repeats: reading a board's tree is most of
// what a short program does. Format: Devicetree Specification 0.4, 5.4.

#include <cstddef>
#include <string_view>

#include "base/bytes.h"

namespace runx::devtree {

// Calls visitor.begin(name, offset), visitor.property(name, value) and visitor.end(). `offset` is libfdt's of the node.
// A visitor that returns false ends the walk.
template <class Visitor>
void walk(base::Bytes tree, Visitor& visitor) {
  constexpr std::size_t struct_offset = 8;
  constexpr std::size_t strings_offset = 12;
  enum Token : std::uint32_t { begin_node = 1, end_node = 2, property = 3, nop = 4 };
  const auto text_at = [tree](std::size_t at) {
    const auto rest = base::text_of(tree.subspan(at));
    return rest.substr(0, rest.find('\0'));
  };
  const auto padded = [](std::size_t size) { return (size + 3) & ~std::size_t{3}; };
  const std::size_t start = base::be32(tree, struct_offset);
  const std::size_t strings = base::be32(tree, strings_offset);
  std::size_t at = start;
  while (base::inside(tree.size(), at, 4)) {
    const std::size_t token_at = at - start;
    const std::uint32_t token = base::be32(tree, at);
    at += 4;
    if (token == begin_node) {
      const auto name = text_at(at);
      at += padded(name.size() + 1);
      if (!visitor.begin(name, static_cast<int>(token_at))) return;
    } else if (token == property) {
      const std::size_t size = base::be32(tree, at);
      const auto name = text_at(strings + base::be32(tree, at + 4));
      if (!visitor.property(name, tree.subspan(at + 8, size))) return;
      at += 8 + padded(size);
    } else if (token == end_node) {
      if (!visitor.end()) return;
    } else if (token != nop) {
      return;
    }
  }
}

}  // namespace runx::devtree
