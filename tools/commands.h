// SPDX-License-Identifier: Apache-2.0
#pragma once

// accelkit's commands: what its user says about files, at a desk. None of them reaches hardware.

#include <functional>

#include <CLI/CLI.hpp>

#include "base/result.h"

namespace runx::tools {

// Each adds its commands to `app`; the chosen one is left in `chosen`, to be called after the command line is read.
using Chosen = std::function<base::Status()>;

void add_inspect(CLI::App& app, Chosen& chosen);
void add_board(CLI::App& app, Chosen& chosen);
void add_fpga(CLI::App& app, Chosen& chosen);
void add_passthrough(CLI::App& app, Chosen& chosen);
void add_image(CLI::App& app, Chosen& chosen);

// For CLI::Option::check(): what is wrong with an option's value, or "". Such a command line is none.
std::string check_key_value(const std::string& text);   // KEY=VALUE
std::string check_platform(const std::string& text);    // OS/ARCHITECTURE
std::string check_named_file(const std::string& text);  // NAME=FILE or NAME=FILE:/path/in/image

// Reads a file that the user named, of at most `limit` bytes.
base::Result<std::string> read_file(const std::string& path, std::size_t limit);

// Writes what can be made again at any time: in place and not synced. Nothing is left of a file that does not fit.
base::Status write_file(const std::string& path, std::string_view content);

}  // namespace runx::tools
