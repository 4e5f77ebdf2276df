// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <vector>

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

  // All files are written before the first is synced: the file system then has one thing to wait for, not one a file.
  Status commit(const std::map<std::string, std::string>& blobs, const std::string& index) override {
    const Fd folder(beneath("blobs/sha256", O_RDONLY | O_DIRECTORY));
    if (!folder) return base::fail_errno(errno, "cannot open blobs/sha256 of ", path_);
    std::vector<Temporary> fresh;
    for (const auto& [digest, content] : blobs) {
      const auto name = digest.substr(digest.find(':') + 1);
      if (::faccessat(folder.get(), name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) continue;
      if (auto done = write(fresh.emplace_back(folder, name), content); !done) return done;
    }
    Temporary last(directory_, "index.json");
    if (auto done = write(last, index); !done) return done;
    for (auto& file : fresh) {
      if (auto done = sync(file.file(), file.name()); !done) return done;
    }
    if (auto done = sync(last.file(), last.name()); !done) return done;
    for (auto& file : fresh) {
      if (auto done = rename(file); !done) return done;
    }
    if (auto done = sync(folder, "blobs/sha256"); !done) return done;
    if (auto done = rename(last); !done) return done;
    return sync(directory_, "the folder");
  }

 private:
  // A file under a name that nobody looks for; it goes with its owner unless it was renamed.
  class Temporary {
   public:
    Temporary(const Fd& folder, std::string name)
        : folder_(folder.get()), name_(std::move(name)), temporary_(base::text(".accelkit-", ::getpid(), "-", name_)) {
      ::unlinkat(folder_, temporary_.c_str(), 0);
      file_ = Fd(::openat(folder_, temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    }
    Temporary(Temporary&& other) noexcept = default;
    ~Temporary() {
      if (file_) ::unlinkat(folder_, temporary_.c_str(), 0);
    }
    const Fd& file() const { return file_; }
    const std::string& name() const { return name_; }
    bool rename() {
      if (::renameat(folder_, temporary_.c_str(), folder_, name_.c_str()) != 0) return false;
      file_.reset();
      return true;
    }

   private:
    int folder_;
    std::string name_;
    std::string temporary_;
    Fd file_;
  };

  int beneath(const std::string& name, int flags) const {
    struct open_how how {};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    return static_cast<int>(::syscall(SYS_openat2, directory_.get(), name.c_str(), &how, sizeof how));
  }

  Status write(const Temporary& to, const std::string& content) const {
    if (!to.file()) return base::fail_errno(errno, "cannot write ", to.name(), " of ", path_);
    for (std::size_t at = 0; at < content.size();) {
      const auto put = ::write(to.file().get(), content.data() + at, content.size() - at);
      if (put < 0 && errno != EINTR) return base::fail_errno(errno, "cannot write ", to.name(), " of ", path_);
      if (put > 0) at += static_cast<std::size_t>(put);
    }
    return {};
  }

  Status sync(const Fd& file, const std::string& name) const {
    if (::fsync(file.get()) != 0) return base::fail_errno(errno, "cannot sync ", name, " of ", path_);
    return {};
  }

  Status rename(Temporary& file) const {
    if (!file.rename()) return base::fail_errno(errno, "cannot rename ", file.name(), " of ", path_);
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
