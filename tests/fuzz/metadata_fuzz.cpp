// SPDX-License-Identifier: Apache-2.0
// Any text as an image's metadata file: it is read or complained about, in words that are printable and short.
#include <cstdint>
#include <string_view>

#include "annotations/request.h"
#include "tests/fuzz/hold.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using runx::fuzz::hold;
  const auto metadata = runx::annotations::parse_metadata({reinterpret_cast<const char*>(data), size});
  auto complaints = metadata.complaints;
  const auto parsed = runx::annotations::parse(metadata.annotations);
  complaints.insert(complaints.end(), parsed.complaints.begin(), parsed.complaints.end());
  for (const auto& complaint : complaints) {
    const auto text = sentence(complaint);
    hold(!text.empty() && text.size() < 4096);
    for (const char c : text) hold(c >= 0x20 && c < 0x7f);
  }
  return 0;
}
