// SPDX-License-Identifier: Apache-2.0
#pragma once

// The machine behind one value: every file of /sys, /run, /lib/firmware and /etc, every child process, every
// signal goes through a Host. Paths are absolute and spelt as the kernel documents them; `root` is put in
// front of each (empty on a real machine, a folder in tests). tests/fake/fake_host.h derives a machine whose
// files react and fail like the kernel's; that is the only reason why the functions are virtual.
//
// Errors carry the errno of the call that failed and the path.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/command.h"
#include "base/fd.h"
#include "base/result.h"

namespace runx::base {

// What can be read of a file from where it stands; more than `limit` bytes are an error (file_too_large). `name` is
// what errors call it.
Result<std::string> read_all(const Fd& file, const std::string& name, std::size_t limit);

// How long a lock is waited for unless the caller says otherwise.
inline constexpr std::chrono::milliseconds lock_limit{60'000};

class Host {
 public:
  explicit Host(std::string root = {}) : root_(std::move(root)) {}
  virtual ~Host() = default;
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // The path as this process would open it.
  std::string real(std::string_view path) const { return root_ + std::string(path); }

  // The whole file; longer than `limit` bytes is an error (file_too_large).
  virtual Result<std::string> read(const std::string& path, std::size_t limit = std::size_t{4} << 20);
  virtual bool exists(const std::string& path);
  // Names in a directory, sorted, without "." and "..".
  virtual Result<std::vector<std::string>> list(const std::string& path);

  // One write(2) to a file that must exist already: sysfs and configfs. The error is the kernel's.
  virtual Status write_attribute(const std::string& path, std::string_view value);

  // Our own files. `write` replaces the file as a whole or not at all (temporary, fsync, rename);
  // `write_new` does the same but fails with file_exists when there is one; `append` adds and syncs.
  virtual Status write(const std::string& path, std::string_view content, mode_t mode = 0600);
  virtual Status write_new(const std::string& path, std::string_view content, mode_t mode = 0600);
  virtual Status append(const std::string& path, std::string_view content);

  virtual Status make_directory(const std::string& path, mode_t mode = 0700);  // file_exists when there is one
  // Those that are missing get `mode`. Fine when there is one that check_directory() likes.
  virtual Status make_directories(const std::string& path, mode_t mode = 0755);
  // Nobody but root and we can change what stands at `path`: each directory on the way belongs to root or us, and
  // others cannot write to it, unless it is root's, sticky, and not the last one (/tmp). Symbolic links of root's and
  // ours are followed, and what is behind them is looked at. operation_not_permitted names the directory that is open
  // to others.
  Status check_directory(const std::string& path);
  // Removing what is not there is fine: giving back twice is allowed everywhere.
  virtual Status remove(const std::string& path);       // a file, or an empty directory
  virtual Status remove_tree(const std::string& path);  // never follows a link, never crosses a mount
  // What a process that was killed within write() or write_new() of `path` has left beside it. Nobody may be writing
  // it.
  Status remove_temporaries(const std::string& path);

  // Opens a file (flags as open(2); O_CLOEXEC is added) for whoever needs the descriptor itself.
  virtual Result<Fd> open(const std::string& path, int flags, mode_t mode = 0);
  // Holds an exclusive flock on a directory or file that exists, waiting for it; let go with the descriptor. What is
  // locked is what stands at `path` when it returns: no_such_file_or_directory when it went meanwhile. timed_out names
  // the holder. Whoever can open `path` can hold it: it is to be closed to others.
  virtual Result<Fd> lock(const std::string& path, std::chrono::milliseconds limit = lock_limit);
  // The same of a lock file, which is made when there is none (mode 0600, and its directory 0700). One that others can
  // open is an error (operation_not_permitted).
  Result<Fd> lock_file(const std::string& path, std::chrono::milliseconds limit = lock_limit);
  virtual Result<Fd> connect(const std::string& path);  // AF_UNIX stream

  virtual Result<Outcome> run(const Command& command);
  virtual Result<int> spawn(const std::vector<std::string>& argv, const std::vector<int>& inherit);

  // When a process was started, in clock ticks after boot (proc(5), stat, field 22): a pid alone may be reused.
  // no_such_process once it is gone or only waits to be reaped.
  Result<std::uint64_t> process_start(int pid);
  // To the process that was started at `start`, and never to another that has its pid now: no_such_process then, and
  // when it is gone.
  virtual Status signal(int pid, std::uint64_t start, int number);

 private:
  std::string lock_holder(const Fd& file);

  std::string root_;
};

}  // namespace runx::base
