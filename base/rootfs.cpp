// SPDX-License-Identifier: Apache-2.0
#include "base/rootfs.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/syscall.h>

namespace runx::base {

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::uint8_t*>(data_), size_);
}

Result<struct stat> look_at(const Fd& file, const std::string& name) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return fail_errno(errno, "cannot look at ", name);
  return status;
}

Result<MappedFile> MappedFile::map(const Fd& file, const std::string& name) {
  const auto status = look_at(file, name);
  if (!status) return tl::unexpected(status.error());
  if (!S_ISREG(status->st_mode)) return fail(std::errc::invalid_argument, name, " is not a regular file");
  MappedFile mapped;
  if (status->st_size == 0) return mapped;
  const auto size = static_cast<std::size_t>(status->st_size);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (data == MAP_FAILED) return fail_errno(errno, "cannot map ", name);
  mapped.data_ = static_cast<const std::uint8_t*>(data);
  mapped.size_ = size;
  return mapped;
}

Result<Rootfs> Rootfs::open(Host& host, const std::string& path) {
  auto directory = host.open(path, O_PATH | O_DIRECTORY);
  if (!directory) return context(directory.error(), "cannot open the root file system");
  return Rootfs(std::move(*directory));
}

Result<Fd> Rootfs::open_file(const std::string& path) const {
  if (path.empty() || path.find('\0') != std::string::npos) {
    return fail(std::errc::invalid_argument, "the path of a file in the image is empty or has a NUL in it");
  }
  struct open_how how {};
  // O_PATH first: an image may put a device node or a fifo there, and opening one has effects (a watchdog starts to
  // run, a fifo waits). Only what turned out to be a regular file is opened, through the name the kernel gives it.
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const Fd found(static_cast<int>(::syscall(SYS_openat2, directory_.get(), path.c_str(), &how, sizeof how)));
  if (!found) return fail_errno(errno, "cannot open ", path, " of the image");
  const auto status = look_at(found, path + " of the image");
  if (!status) return tl::unexpected(status.error());
  if (!S_ISREG(status->st_mode)) return fail(std::errc::invalid_argument, path, " of the image is not a regular file");
  Fd file(::open(text("/proc/self/fd/", found.get()).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail_errno(errno, "cannot open ", path, " of the image");
  return file;
}

Result<MappedFile> Rootfs::map(const std::string& path) const {
  auto file = open_file(path);
  if (!file) return tl::unexpected(file.error());
  return MappedFile::map(*file, path + " of the image");
}

Result<std::string> Rootfs::read(const std::string& path, std::size_t limit) const {
  const auto file = open_file(path);
  if (!file) return tl::unexpected(file.error());
  return read_all(*file, path + " of the image", limit);
}

}  // namespace runx::base
