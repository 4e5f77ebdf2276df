// SPDX-License-Identifier: Apache-2.0
#pragma once

// The journal of one container: what it is about to take, written down before it is taken, one JSON object a line
// (spec/state.md). Undo reads it, newest first. A line that a crash cut in two is dropped, and said.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/host.h"

namespace runx::resources {

struct Record {
  std::string kind;                           // "claim", "bitstream", "domain"
  std::map<std::string, std::string> fields;  // what `release` of that kind needs to know
  bool operator==(const Record&) const = default;
};

// A record's field; empty where it has none.
const std::string& field(const Record& record, const char* key);

struct Journal {
  std::vector<Record> records;  // oldest first
  std::size_t torn = 0;         // bytes at the end that are no complete record
};

// Pure. Stops at the first line that is not a record; the rest counts as torn.
Journal parse_journal(std::string_view text);
std::string record_line(const Record& record);

// No file: an empty journal.
base::Result<Journal> read_journal(base::Host& host, const std::string& path);
base::Status write_down(base::Host& host, const std::string& path, const Record& record);

}  // namespace runx::resources
