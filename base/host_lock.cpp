// SPDX-License-Identifier: Apache-2.0
// Locks that are waited for with a limit, and who holds them.
#include <algorithm>
#include <array>
#include <cerrno>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/host.h"
#include "base/printable.h"

namespace runx::base {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// flock(2) knows no limit, so it is tried again and again; seldom enough to cost nothing.
constexpr milliseconds shortest_pause{1};
constexpr milliseconds longest_pause{20};

// False: somebody else has held it until the deadline.
Result<bool> flock_until(const Fd& file, Clock::time_point deadline, const std::string& path) {
  for (auto pause = shortest_pause;; pause = std::min(2 * pause, longest_pause)) {
    if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK && errno != EINTR) return fail_errno(errno, "cannot lock ", path);
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(pause);
  }
}

// A line of /proc/locks (proc(5)): "1: FLOCK  ADVISORY  WRITE 708 00:13:16 0 EOF". One that waits has "->" after the
// number.
std::string pid_of_lock(const std::string& locks, const std::string& file) {
  std::istringstream lines(locks);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::array<std::string, 6> words;
    for (auto& word : words) fields >> word;
    if (words[1] == "FLOCK" && words[5] == file) return words[4];
  }
  return {};
}

}  // namespace

// From the kernel, which knows the holder of a directory's lock as well, and forgets it with the lock.
std::string Host::lock_holder(const Fd& file) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return "another process";
  const auto number = [](unsigned part) { return hex(part, 2).substr(2); };
  const auto name = text(number(major(status.st_dev)), ':', number(minor(status.st_dev)), ':', status.st_ino);
  const auto locks = Host::read("/proc/locks");
  const auto pid = locks ? pid_of_lock(*locks, name) : "";
  if (pid.empty()) return "another process";
  auto command = Host::read("/proc/" + pid + "/cmdline").value_or("");
  std::replace(command.begin(), command.end(), '\0', ' ');
  if (command.ends_with(' ')) command.pop_back();
  return command.empty() ? "process " + pid : text("process ", pid, " (", printable(command), ")");
}

Result<Fd> Host::lock(const std::string& path, milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  for (;;) {
    Fd file(::open(real(path).c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fail_errno(errno, "cannot open ", path);
    const auto locked = flock_until(file, deadline, path);
    if (!locked) return tl::unexpected(locked.error());
    if (!*locked) {
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(limit).count();
      return fail(std::errc::timed_out, "cannot lock ", path, " within ", seconds, " s: ", lock_holder(file),
                  " holds it: wait for its end, or end it");
    }
    // Whoever held it may have removed it, and somebody else made a new one: that one's lock is the one to hold.
    struct stat held {};
    struct stat there {};
    if (::fstat(file.get(), &held) != 0) return fail_errno(errno, "cannot look at ", path);
    if (::stat(real(path).c_str(), &there) != 0) return fail_errno(errno, "cannot look at ", path);
    if (held.st_dev == there.st_dev && held.st_ino == there.st_ino) return file;
  }
}

Result<Fd> Host::lock_file(const std::string& path, milliseconds limit) {
  if (auto made = make_directories(path.substr(0, path.rfind('/')), 0700); !made) return tl::unexpected(made.error());
  const auto file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (!file) return tl::unexpected(file.error());
  struct stat status {};
  if (::fstat(file->get(), &status) != 0) return fail_errno(errno, "cannot look at ", path);
  if (!S_ISREG(status.st_mode) || (status.st_mode & 077) != 0) {
    return fail(std::errc::operation_not_permitted, path, " is no lock file that only root can open: remove it");
  }
  return lock(path, limit);
}

}  // namespace runx::base
