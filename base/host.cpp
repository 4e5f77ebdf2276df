// SPDX-License-Identifier: Apache-2.0
#include "base/host.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

namespace runx::base {
namespace {

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

Status write_all(const Fd& file, std::string_view content, const std::string& path) {
  if (const int error = base::write_all(file.get(), content); error != 0)
    return fail_errno(error, "cannot write ", path);
  return {};
}

Status sync(const Fd& file, const std::string& path) {
  // EINVAL, EROFS: a file system that has nothing to sync.
  if (::fsync(file.get()) != 0 && errno != EINVAL && errno != EROFS) return fail_errno(errno, "cannot write ", path);
  return {};
}

Status sync_directory(const std::string& real_path) {
  const Fd directory(::open(parent_of(real_path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return fail_errno(errno, "cannot open ", parent_of(real_path));
  return sync(directory, real_path);
}

constexpr int temporary_digits = 6;  // that mkostemp(3) puts in

// A complete, synced temporary beside `real_path`. It gets its name only when it is complete, so that somebody who is
// killed while writing (a bitstream has tens of megabytes) leaves nothing behind; on a file system that knows no
// nameless files (9p) it has one from the start.
Result<std::string> write_temporary(const std::string& real_path, const std::string& path, std::string_view content,
                                    mode_t mode) {
  std::string name = real_path + ".XXXXXX";
  Fd file(::open(parent_of(real_path).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
  const bool nameless = static_cast<bool>(file);
  if (!nameless) file = Fd(::mkostemp(name.data(), O_CLOEXEC));
  if (!file) return fail_errno(errno, "cannot write ", path);
  auto done = write_all(file, content, path);
  if (done && ::fchmod(file.get(), mode) != 0) done = fail_errno(errno, "cannot write ", path);
  if (done) done = sync(file, path);
  if (done && nameless) {
    // As many digits as mkostemp's; a pid has at most 22 bits (proc(5), pid_max).
    name = real_path + "." + hex(static_cast<unsigned>(::getpid()), temporary_digits).substr(2);
    ::unlink(name.c_str());
    if (::linkat(AT_FDCWD, text("/proc/self/fd/", file.get()).c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) != 0)
      done = fail_errno(errno, "cannot write ", path);
  }
  if (!done) {
    if (!nameless) ::unlink(name.c_str());
    return tl::unexpected(done.error());
  }
  return name;
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

Status remove_below(int parent, const std::string& name, const std::string& path) {
  struct stat status {};
  if (::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return {};
    return fail_errno(errno, "cannot look at ", path);
  }
  if (S_ISDIR(status.st_mode)) {
    // RESOLVE_NO_XDEV and not st_dev: a bind mount shows the same device on both sides.
    struct open_how how {};
    how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    how.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS;
    Fd fd(static_cast<int>(::syscall(SYS_openat2, parent, name.c_str(), &how, sizeof how)));
    if (!fd && errno == EXDEV)
      return fail(std::errc::cross_device_link, path,
                  " is a mount point: unmount it first, what is in it is left alone");
    if (!fd) return fail_errno(errno, "cannot open ", path);
    const std::unique_ptr<DIR, CloseDirectory> directory(::fdopendir(fd.get()));
    if (!directory) return fail_errno(errno, "cannot read ", path);
    const int self = fd.release();
    while (const dirent* entry = ::readdir(directory.get())) {
      if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
      auto removed = remove_below(self, entry->d_name, path + "/" + entry->d_name);
      if (!removed) return removed;
    }
  }
  const int flags = S_ISDIR(status.st_mode) ? AT_REMOVEDIR : 0;
  if (::unlinkat(parent, name.c_str(), flags) != 0 && errno != ENOENT) return fail_errno(errno, "cannot remove ", path);
  return {};
}

}  // namespace

Result<std::string> read_all(const Fd& file, const std::string& name, std::size_t limit) {
  std::string content;
  std::array<char, 16384> buffer{};
  for (;;) {
    const auto got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "cannot read ", name);
    if (got == 0) return content;
    if (static_cast<std::size_t>(got) > limit - content.size()) {
      return fail(std::errc::file_too_large, name, " is larger than ", limit, " bytes");
    }
    content.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

Result<std::string> Host::read(const std::string& path, std::size_t limit) {
  const Fd file(::open(real(path).c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file) return fail_errno(errno, "cannot open ", path);
  return read_all(file, path, limit);
}

bool Host::exists(const std::string& path) { return ::access(real(path).c_str(), F_OK) == 0; }

Result<std::vector<std::string>> Host::list(const std::string& path) {
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(real(path).c_str()));
  if (!directory) return fail_errno(errno, "cannot read ", path);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Status Host::write_attribute(const std::string& path, std::string_view value) {
  const Fd file(::open(real(path).c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  if (!file) return fail_errno(errno, "cannot open ", path);
  const auto put = ::write(file.get(), value.data(), value.size());
  if (put < 0) return fail_errno(errno, "cannot write ", path);
  if (static_cast<std::size_t>(put) != value.size()) {
    return fail(std::errc::io_error, path, " took only ", put, " of ", value.size(), " bytes");
  }
  return {};
}

Status Host::write(const std::string& path, std::string_view content, mode_t mode) {
  const auto target = real(path);
  auto temporary = write_temporary(target, path, content, mode);
  if (!temporary) return tl::unexpected(temporary.error());
  if (::rename(temporary->c_str(), target.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary->c_str());
    return fail_errno(error, "cannot write ", path);
  }
  return sync_directory(target);
}

Status Host::write_new(const std::string& path, std::string_view content, mode_t mode) {
  const auto target = real(path);
  auto temporary = write_temporary(target, path, content, mode);
  if (!temporary) return tl::unexpected(temporary.error());
  // link(2) fails when the name is taken, so of two writers one wins with its content complete.
  const int error = ::link(temporary->c_str(), target.c_str()) == 0 ? 0 : errno;
  ::unlink(temporary->c_str());
  if (error != 0) return fail_errno(error, "cannot write ", path);
  return sync_directory(target);
}

Status Host::append(const std::string& path, std::string_view content) {
  const Fd file(::open(real(path).c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return fail_errno(errno, "cannot open ", path);
  auto done = write_all(file, content, path);
  if (!done) return done;
  return sync(file, path);
}

Status Host::make_directory(const std::string& path, mode_t mode) {
  if (::mkdir(real(path).c_str(), mode) != 0) return fail_errno(errno, "cannot make the directory ", path);
  return {};
}

Status Host::remove(const std::string& path) {
  const auto target = real(path);
  if (::unlink(target.c_str()) == 0 || errno == ENOENT || errno == ENOTDIR) return {};
  if (errno != EISDIR) return fail_errno(errno, "cannot remove ", path);
  if (::rmdir(target.c_str()) != 0 && errno != ENOENT) return fail_errno(errno, "cannot remove ", path);
  return {};
}

Status Host::remove_temporaries(const std::string& path) {
  const auto directory = parent_of(path);
  const auto names = list(directory);
  if (!names && names.error().code == std::errc::no_such_file_or_directory) return {};
  if (!names) return tl::unexpected(names.error());
  const auto start = path.substr(path.rfind('/') + 1) + ".";
  for (const auto& name : *names) {
    if (!name.starts_with(start) || name.size() != start.size() + std::size_t{temporary_digits}) continue;
    if (auto removed = remove(directory + "/" + name); !removed) return removed;
  }
  return {};
}

Status Host::remove_tree(const std::string& path) {
  auto target = real(path);
  while (target.size() > 1 && target.back() == '/') target.pop_back();
  const Fd parent(::open(parent_of(target).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!parent) {
    if (errno == ENOENT) return {};
    return fail_errno(errno, "cannot open ", parent_of(path));
  }
  return remove_below(parent.get(), target.substr(target.rfind('/') + 1), path);
}

Result<Fd> Host::open(const std::string& path, int flags, mode_t mode) {
  Fd file(::open(real(path).c_str(), flags | O_CLOEXEC, mode));
  if (!file) return fail_errno(errno, "cannot open ", path);
  return file;
}

Result<Fd> Host::connect(const std::string& path) {
  const auto target = real(path);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (target.size() >= sizeof address.sun_path)
    return fail(std::errc::filename_too_long, "the socket's path ", path, " is too long");
  std::memcpy(address.sun_path, target.data(), target.size());
  Fd connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!connection) return fail_errno(errno, "cannot make a socket");
  if (::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail_errno(errno, "cannot connect to ", path);
  }
  return connection;
}

Result<Outcome> Host::run(const Command& command) { return run_command(command); }

Result<int> Host::spawn(const std::vector<std::string>& argv, const std::vector<int>& inherit) {
  return spawn_command(argv, inherit);
}

}  // namespace runx::base
