// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include "runtime/cli.h"

int main(int argc, char** argv) {
  // A caller may have closed descriptor 0, 1 or 2; a file or pipe of ours must not land there.
  int fd = -1;
  do fd = ::open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= 2);
  ::close(fd);
  runx::base::Host host;
  return runx::runtime::run_cli(host, std::vector<std::string>(argv + 1, argv + argc));
}
