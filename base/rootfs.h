// SPDX-License-Identifier: Apache-2.0
#pragma once

// A container's root file system, seen safely: every path that an image names is resolved by the kernel inside
// the rootfs (openat2 with RESOLVE_IN_ROOT; link targets and ".." cannot leave it), and only regular files are
// opened. Source: openat2(2); Linux 5.6 or newer.

#include <cstdint>
#include <string>

#include <sys/stat.h>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/host.h"
#include "base/result.h"

namespace runx::base {

// A regular file, mapped read-only and private. The bytes live as long as this value.
class MappedFile {
 public:
  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  // Maps the whole file; an empty one gives no bytes.
  static Result<MappedFile> map(const Fd& file, const std::string& name);

  Bytes bytes() const { return {data_, size_}; }

 private:
  const std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

// What the kernel says of an open file; `name` is what errors call it.
Result<struct stat> look_at(const Fd& file, const std::string& name);

class Rootfs {
 public:
  // `path` is a directory of the host (the bundle's rootfs).
  static Result<Rootfs> open(Host& host, const std::string& path);

  // A regular file inside, by a path as the image spells it ("/boot/a.bit" or "boot/a.bit").
  // no_such_file_or_directory when it is not there; invalid_argument for anything but a regular file.
  Result<Fd> open_file(const std::string& path) const;
  Result<MappedFile> map(const std::string& path) const;
  Result<std::string> read(const std::string& path, std::size_t limit) const;

  const Fd& directory() const { return directory_; }

 private:
  explicit Rootfs(Fd directory) : directory_(std::move(directory)) {}
  Fd directory_;
};

}  // namespace runx::base
