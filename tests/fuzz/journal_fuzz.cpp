// SPDX-License-Identifier: Apache-2.0
// Any text as a journal: what is read can be written and read again, what is torn adds up, and a record is either the
// step that its kind would write down, or refused.
#include <cstdint>
#include <string>

#include "plan/kind.h"
#include "runtime/resources/journal.h"
#include "tests/fuzz/hold.h"

namespace {

using namespace runx::resources;
using runx::fuzz::hold;

void hold_record(const Record& record) {
  const auto step = step_of(record, runx::plan::kinds());
  if (step) hold(record_of(*step) == record);
}

std::string text_of(const Journal& journal) {
  auto out = head_line(journal.container);
  for (const auto& record : journal.records) out += record_line(record);
  for (const auto number : journal.acquired) out += acquired_line(number);
  for (const auto number : journal.released) out += released_line(number);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto journal = parse_journal(text);
  if (!journal) return 0;
  hold(journal->torn <= size);
  if (journal->torn == size) return 0;
  hold(text[size - journal->torn - 1] == '\n');
  for (const auto& record : journal->records) hold_record(record);
  const auto back = parse_journal(text_of(*journal));
  hold(back && back->container == journal->container && back->records == journal->records && back->torn == 0 &&
       back->acquired == journal->acquired && back->released == journal->released);
  // Whatever was torn, a record appended after the good part is read.
  const Record next{"device", 1, {{"node", "/axi/timer@ff110000"}}};
  const auto mended = parse_journal(std::string(text.substr(0, size - journal->torn)) + record_line(next));
  hold(mended && mended->records.size() == journal->records.size() + 1 && mended->records.back() == next);
  return 0;
}
