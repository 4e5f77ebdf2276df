// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the containers of bitstreams (boot image, PDI, .xclbin) have in common: a list of parts, and, for the two that
// bootgen writes, tables of little-endian words whose last one is a checksum.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace runx::bitstream {

// One part of a container. Its bytes lie inside the file: whoever has one need not look again.
struct Component {
  std::string name;  // what the tool called it, made printable; empty when it has none
  std::string kind;  // "bitstream", "cdo", "MEM_TOPOLOGY" …
  std::size_t offset = 0;
  std::size_t length = 0;
  std::optional<std::uint32_t> id, unique_id, parent_unique_id;  // of a PDI's image
  bool encrypted = false;
  bool authenticated = false;
};

// True when the last word of `table` is the ones' complement of the sum of those before it, as bootgen writes it
// (UG1283, "Image Header Table", "Partition Header"). The table has at least one word, and whole ones.
inline bool has_word_sum(base::Bytes table) {
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at + 4 < table.size(); at += 4) sum += base::le32(table, at);
  return base::le32(table, table.size() - 4) == static_cast<std::uint32_t>(~sum);
}

}  // namespace runx::bitstream
