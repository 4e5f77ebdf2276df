// SPDX-License-Identifier: Apache-2.0
#include "runtime/resources/journal.h"

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace runx::resources {
namespace {

bool read_record(std::string_view line, Record& record) {
  const auto value = base::parse_json(line, "the journal");
  if (!value || !value->is_object()) return false;
  for (const auto& [key, field] : value->items()) {
    if (!field.is_string()) return false;
    if (key == "kind") {
      record.kind = field.get<std::string>();
    } else {
      record.fields[key] = field.get<std::string>();
    }
  }
  return !record.kind.empty();
}

}  // namespace

const std::string& field(const Record& record, const char* key) {
  static const std::string nothing;
  const auto found = record.fields.find(key);
  return found == record.fields.end() ? nothing : found->second;
}

Journal parse_journal(std::string_view text) {
  Journal journal;
  while (!text.empty()) {
    const auto end = text.find('\n');
    Record record;
    if (end == std::string_view::npos || !read_record(text.substr(0, end), record)) break;
    journal.records.push_back(std::move(record));
    text.remove_prefix(end + 1);
  }
  journal.torn = text.size();
  return journal;
}

std::string record_line(const Record& record) {
  nlohmann::json value(record.fields);
  value["kind"] = record.kind;
  return base::json_text(value) + "\n";
}

base::Result<Journal> read_journal(base::Host& host, const std::string& path) {
  const auto text = host.read(path);
  if (!text && text.error().code == std::errc::no_such_file_or_directory) return Journal{};
  if (!text) return tl::unexpected(text.error());
  return parse_journal(*text);
}

base::Status write_down(base::Host& host, const std::string& path, const Record& record) {
  return host.append(path, record_line(record));
}

}  // namespace runx::resources
