// SPDX-License-Identifier: Apache-2.0
#include "base/printable.h"

namespace runx::base {

std::string printable(std::string_view text, std::size_t longest) {
  static constexpr std::string_view hex = "0123456789abcdef";
  std::string out;
  for (const char c : text.substr(0, longest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {
      out += "\\x";
      out += hex[byte >> 4];
      out += hex[byte & 15];
    }
  }
  return text.size() > longest ? out + "..." : out;
}

}  // namespace runx::base
