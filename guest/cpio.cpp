// SPDX-License-Identifier: Apache-2.0
#include "guest/cpio.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"

namespace runx::guest {

namespace {

constexpr std::size_t buffer_size = 64 * 1024;
constexpr std::size_t longest_name = 4095;  // the kernel skips an entry whose name exceeds PATH_MAX with its NUL
constexpr std::uint64_t largest = std::numeric_limits<std::uint32_t>::max();

void put_hex(std::string& out, std::uint32_t value) {
  static constexpr std::string_view digits = "0123456789abcdef";
  for (int shift = 28; shift >= 0; shift -= 4) out += digits[(value >> shift) & 15];
}

constexpr std::uint64_t header_size = 110;  // "070701" and 13 numbers of 8 digits

// An entry that the format has no room for.
base::Status check(const std::string& name, std::uint64_t size) {
  if (name.size() > longest_name) {
    return base::fail(std::errc::filename_too_long, name.substr(0, 80), "…: a ramdisk has no room for a path of ",
                      name.size(), " bytes");
  }
  if (size > largest) {
    return base::fail(std::errc::file_too_large, name, " has ", size,
                      " bytes, and a file in a ramdisk has to be smaller than 4 GiB");
  }
  return {};
}

constexpr std::uint64_t padded(std::uint64_t bytes, std::uint64_t unit) { return (bytes + unit - 1) / unit * unit; }

std::uint32_t clamp_time(std::int64_t seconds) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 0, static_cast<std::int64_t>(largest)));
}

}  // namespace

base::Status CpioSizer::count(const CpioEntry& entry, std::uint64_t size) {
  if (auto fits = check(entry.name, size); !fits) return fits;
  bytes_ = padded(bytes_ + header_size + entry.name.size() + 1, 4) + padded(size, 4);
  return {};
}

base::Status CpioSizer::end() {
  if (auto done = count({"TRAILER!!!"}, 0); !done) return done;
  bytes_ = padded(bytes_, 512);
  return {};
}

base::Status CpioWriter::add(CpioEntry entry, std::string_view data) {
  entry.size = data.size();
  if (auto done = header(entry); !done) return done;
  if (auto done = put(data); !done) return done;
  return pad(4);
}

base::Status CpioWriter::add_file(const CpioEntry& entry, int source) {
  if (auto done = header(entry); !done) return done;
  for (std::uint64_t left = entry.size; left > 0;) {
    const std::size_t filled = buffer_.size();
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer_size - filled));
    buffer_.resize(filled + want);
    const ssize_t got = ::read(source, buffer_.data() + filled, want);
    const int error = errno;
    buffer_.resize(filled + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && error == EINTR) continue;
    if (got < 0) return base::fail_errno(error, "cannot read ", entry.name);
    if (got == 0) return base::fail(std::errc::io_error, entry.name, " became shorter while it was read");
    left -= static_cast<std::uint64_t>(got);
    bytes_ += static_cast<std::uint64_t>(got);
    if (buffer_.size() == buffer_size) {
      if (auto done = flush(); !done) return done;
    }
  }
  return pad(4);
}

base::Status CpioWriter::end() {
  if (auto done = header({"TRAILER!!!"}); !done) return done;
  if (auto done = pad(512); !done) return done;
  return flush();
}

base::Status CpioWriter::header(const CpioEntry& entry) {
  if (auto fits = check(entry.name, entry.size); !fits) return fits;
  std::string out = "070701";
  for (const std::uint32_t field : std::to_array<std::uint32_t>(
           {entry.inode, static_cast<std::uint32_t>(entry.mode), entry.uid, entry.gid, entry.links,
            clamp_time(entry.mtime), static_cast<std::uint32_t>(entry.size), 0, 0, major(entry.device),
            minor(entry.device), static_cast<std::uint32_t>(entry.name.size() + 1), 0})) {
    put_hex(out, field);
  }
  out.append(entry.name).push_back('\0');
  if (auto done = put(out); !done) return done;
  return pad(4);
}

base::Status CpioWriter::put(std::string_view data) {
  bytes_ += data.size();
  while (!data.empty()) {
    const auto now = std::min(data.size(), buffer_size - buffer_.size());
    buffer_.append(data.substr(0, now));
    data.remove_prefix(now);
    if (buffer_.size() == buffer_size) {
      if (auto done = flush(); !done) return done;
    }
  }
  return {};
}

base::Status CpioWriter::pad(std::uint64_t unit) {
  return put(std::string(static_cast<std::size_t>((unit - bytes_ % unit) % unit), '\0'));
}

base::Status CpioWriter::flush() {
  if (const int error = base::write_all(fd_, buffer_); error != 0)
    return base::fail_errno(error, "cannot write the ramdisk");
  buffer_.clear();
  return {};
}

}  // namespace runx::guest
