// SPDX-License-Identifier: Apache-2.0
#pragma once

// How the host's files are read: an object's members by their keys, and no others. For board.cpp and policy.cpp.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "annotations/value.h"
#include "base/json.h"
#include "base/result.h"

namespace runx::plan {

// Reads members of one object; the first thing that is wrong is kept with its place.
class Reader {
 public:
  Reader(const nlohmann::json& object, std::string where) : object_(object), where_(std::move(where)) {}

  base::Status only(const std::vector<std::string_view>& known) const {
    if (!object_.is_object()) return base::fail(std::errc::invalid_argument, where_, " is not an object");
    for (const auto& [key, value] : object_.items()) {
      if (std::find(known.begin(), known.end(), key) == known.end()) {
        std::vector<std::string> words(known.begin(), known.end());
        const auto near = annotations::nearest(key, words);
        return base::fail(std::errc::invalid_argument, where_, " has the unknown key \"", annotations::printable(key),
                          "\"", near.empty() ? "" : ": did you mean \"" + near + "\"?");
      }
    }
    return {};
  }

  base::Result<std::string> string(const char* key, const char* otherwise = nullptr) const {
    const auto found = object_.find(key);
    if (found == object_.end() && otherwise != nullptr) return std::string(otherwise);
    if (found == object_.end() || !found->is_string()) {
      return base::fail(std::errc::invalid_argument, where_, " needs \"", key, "\", a string");
    }
    return found->get<std::string>();
  }

  base::Result<std::string> path(const char* key, const char* otherwise = nullptr) const {
    auto value = string(key, otherwise);
    if (value && !annotations::is_clean_path(*value)) {
      return base::fail(std::errc::invalid_argument, where_, ": \"", key, "\" is not an absolute path");
    }
    return value;
  }

  // A list of paths; none where there is no such member.
  base::Result<std::vector<std::string>> paths(const char* key) const {
    std::vector<std::string> out;
    const auto* list = member(key);
    if (list == nullptr) return out;
    const auto good = [](const nlohmann::json& entry) {
      return entry.is_string() && annotations::is_clean_path(entry.get_ref<const std::string&>());
    };
    if (!list->is_array() || !std::all_of(list->begin(), list->end(), good)) {
      return base::fail(std::errc::invalid_argument, where_, ": \"", key, "\" is not a list of absolute paths");
    }
    for (const auto& entry : *list) out.push_back(entry.get<std::string>());
    return out;
  }

  // Leaves `value` alone where there is no such member.
  base::Status flag(const char* key, bool& value) const {
    const auto* found = member(key);
    if (found == nullptr) return {};
    if (!found->is_boolean()) {
      return base::fail(std::errc::invalid_argument, where_, ": \"", key, "\" is not true or false");
    }
    value = found->get<bool>();
    return {};
  }

  const nlohmann::json* member(const char* key) const { return base::member(object_, key); }

  const std::string& where() const { return where_; }

 private:
  const nlohmann::json& object_;
  std::string where_;
};

}  // namespace runx::plan
