// SPDX-License-Identifier: Apache-2.0
#pragma once

// Writes cpio archives in the "newc" format, as Linux unpacks them into its first file system.
// Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
//
// The writer streams: it holds one buffer, whatever the size of the files.

#include <cstdint>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "base/result.h"

namespace runx::guest {

struct CpioEntry {
  std::string name;  // relative, without "./"; at most 4095 bytes
  mode_t mode = 0;   // type and permissions
  uid_t uid = 0;
  gid_t gid = 0;
  std::int64_t mtime = 0;   // seconds; what does not fit into 32 bits is cut to the nearest that does
  std::uint32_t inode = 0;  // entries of one inode with links > 1 are one file; the first has the data
  std::uint32_t links = 1;
  dev_t device = 0;        // of a device node
  std::uint64_t size = 0;  // of the data that follows: less than 4 GiB, file_too_large otherwise
};

// The bytes that the writer below would write, without reading a file. Nothing of an entry is kept.
class CpioSizer {
 public:
  base::Status add(const CpioEntry& entry, std::string_view data = {}) { return count(entry, data.size()); }
  base::Status add_file(const CpioEntry& entry, int /*source*/) { return count(entry, entry.size); }
  base::Status end();
  std::uint64_t bytes() const { return bytes_; }

 private:
  base::Status count(const CpioEntry& entry, std::uint64_t size);
  std::uint64_t bytes_ = 0;
};

class CpioWriter {
 public:
  // `fd` stays the caller's.
  explicit CpioWriter(int fd) : fd_(fd) {}

  // An entry with its data at hand (a symbolic link's target); entry.size is set from it.
  base::Status add(CpioEntry entry, std::string_view data = {});
  // An entry whose entry.size bytes are read from `source`. A source that ends early is an error (io_error), and
  // the archive is not to be used.
  base::Status add_file(const CpioEntry& entry, int source);

  // The trailer; another archive may follow in the same file, beginning at a multiple of 512 bytes.
  base::Status end();

  // So far; all of it is in the file after end().
  std::uint64_t bytes() const { return bytes_; }

 private:
  base::Status header(const CpioEntry& entry);
  base::Status put(std::string_view data);
  base::Status pad(std::uint64_t unit);
  base::Status flush();

  int fd_;
  std::string buffer_;
  std::uint64_t bytes_ = 0;
};

}  // namespace runx::guest
