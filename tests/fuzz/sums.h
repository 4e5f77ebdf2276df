// SPDX-License-Identifier: Apache-2.0
#pragma once

// Files of bootgen's whose sums are made right after they were bent: else a fuzz target would hardly ever get past
// them.

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "tests/fake/containers.h"

namespace runx::fuzz {

// The little-endian word at an offset; 0 beyond the end.
inline std::uint64_t word(const std::string& file, std::uint64_t at) {
  return base::inside(file.size(), at, 4) ? base::le32(base::bytes_of(file), at) : 0;
}

// Leaves a table alone that is not inside the file.
inline void mend(std::string& file, std::uint64_t at, std::size_t bytes) {
  if (base::inside(file.size(), at, bytes)) fake::mend_sum(file, at, bytes);
}

}  // namespace runx::fuzz
