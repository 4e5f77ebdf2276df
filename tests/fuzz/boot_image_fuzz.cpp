// SPDX-License-Identifier: Apache-2.0
// Any bytes as a boot image, as they are and with the sums of their tables made right: what is listed lies inside.
#include <cstddef>
#include <cstdint>
#include <string>

#include "bitstream/boot_image.h"
#include "tests/fuzz/hold.h"
#include "tests/fuzz/sums.h"

using runx::fuzz::hold;
using runx::fuzz::mend;
using runx::fuzz::word;

namespace {

void look(const std::string& file) {
  const auto image = runx::bitstream::read_boot_image(runx::base::bytes_of(file), "fuzz");
  if (!image) return hold(!image.error().what.empty());
  hold(!image->parts.empty() && image->parts.size() <= 32);
  for (const auto& part : image->parts) {
    hold(runx::base::inside(file.size(), part.offset, part.length) && part.name.size() <= 1024);
    hold(!part.encrypted || image->encrypted);
    hold(!part.authenticated || image->authenticated);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string file(runx::base::text_of({data, size}));
  look(file);
  if (!runx::bitstream::has_boot_magic(runx::base::bytes_of(file))) return 0;
  const auto table = word(file, 0x98);
  const auto headers = word(file, table + 8) * 4;
  for (std::uint64_t i = 0; i < 32; ++i) mend(file, headers + i * 64, 64);
  mend(file, table, 64);
  mend(file, 0x20, 0x2C);
  look(file);
  return 0;
}
