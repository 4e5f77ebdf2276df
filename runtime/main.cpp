// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli.h"

int main(int argc, char** argv) {
  runx::base::Host host;
  return runx::runtime::run_cli(host, std::vector<std::string>(argv + 1, argv + argc));
}
