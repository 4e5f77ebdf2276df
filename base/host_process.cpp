// SPDX-License-Identifier: Apache-2.0
// Processes that are named by a pid that was written down some time ago.
#include <cerrno>
#include <charconv>
#include <sstream>

#include <sys/syscall.h>
#include <unistd.h>

#include "base/host.h"

namespace runx::base {

Result<std::uint64_t> Host::process_start(int pid) {
  const auto content = read(text("/proc/", pid, "/stat"));
  const auto gone = fail(std::errc::no_such_process, "process ", pid, " is gone");
  if (!content && content.error().code != std::errc::no_such_file_or_directory &&
      content.error().code != std::errc::no_such_process) {
    return tl::unexpected(content.error());
  }
  if (!content) return gone;
  // pid (comm) state …: comm may hold anything, so count from its last parenthesis. Field 3 follows it.
  const auto end = content->rfind(')');
  if (end == std::string::npos) return gone;
  std::istringstream fields(content->substr(end + 1));
  std::string field;
  std::uint64_t start = 0;
  for (int number = 3; number <= 22 && fields >> field; ++number) {
    if (number == 3 && (field == "Z" || field == "X")) return gone;
    if (number == 22 && std::from_chars(field.data(), field.data() + field.size(), start).ec == std::errc{})
      return start;
  }
  return gone;
}

Status Host::signal(int pid, std::uint64_t start, int number) {
  // From here on the descriptor stays with one process: if that is the one that is meant, it is the one that gets it.
  // By number: glibc 2.36 declares these calls for C only.
  const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!process) return fail_errno(errno, "cannot signal process ", pid);
  const auto now = process_start(pid);
  if (!now) return tl::unexpected(now.error());
  if (*now != start) return fail(std::errc::no_such_process, "process ", pid, " is another one now");
  if (::syscall(SYS_pidfd_send_signal, process.get(), number, nullptr, 0) != 0) {
    return fail_errno(errno, "cannot signal process ", pid);
  }
  return {};
}

}  // namespace runx::base
