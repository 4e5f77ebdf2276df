// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "base/host.h"
#include "tools/commands.h"

namespace runx::tools {

base::Result<std::string> read_file(const std::string& path, std::size_t limit) {
  base::Host files;
  return files.read(path, limit);
}

}  // namespace runx::tools

int main(int argc, char** argv) {
  CLI::App app("The toolkit for images and boards with accelerators; it never touches hardware", "accelkit");
  app.require_subcommand(1);
  runx::tools::Chosen chosen;
  runx::tools::add_inspect(app, chosen);
  runx::tools::add_board(app, chosen);
  runx::tools::add_image(app, chosen);
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
