// SPDX-License-Identifier: Apache-2.0
// Any bytes as an overlay: the reader answers, and what it tells is printable.
#include <cstddef>
#include <cstdint>

#include "bitstream/dtbo.h"
#include "tests/fuzz/hold.h"

using runx::fuzz::hold;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto nodes = runx::bitstream::read_dtbo({data, size}, "fuzz");
  if (!nodes) {
    hold(!nodes.error().what.empty());
    return 0;
  }
  hold(!nodes->empty() && nodes->size() < 256);
  for (const auto& node : *nodes) hold(!node.target.empty() && node.firmware.find('\n') == std::string::npos);
  return 0;
}
