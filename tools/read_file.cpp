// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include "base/host.h"
#include "tools/commands.h"

namespace runx::tools {

base::Result<std::string> read_file(const std::string& path, std::size_t limit) {
  base::Host files;
  return files.read(path, limit);
}

base::Status write_file(const std::string& path, std::string_view content) {
  base::Host files;
  const auto file = files.open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (!file) return tl::unexpected(file.error());
  const int error = base::write_all(file->get(), content);
  if (error == 0) return {};
  ::unlink(path.c_str());
  return base::fail_errno(error, "cannot write ", path);
}

}  // namespace runx::tools
