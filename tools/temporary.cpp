// SPDX-License-Identifier: Apache-2.0
#include "tools/temporary.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>

namespace runx::tools {

base::Result<Temporary> Temporary::make() {
  std::error_code error;
  const auto where = std::filesystem::temp_directory_path(error);
  if (error) return base::fail(std::errc::no_such_file_or_directory, "there is no directory for temporary files");
  std::string path = where / "accelkit-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) return base::fail_errno(errno, "cannot make a directory in ", where.string());
  Temporary out;
  out.path_ = std::move(path);
  return out;
}

Temporary::~Temporary() {
  std::error_code ignored;  // nothing depends on it
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace runx::tools
