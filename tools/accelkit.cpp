// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "tools/commands.h"

int main(int argc, char** argv) {
  CLI::App app("The toolkit for images and boards with accelerators; it never touches hardware", "accelkit");
  app.require_subcommand(1);
  runx::tools::Chosen chosen;
  runx::tools::add_inspect(app, chosen);
  runx::tools::add_board(app, chosen);
  runx::tools::add_passthrough(app, chosen);
  runx::tools::add_image(app, chosen);
  app.footer("Exit codes: 0 fine, 1 an error or a finding, 2 a command line that is none.");
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
