// SPDX-License-Identifier: Apache-2.0
// Any bytes as an .xclbin: what is let through can be given to XRT, as far as sections go.
#include <cstddef>
#include <cstdint>

#include "bitstream/xclbin.h"
#include "tests/fuzz/hold.h"

using runx::fuzz::hold;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto xclbin = runx::bitstream::read_xclbin({data, size}, "fuzz");
  if (!xclbin) {
    hold(!xclbin.error().what.empty());
    return 0;
  }
  for (const auto& part : xclbin->parts) hold(part.offset >= 456 && runx::base::inside(size, part.offset, part.length));
  hold(!xclbin->bitstream || *xclbin->bitstream < xclbin->parts.size());
  hold(xclbin->uuid.empty() || xclbin->uuid.size() == 32);
  return 0;
}
