// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "tools/oci/store.h"

namespace runx::tools::oci {
namespace {

using base::Fd;
using base::Result;
using base::Status;

class FileSource : public Source {
 public:
  explicit FileSource(Fd file) : file_(std::move(file)) {}

  Result<std::size_t> read(std::span<std::uint8_t> buffer) override {
    for (;;) {
      const auto got = ::read(file_.get(), buffer.data(), buffer.size());
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) return base::fail_errno(errno, "cannot read");
    }
  }

 private:
  Fd file_;
};

class DirectoryStore : public Store {
 public:
  DirectoryStore(Fd directory, std::string path) : directory_(std::move(directory)), path_(std::move(path)) {}

  Result<File> open(const std::string& name) override {
    // O_NONBLOCK: a FIFO in a blob's place must not make us wait for a writer.
    Fd file(beneath(name, O_RDONLY | O_NONBLOCK | O_NOCTTY));
    if (!file && errno == ELOOP) {
      return base::fail(std::errc::invalid_argument, name, " of ", path_,
                        " is reached through a symbolic link, which a layout must not have");
    }
    if (!file) return base::fail_errno(errno, "cannot open ", name, " of ", path_);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return base::fail_errno(errno, "cannot look at ", name, " of ", path_);
    if (!S_ISREG(status.st_mode)) {
      return base::fail(std::errc::invalid_argument, name, " of ", path_, " is not a regular file");
    }
    return File{static_cast<std::uint64_t>(status.st_size), std::make_unique<FileSource>(std::move(file))};
  }

  Status commit(const std::map<std::string, std::string>& blobs, const std::string& index) override {
    if (!blobs.empty()) {
      const Fd folder(beneath("blobs/sha256", O_RDONLY | O_DIRECTORY));
      if (!folder) return base::fail_errno(errno, "cannot open blobs/sha256 of ", path_);
      for (const auto& [digest, content] : blobs) {
        const auto name = digest.substr(digest.find(':') + 1);
        if (::faccessat(folder.get(), name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) continue;
        if (auto done = put(folder, name, content); !done) return done;
      }
      if (::fsync(folder.get()) != 0) return base::fail_errno(errno, "cannot sync blobs/sha256 of ", path_);
    }
    if (auto done = put(directory_, "index.json", index); !done) return done;
    if (::fsync(directory_.get()) != 0) return base::fail_errno(errno, "cannot sync ", path_);
    return {};
  }

 private:
  int beneath(const std::string& name, int flags) const {
    struct open_how how {};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    return static_cast<int>(::syscall(SYS_openat2, directory_.get(), name.c_str(), &how, sizeof how));
  }

  // A temporary, synced, then renamed over `name`.
  Status put(const Fd& folder, const std::string& name, const std::string& content) const {
    const std::string temporary = base::text(".accelkit-", ::getpid(), "-", name);
    ::unlinkat(folder.get(), temporary.c_str(), 0);
    const Fd file(::openat(folder.get(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!file) return base::fail_errno(errno, "cannot write ", name, " of ", path_);
    auto done = write(file, content, name);
    if (done && ::renameat(folder.get(), temporary.c_str(), folder.get(), name.c_str()) != 0)
      done = base::fail_errno(errno, "cannot rename ", name, " of ", path_);
    if (!done) ::unlinkat(folder.get(), temporary.c_str(), 0);
    return done;
  }

  Status write(const Fd& file, const std::string& content, const std::string& name) const {
    for (std::size_t at = 0; at < content.size();) {
      const auto put = ::write(file.get(), content.data() + at, content.size() - at);
      if (put < 0 && errno != EINTR) return base::fail_errno(errno, "cannot write ", name, " of ", path_);
      if (put > 0) at += static_cast<std::size_t>(put);
    }
    if (::fsync(file.get()) != 0) return base::fail_errno(errno, "cannot sync ", name, " of ", path_);
    return {};
  }

  Fd directory_;
  std::string path_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_directory_store(const std::string& path) {
  Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return base::fail_errno(errno, "cannot open ", path);
  return std::make_unique<DirectoryStore>(std::move(directory), path);
}

}  // namespace runx::tools::oci
