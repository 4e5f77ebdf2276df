// SPDX-License-Identifier: Apache-2.0
#pragma once

// accelkit with a command line, in this process: what it prints and what it says when it fails.

#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "tools/commands.h"

namespace runx::fake {

struct Said {
  bool good = false;
  std::string out;
  std::string error;
};

inline Said accelkit(std::vector<std::string> arguments) {
  CLI::App app("test", "accelkit");
  tools::Chosen chosen;
  tools::add_image(app, chosen);
  std::reverse(arguments.begin(), arguments.end());
  Said said;
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    said.error = std::string("usage: ") + error.what();
    return said;
  }
  std::ostringstream out;
  std::ostringstream notes;
  auto* const before = std::cout.rdbuf(out.rdbuf());
  auto* const errors_before = std::cerr.rdbuf(notes.rdbuf());
  const auto status = chosen();
  std::cout.rdbuf(before);
  std::cerr.rdbuf(errors_before);
  said.good = status.has_value();
  said.out = out.str();
  said.error = notes.str() + (status ? "" : status.error().what);
  return said;
}

}  // namespace runx::fake
