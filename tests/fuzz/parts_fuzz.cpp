// SPDX-License-Identifier: Apache-2.0
// Any text as a table of parts: every row that is let through can be found again.
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "bitstream/parts.h"
#include "tests/fuzz/hold.h"

using runx::fuzz::hold;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parts = runx::bitstream::Parts::parse(runx::base::text_of({data, size}), "fuzz");
  if (!parts) {
    hold(!parts.error().what.empty());
    return 0;
  }
  const auto table = runx::bitstream::Parts::built_in().with(*parts);
  for (const auto& row : parts->rows()) {
    hold(!row.name.empty() && row.idcode <= 0x0FFFFFFF);
    const auto* found = table.find(row.idcode);
    hold(found != nullptr && found->name == row.name);
  }
  return 0;
}
