// SPDX-License-Identifier: Apache-2.0
#pragma once

// Foreign text in a message: whatever an image or file holds, a message stays short and cannot steer a terminal.

#include <cstddef>
#include <string>
#include <string_view>

namespace runx::base {

// At most `longest` bytes of `text`, everything outside printable ASCII as \xNN, "..." where it was cut.
std::string printable(std::string_view text, std::size_t longest = 80);

// All of `text` as it may leave a program: UTF-8, newlines and tabs stay, every other control character, and those that
// turn the direction of writing, become \uNNNN, and bytes that are not UTF-8 \xNN. So JSON stays JSON: outside of its
// strings it has none of these, and in them \uNNNN is the same character.
std::string printable_text(std::string_view text);

// The same of what has to stay on one line: newlines and tabs become \u000a and \u0009.
std::string printable_line(std::string_view text);

}  // namespace runx::base
