// SPDX-License-Identifier: Apache-2.0
#include <cerrno>

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
  while (!content.empty()) {
    const auto written = ::write(file->get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int error = errno;
      ::unlink(path.c_str());
      return base::fail_errno(error, "cannot write ", path);
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace runx::tools
