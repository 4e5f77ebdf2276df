// SPDX-License-Identifier: Apache-2.0
#include "bitstream/kind.h"

#include <array>
#include <string_view>

namespace runx::bitstream {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::string_view bytes;
  const char* kind;
};

constexpr std::array magics = {
    Magic{"\x7f"
          "ELF"sv,
          "an ELF file"},
    Magic{"\x1F\x8B"sv, "a gzip file"},
    Magic{"\xFD"
          "7zXZ\0"sv,
          "an xz file"},
    Magic{"\x28\xB5\x2F\xFD"sv, "a zstd file"},
    Magic{"PK\x03\x04"sv, "a zip archive"},
};

}  // namespace

std::string kind_of(base::Bytes file) {
  if (file.empty()) return "an empty file";
  const auto text = base::text_of(file);
  for (const auto& magic : magics) {
    if (text.starts_with(magic.bytes)) return magic.kind;
  }
  return {};
}

}  // namespace runx::bitstream
