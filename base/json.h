// SPDX-License-Identifier: Apache-2.0
#pragma once

// JSON text to a value, without exceptions and without surprises: a key that stands twice is an error (the last
// one would win silently), nesting is limited to 64 levels, and what follows the value must be white space.

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace runx::base {

// `name` is what the error calls the text ("/etc/runx-accel/board.json").
Result<nlohmann::json> parse_json(std::string_view text, const std::string& name);

// Whether a JSON text can hold it: it is UTF-8.
bool fits_json(std::string_view text);
// The member of that name; nullptr when `value` is no object, or has none.
const nlohmann::json* member(const nlohmann::json& value, std::string_view key);
// The same when it is a string, or "".
std::string text_member(const nlohmann::json& value, std::string_view key);

// The text of a value, with anything that is not UTF-8 replaced; never throws. indent < 0: one line.
std::string json_text(const nlohmann::json& value, int indent = -1);

}  // namespace runx::base
