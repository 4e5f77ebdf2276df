// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <iostream>
#include <string_view>
#include <utility>

#include "tools/commands.h"
#include "tools/complete.h"

namespace {

using Adder = void (*)(CLI::App&, runx::tools::Chosen&);
constexpr std::array<std::pair<std::string_view, Adder>, 5> commands = {{{"inspect", runx::tools::add_inspect},
                                                                         {"board", runx::tools::add_board},
                                                                         {"fpga", runx::tools::add_fpga},
                                                                         {"passthrough", runx::tools::add_passthrough},
                                                                         {"image", runx::tools::add_image}}};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("The toolkit for images and boards with accelerators; it never touches hardware", "accelkit");
  app.require_subcommand(1);
  runx::tools::Chosen chosen;
  // The commands that are not called need not be described: that takes as long as a short one takes to run.
  const std::string_view called = argc > 1 ? argv[1] : "";
  const auto is_called = [called](const auto& command) { return command.first == called; };
  const bool known = std::any_of(commands.begin(), commands.end(), is_called);
  for (const auto& command : commands) {
    if (!known || is_called(command)) command.second(app, chosen);
  }
  app.footer("Exit codes: 0 fine, 1 an error or a finding, 2 a command line that is none.");
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (!words.empty() && words.front() == "complete") {
    for (const auto& word : runx::tools::completions(app, std::span(words).subspan(1))) std::cout << word << "\n";
    return 0;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const auto done = chosen();
  if (done) return 0;
  std::cerr << "accelkit: " << done.error().what << "\n";
  return 1;
}
