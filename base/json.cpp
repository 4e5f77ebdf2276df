// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <set>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/printable.h"

namespace runx::base {
namespace {

constexpr std::size_t max_depth = 64;

// Watches the parser: too deep, or a key that stands twice in one object, ends it.
class Watch {
 public:
  bool operator()(int depth, nlohmann::json::parse_event_t event, const nlohmann::json& value) {
    using Event = nlohmann::json::parse_event_t;
    if (!complaint_.empty()) return true;
    if (event == Event::object_start || event == Event::array_start) {
      if (static_cast<std::size_t>(depth) >= max_depth) complaint_ = text("nested deeper than ", max_depth, " levels");
      keys_.emplace_back();
    } else if (event == Event::object_end || event == Event::array_end) {
      keys_.pop_back();
    } else if (event == Event::key) {
      const auto& key = value.get_ref<const std::string&>();
      if (!keys_.back().insert(key).second) {
        complaint_ = text("the key \"", printable(key), "\" stands twice in one object");
      }
    }
    return true;
  }

  const std::string& complaint() const { return complaint_; }

 private:
  std::vector<std::set<std::string>> keys_;
  std::string complaint_;
};

}  // namespace

Result<nlohmann::json> parse_json(std::string_view source, const std::string& name) {
  // The library takes a NUL for the end of the text and would not look at what follows it.
  if (source.find('\0') != std::string_view::npos)
    return fail(std::errc::invalid_argument, name, " is not JSON: it has a NUL in it");
  Watch watch;
  try {
    auto value = nlohmann::json::parse(source, std::ref(watch));
    if (!watch.complaint().empty())
      return fail(std::errc::invalid_argument, name, " is not usable JSON: ", watch.complaint());
    return value;
  } catch (const nlohmann::json::exception& error) {
    // The library's text begins with "[json.exception.…] "; people need what follows.
    std::string_view what = error.what();
    if (const auto end = what.find("] "); end != std::string_view::npos) what.remove_prefix(end + 2);
    return fail(std::errc::invalid_argument, name, " is not JSON: ", printable(what, 200));
  }
}

bool fits_json(std::string_view text) {
  try {
    static_cast<void>(nlohmann::json(text).dump());
    return true;
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

const nlohmann::json* member(const nlohmann::json& value, std::string_view key) {
  if (!value.is_object()) return nullptr;
  const auto found = value.find(key);
  return found == value.end() ? nullptr : &*found;
}

std::string text_member(const nlohmann::json& value, std::string_view key) {
  const auto* found = member(value, key);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

std::string json_text(const nlohmann::json& value, int indent) {
  return value.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace runx::base
