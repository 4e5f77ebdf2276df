// SPDX-License-Identifier: Apache-2.0
// Any annotations ("KEY=VALUE" lines, the prefix added to each that begins with '.'): what is told is printable and
// short, and a request without complaints survives emit and parse.
#include <cstdint>
#include <string>
#include <string_view>

#include "annotations/request.h"
#include "tests/fuzz/hold.h"

namespace {

using namespace runx::annotations;
using runx::fuzz::hold;

Annotations annotations_of(std::string_view text) {
  Annotations out;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto sign = std::min(line.find('='), line.size());
    auto key = std::string(line.substr(0, sign));
    if (key.starts_with('.')) key = std::string(prefix) + key.substr(1);
    out[key] = line.substr(std::min(line.size(), sign + 1));
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = parse(annotations_of({reinterpret_cast<const char*>(data), size}));
  for (const auto& complaint : parsed.complaints) {
    const auto text = sentence(complaint);
    hold(text.size() < 4096);
    for (const char c : text) hold(c >= 0x20 && c < 0x7f);
  }
  if (parsed.complaints.empty()) {
    const auto again = parse(emit(parsed.request));
    hold(again.complaints.empty() && again.request == parsed.request);
  }
  return 0;
}
