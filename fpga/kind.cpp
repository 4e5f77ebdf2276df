// SPDX-License-Identifier: Apache-2.0
#include "fpga/kind.h"

#include <array>
#include <string_view>

namespace runx::fpga {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::size_t at;
  std::string_view bytes;
  const char* kind;
};

// Words of the boot headers are little-endian, so "XNLX" stands for the word 0x584C4E58, whose letters read
// backwards; the sync word in front of each keeps text files out.
constexpr std::array magics = {
    Magic{0, "xclbin2\0"sv, "an .xclbin container"},
    Magic{0,
          "\x7f"
          "ELF"sv,
          "an ELF file"},
    Magic{0, "\xD0\x0D\xFE\xED"sv, "a device tree blob (.dtb or .dtbo)"},
    Magic{0, "\x1F\x8B"sv, "a gzip file"},
    Magic{0,
          "\xFD"
          "7zXZ\0"sv,
          "an xz file"},
    Magic{0, "\x28\xB5\x2F\xFD"sv, "a zstd file"},
    Magic{0, "PK\x03\x04"sv, "a zip archive"},
    Magic{0x20,
          "\x66\x55\x99\xAA"
          "XNLX"sv,
          "a Zynq boot image of bootgen"},
    Magic{0x20,
          "\x66\x55\x99\xAA"
          "XLNX"sv,
          "a Zynq boot image of bootgen"},
    Magic{0x10,
          "\x66\x55\x99\xAA"
          "XNLX"sv,
          "a Versal PDI"},
    Magic{0x10,
          "\x66\x55\x99\xAA"
          "XLNX"sv,
          "a Versal PDI"},
    Magic{0x28, "FPDI"sv, "a Versal PDI"},
    Magic{0x28, "PPDI"sv, "a partial Versal PDI"},
};

}  // namespace

std::string kind_of(base::Bytes file) {
  if (file.empty()) return "an empty file";
  const auto text = base::text_of(file);
  for (const auto& magic : magics) {
    if (text.size() > magic.at && text.substr(magic.at).starts_with(magic.bytes)) return magic.kind;
  }
  return {};
}

}  // namespace runx::fpga
