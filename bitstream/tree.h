// SPDX-License-Identifier: Apache-2.0
#pragma once

// A device tree blob as libfdt wants it: in memory of its own (a section of a file may stand anywhere, and libfdt
// reads whole words), and checked from end to end before anything of it is read.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace runx::bitstream {

// Overlays and metadata are kilobytes; this is what the kernel allows a whole tree (MAX_FDT_SIZE).
constexpr std::size_t largest_tree = std::size_t{2} << 20;

class Tree {
 public:
  // invalid_argument, with libfdt's words, for bytes that are no whole, sound tree.
  static base::Result<Tree> parse(base::Bytes bytes, const std::string& name);

  const void* fdt() const { return words_.data(); }

  // A property's first string; empty when there is no such property, or it is no string. `node` is an offset.
  std::string text(int node, const char* property) const;

 private:
  std::vector<std::uint64_t> words_;
};

}  // namespace runx::bitstream
