// SPDX-License-Identifier: Apache-2.0
// Any bytes as a PDI, as they are and with the sums of their tables made right: what is listed lies inside.
#include <cstddef>
#include <cstdint>
#include <string>

#include "bitstream/pdi.h"
#include "tests/fuzz/hold.h"
#include "tests/fuzz/sums.h"

using runx::fuzz::hold;
using runx::fuzz::mend;
using runx::fuzz::word;

namespace {

void look(const std::string& file) {
  const auto pdi = runx::bitstream::read_pdi(runx::base::bytes_of(file), "fuzz");
  if (!pdi) return hold(!pdi.error().what.empty());
  hold(pdi->parts.size() <= 32 && (!pdi->hidden || (pdi->encrypted && pdi->parts.empty())));
  for (const auto& part : pdi->parts) {
    hold(runx::base::inside(file.size(), part.offset, part.length) && part.name.size() <= 64);
    hold(!part.encrypted || pdi->encrypted);
    hold(!part.authenticated || pdi->authenticated);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string file(runx::base::text_of({data, size}));
  look(file);
  if (!runx::bitstream::has_pdi_magic(runx::base::bytes_of(file))) return 0;
  const bool whole = word(file, 0x10) == 0xAA995566;
  const auto table = whole ? word(file, 0xC4) : 0x10;
  const auto images = word(file, table + 8) * 4;
  const auto headers = word(file, table + 0x10) * 4;
  for (std::uint64_t i = 0; i < 32; ++i) {
    mend(file, images + i * 64, 64);
    mend(file, headers + i * 128, 128);
  }
  mend(file, table, 128);
  if (whole) mend(file, 0x10, 0xF24);
  look(file);
  return 0;
}
