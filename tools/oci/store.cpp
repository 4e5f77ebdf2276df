// SPDX-License-Identifier: Apache-2.0
#include "tools/oci/store.h"

#include <cerrno>

#include <sys/stat.h>

#include "base/sha256.h"

namespace runx::tools::oci {

using base::Result;

std::string blob_name(const std::string& digest) { return "blobs/sha256/" + digest.substr(digest.find(':') + 1); }

Result<std::unique_ptr<Store>> open_store(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return base::fail_errno(errno, "cannot open ", path);
  if (S_ISDIR(status.st_mode)) return open_directory_store(path);
  if (S_ISREG(status.st_mode)) return open_archive_store(path);
  return base::fail(std::errc::invalid_argument, path, " is neither a directory nor a file");
}

Result<std::string> read_all(File& file, const std::string& name, std::uint64_t limit) {
  if (file.size > limit) {
    return base::fail(std::errc::file_too_large, name, " has ", file.size, " bytes, more than ", limit);
  }
  std::string out(static_cast<std::size_t>(file.size), '\0');
  std::size_t have = 0;
  while (have < out.size()) {
    const auto got = file.source->read({reinterpret_cast<std::uint8_t*>(out.data()) + have, out.size() - have});
    if (!got) return base::context(got.error(), name);
    if (*got == 0) return base::fail(std::errc::io_error, name, " ends after ", have, " of ", file.size, " bytes");
    have += *got;
  }
  return out;
}

}  // namespace runx::tools::oci
