// SPDX-License-Identifier: Apache-2.0
#include "base/host.h"
#include "tools/commands.h"

namespace runx::tools {

base::Result<std::string> read_file(const std::string& path, std::size_t limit) {
  base::Host files;
  return files.read(path, limit);
}

}  // namespace runx::tools
