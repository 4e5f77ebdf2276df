// SPDX-License-Identifier: Apache-2.0
// Any text as what `xl list -v` prints: domain names are their owners', and may look like anything.
#include <cstdint>

#include "tests/fuzz/hold.h"
#include "xen/xl.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using runx::fuzz::hold;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& domain : runx::xen::parse_list(text)) {
    hold(domain.uuid.size() == 36 && text.find(domain.uuid) != std::string_view::npos);
    hold(!domain.crashed || domain.shut_down);
  }
  return 0;
}
