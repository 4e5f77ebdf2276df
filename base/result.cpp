// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <array>
#include <charconv>

namespace runx::base {

std::string hex(unsigned long long value, int digits) {
  std::array<char, 16> buffer{};
  const auto end = std::to_chars(buffer.begin(), buffer.end(), value, 16).ptr;
  const auto length = static_cast<std::size_t>(end - buffer.begin());
  const auto wanted = static_cast<std::size_t>(digits < 0 ? 0 : digits);
  return "0x" + std::string(wanted > length ? wanted - length : 0, '0') + std::string(buffer.data(), length);
}

}  // namespace runx::base
