// SPDX-License-Identifier: Apache-2.0
#pragma once

// Foreign text in a message: whatever an image or file holds, a message stays short and cannot steer a terminal.

#include <cstddef>
#include <string>
#include <string_view>

namespace runx::base {

// At most `longest` bytes of `text`, everything outside printable ASCII as \xNN, "..." where it was cut.
std::string printable(std::string_view text, std::size_t longest = 80);

}  // namespace runx::base
