// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a shell offers for the word under the cursor: taken from the program's own description of its commands, so that
// a new option is offered without anybody having written it down twice. packaging/completions/accelkit.bash asks for it
// by `accelkit complete WORD...`, which is no command of the program's users.

#include <span>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace runx::tools {

// `words` are those after the program's name; the last one is what has been typed of the word to complete and may be
// empty. Commands, options, or the values of an option that has a list of them; nothing where a file or a value of the
// user's own is to be written.
std::vector<std::string> completions(const CLI::App& app, std::span<const std::string> words);

}  // namespace runx::tools
