// SPDX-License-Identifier: Apache-2.0
#pragma once

// The journal of one container: what it is about to take, written down before it is taken, one JSON object a line
// (spec/state.md). The first line says whose it is; after that a record is a step of the plan, and notes say how far
// it came: taken (a record stands there), acquired, released. Undo reads it, newest first. A line that a crash cut in
// two is dropped, and said.

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/host.h"
#include "plan/kinds.h"
#include "plan/step.h"
#include "runtime/resources/ledger.h"

namespace runx::resources {

// Whose journal it is. All names of what is taken are made of these, so that a record is enough to give back.
struct Container {
  Owner owner;
  std::string uuid;                       // of the domain; [a-f0-9-], unique on the machine
  std::string kubernetes_namespace = {};  // of whoever asked; empty: not known
  bool operator==(const Container&) const = default;
};

// A step as it is written down: what its kind makes of it (plan::Kind::record).
struct Record {
  std::string kind;
  unsigned version = 0;
  nlohmann::json step;  // an object
  bool operator==(const Record&) const = default;
};

Record record_of(const plan::Step& step);
// not_supported for a kind or version that this program does not know; bad_message for a record that lacks something.
base::Result<plan::Step> step_of(const Record& record, const plan::Kinds& kinds);

struct Journal {
  Container container;
  std::vector<Record> records;     // oldest first; the notes name them by their number, from 0
  std::set<std::size_t> acquired;  // whose acquisition was begun
  std::set<std::size_t> released;  // given back for good
  std::size_t torn = 0;            // bytes at the end that are no complete line
};

// Pure. Stops at the first line that no journal has; the rest counts as torn. not_supported for a journal of
// another version.
base::Result<Journal> parse_journal(std::string_view text);

// Lines of the file, with their ends.
std::string head_line(const Container& container);
std::string record_line(const Record& record);
std::string acquired_line(std::size_t number);
std::string released_line(std::size_t number);

// No file: an empty journal.
base::Result<Journal> read_journal(base::Host& host, const std::string& path);

// Takes what a crash cut in two off the end, so that whatever is added stands on a line of its own.
base::Status cut_torn(base::Host& host, const std::string& path, const Journal& journal);

}  // namespace runx::resources
