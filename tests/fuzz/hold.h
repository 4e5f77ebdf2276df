// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a fuzz target promises about any input: a promise that does not hold is a finding.

#include <cstdlib>

namespace runx::fuzz {

inline void hold(bool promise) {
  if (!promise) std::abort();
}

}  // namespace runx::fuzz
