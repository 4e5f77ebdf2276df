// SPDX-License-Identifier: Apache-2.0
#include "guest/ramdisk.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "guest/cpio.h"

namespace runx::guest {

namespace {

// One descriptor is open for each level, and 1024 are all that a process usually has.
constexpr int deepest = 256;

std::string below_root(const char* path) { return path + 1; }

template <class Archive>
constexpr bool reads_files = std::is_same_v<Archive, CpioWriter>;

// What is left of the limits of a walk.
class Rest {
 public:
  explicit Rest(const RamdiskLimits& limits) : limits_(limits) {}

  base::Status entry(const std::string& name) {
    if (++entries_ <= limits_.entries) return {};
    return base::fail(std::errc::file_too_large, name, ": the root file system has more than ", limits_.entries,
                      " entries, all that are left to this image: use a smaller one, or raise image.maxEntries of the "
                      "board file");
  }
  base::Status bytes(const std::string& name, std::uint64_t bytes) const {
    if (bytes <= limits_.bytes) return {};
    return base::fail(std::errc::file_too_large, name, ": the root file system has more than ", limits_.bytes,
                      " bytes, all that are left to this image: use a smaller one, or raise image.maxBytes of the "
                      "board file");
  }

 private:
  RamdiskLimits limits_;
  std::uint64_t entries_ = 0;
};

base::Result<std::vector<std::string>> names_in(const base::Fd& directory, const std::string& name, Rest& rest) {
  base::Fd again(::openat(directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!again) return base::fail_errno(errno, "cannot open ", name);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(again.get()), ::closedir);
  if (!stream) return base::fail_errno(errno, "cannot read ", name);
  again.release();
  std::vector<std::string> names;
  for (errno = 0; const dirent* entry = ::readdir(stream.get()); errno = 0) {
    std::string found = entry->d_name;
    if (found == "." || found == "..") continue;
    if (auto done = rest.entry(name); !done) return tl::unexpected(done.error());
    names.push_back(std::move(found));
  }
  if (errno != 0) return base::fail_errno(errno, "cannot read ", name);
  std::sort(names.begin(), names.end());
  return names;
}

template <class Archive>
class Walk {
 public:
  Walk(Archive& archive, const RamdiskLimits& limits) : archive_(archive), start_(archive.bytes()), rest_(limits) {}

  // `name` is the directory's in the archive.
  base::Status directory(const base::Fd& fd, const std::string& name, int depth) {
    if (depth > deepest) {
      return base::fail(std::errc::filename_too_long, name, " is nested deeper than ", deepest, " directories");
    }
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return base::fail_errno(errno, "cannot look at ", name);
    if (auto done = archive_.add(entry_of(status, name)); !done) return done;
    auto names = names_in(fd, name, rest_);
    if (!names) return tl::unexpected(names.error());
    for (const auto& child : *names) {
      if (auto done = add(fd, child, name + '/' + child, depth); !done) return done;
      if (auto done = rest_.bytes(name, archive_.bytes() - start_); !done) return done;
    }
    return {};
  }

 private:
  CpioEntry entry_of(const struct stat& status, const std::string& name) {
    CpioEntry entry{name, status.st_mode, status.st_uid, status.st_gid, status.st_mtime, ++last_inode_, 1, 0, 0};
    if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) entry.device = status.st_rdev;
    return entry;
  }

  base::Status add(const base::Fd& parent, const std::string& child, const std::string& name, int depth) {
    struct stat status {};
    if (::fstatat(parent.get(), child.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      return base::fail_errno(errno, "cannot look at ", name);
    }
    switch (status.st_mode & S_IFMT) {
      case S_IFSOCK:
        return {};
      case S_IFLNK:
        return link(parent, child, name, status);
      case S_IFREG:
        return file(parent, child, name, status);
      case S_IFDIR: {
        const base::Fd fd(::openat(parent.get(), child.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!fd) return base::fail_errno(errno, "cannot open ", name);
        return directory(fd, name, depth + 1);
      }
      default:
        return archive_.add(entry_of(status, name));
    }
  }

  base::Status link(const base::Fd& parent, const std::string& child, const std::string& name,
                    const struct stat& status) {
    std::string target(PATH_MAX, '\0');
    const ssize_t length = ::readlinkat(parent.get(), child.c_str(), target.data(), target.size());
    if (length < 0) return base::fail_errno(errno, "cannot read the link ", name);
    target.resize(static_cast<std::size_t>(length));
    return archive_.add(entry_of(status, name), target);
  }

  // `status` is of what was there when it was looked at.
  base::Status file(const base::Fd& parent, const std::string& child, const std::string& name, struct stat status) {
    base::Fd fd;
    if constexpr (reads_files<Archive>) {
      // Not to wait for a writer, should it have become a FIFO since.
      fd = base::Fd(::openat(parent.get(), child.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
      if (!fd) return base::fail_errno(errno, "cannot open ", name);
      if (::fstat(fd.get(), &status) != 0) return base::fail_errno(errno, "cannot look at ", name);
      if (!S_ISREG(status.st_mode)) return base::fail(std::errc::invalid_argument, name, " changed while it was read");
    }
    auto entry = entry_of(status, name);
    if (status.st_nlink > 1) {
      entry.links = static_cast<std::uint32_t>(std::min<std::uint64_t>(status.st_nlink, UINT32_MAX));
      const auto [known, fresh] = links_.try_emplace({status.st_dev, status.st_ino}, entry.inode);
      entry.inode = known->second;
      if (!fresh) return archive_.add(entry);
    }
    entry.size = static_cast<std::uint64_t>(status.st_size);
    // Before its bytes are written.
    if (auto done = rest_.bytes(name, archive_.bytes() - start_ + entry.size); !done) return done;
    return archive_.add_file(entry, fd.get());
  }

  Archive& archive_;
  std::uint64_t start_;  // of the root file system in the archive
  Rest rest_;
  std::uint32_t last_inode_ = 0;
  std::map<std::pair<dev_t, ino_t>, std::uint32_t> links_;
};

template <class Archive>
base::Status add_init(Archive& archive, const base::Fd& init, const GuestProcess& process) {
  struct stat status {};
  if (::fstat(init.get(), &status) != 0) return base::fail_errno(errno, "cannot look at the guest's init");
  const auto orders = process.encode();
  if (!orders) return tl::unexpected(orders.error());
  const auto size = static_cast<std::uint64_t>(status.st_size);
  const auto plain = [](std::string name, mode_t mode, std::uint32_t inode) {
    CpioEntry entry;
    entry.name = std::move(name);
    entry.mode = mode;
    entry.inode = inode;
    return entry;
  };
  auto program = plain("init", S_IFREG | 0755, 1);
  program.size = size;
  if (auto done = archive.add_file(program, init.get()); !done) return done;
  // The kernel opens /dev/console for init before there is a devtmpfs.
  auto console = plain("dev/console", S_IFCHR | 0600, 3);
  console.device = makedev(5, 1);
  const std::string process_name = below_root(process_path);
  for (const auto& [entry, data] : std::initializer_list<std::pair<CpioEntry, std::string_view>>{
           {plain("dev", S_IFDIR | 0755, 2), {}},
           {console, {}},
           {plain(process_name.substr(0, process_name.find('/')), S_IFDIR | 0700, 4), {}},
           {plain(process_name, S_IFREG | 0600, 5), *orders}}) {
    if (auto done = archive.add(entry, data); !done) return done;
  }
  return {};
}

// Links are found again within one archive only: its inodes have nothing to do with the other's.
template <class Archive>
base::Result<std::uint64_t> make(Archive archive, const base::Fd& init, const GuestProcess& process,
                                 const base::Fd& rootfs, const RamdiskLimits& limits) {
  if (auto done = add_init(archive, init, process); !done) return tl::unexpected(done.error());
  if (auto done = archive.end(); !done) return tl::unexpected(done.error());
  if (auto done = Walk(archive, limits).directory(rootfs, below_root(rootfs_path), 0); !done) {
    return tl::unexpected(done.error());
  }
  if (auto done = archive.end(); !done) return tl::unexpected(done.error());
  return archive.bytes();
}

}  // namespace

base::Result<std::uint64_t> write_ramdisk(const base::Fd& out, const base::Fd& init, const GuestProcess& process,
                                          const base::Fd& rootfs, const RamdiskLimits& limits) {
  return make(CpioWriter(out.get()), init, process, rootfs, limits);
}

base::Result<std::uint64_t> ramdisk_size(const base::Fd& init, const GuestProcess& process, const base::Fd& rootfs,
                                         const RamdiskLimits& limits) {
  return make(CpioSizer(), init, process, rootfs, limits);
}

}  // namespace runx::guest
