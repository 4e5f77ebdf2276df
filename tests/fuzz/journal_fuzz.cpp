// SPDX-License-Identifier: Apache-2.0
// Any text as a journal: what is read can be written and read again, and what is torn adds up.
#include <cstdint>
#include <string>

#include "runtime/resources/journal.h"
#include "tests/fuzz/hold.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace runx::resources;
  using runx::fuzz::hold;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto journal = parse_journal(text);
  hold(journal.torn <= size);
  hold(journal.records.empty() || text[size - journal.torn - 1] == '\n');
  std::string again;
  for (const auto& record : journal.records) {
    hold(!record.kind.empty() && !record.fields.contains("kind"));
    again += record_line(record);
  }
  const auto back = parse_journal(again);
  hold(back.records == journal.records && back.torn == 0);
  // Whatever was torn, a record appended after the good part is read.
  const Record next{"claim", {{"claim", "region pr0"}}};
  const auto mended = parse_journal(std::string(text.substr(0, size - journal.torn)) + record_line(next));
  hold(mended.records.size() == journal.records.size() + 1 && mended.records.back() == next);
  return 0;
}
