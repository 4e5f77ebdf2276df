// SPDX-License-Identifier: Apache-2.0
#include "plan/record_reader.h"

#include <algorithm>
#include <limits>

#include <nlohmann/json.hpp>

#include "base/printable.h"

namespace runx::plan {

RecordReader::RecordReader(const nlohmann::json& record) : record_(record) {
  if (!record.is_object()) wrong_ = "is not an object";
}

const nlohmann::json* RecordReader::find(const char* member) {
  asked_.insert(member);
  const auto found = record_.is_object() ? record_.find(member) : record_.end();
  if (!record_.is_object()) return nullptr;
  if (found == record_.end()) {
    complain(member, "is missing");
    return nullptr;
  }
  return &*found;
}

void RecordReader::complain(const char* member, const char* what) {
  if (wrong_.empty()) wrong_ = base::text("\"", member, "\" ", what);
}

std::string RecordReader::text(const char* member) {
  const auto* value = find(member);
  if (value != nullptr && value->is_string()) return value->get<std::string>();
  if (value != nullptr) complain(member, "is not a string");
  return {};
}

std::vector<std::string> RecordReader::texts(const char* member) {
  const auto* value = find(member);
  if (value == nullptr) return {};
  const auto is_text = [](const nlohmann::json& entry) { return entry.is_string(); };
  if (value->is_array() && !value->empty() && std::all_of(value->begin(), value->end(), is_text)) {
    return value->get<std::vector<std::string>>();
  }
  complain(member, "is not a list of strings with at least one");
  return {};
}

bool RecordReader::flag(const char* member) {
  const auto* value = find(member);
  if (value != nullptr && value->is_boolean()) return value->get<bool>();
  if (value != nullptr) complain(member, "is not true or false");
  return false;
}

std::uint64_t RecordReader::number(const char* member) {
  const auto* value = find(member);
  if (value != nullptr && value->is_number_unsigned()) return value->get<std::uint64_t>();
  if (value != nullptr) complain(member, "is not a number");
  return 0;
}

unsigned RecordReader::small_number(const char* member) {
  const auto value = number(member);
  if (value > std::numeric_limits<unsigned>::max()) complain(member, "is too large");
  return static_cast<unsigned>(value);
}

base::Status RecordReader::done() const {
  if (!wrong_.empty()) return base::fail(std::errc::invalid_argument, wrong_);
  for (const auto& [key, value] : record_.items()) {
    if (!asked_.contains(key)) {
      return base::fail(std::errc::invalid_argument, "\"", base::printable(key), "\" is not known");
    }
  }
  return {};
}

}  // namespace runx::plan
