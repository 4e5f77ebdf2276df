// SPDX-License-Identifier: Apache-2.0
#include "guest/launch.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest/setup.h"

namespace runx::guest {

namespace {

constexpr std::string_view default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

[[noreturn]] void give_up(int code, const std::string& what, int error) {
  const std::string line = base::text("runx-accel: ", what, ": ", std::strerror(error), "\n");
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
  ::_exit(code);
}

void check(int result, const char* what) {
  if (result != 0) give_up(126, what, errno);
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (const auto& string : strings) out.push_back(const_cast<char*>(string.c_str()));
  out.push_back(nullptr);
  return out;
}

std::string_view search_path(const std::vector<std::string>& env) {
  for (const std::string_view variable : env) {
    if (variable.starts_with("PATH=")) return variable.substr(5);
  }
  return default_path;
}

void set_limits(const std::vector<GuestRlimit>& limits) {
  for (const auto& limit : limits) {
    const auto number = rlimit_number(limit.type);
    if (!number) give_up(126, base::text("cannot set the limit ", limit.type), EINVAL);
    const rlimit value{static_cast<rlim_t>(limit.soft), static_cast<rlim_t>(limit.hard)};
    if (::setrlimit(*number, &value) != 0) give_up(126, base::text("cannot set the limit ", limit.type), errno);
  }
}

void enter_directory(const std::string& path) {
  make_directories(path);
  if (::chdir(path.c_str()) != 0) give_up(126, base::text("cannot enter the directory ", path), errno);
}

void become_user(const GuestProcess& process) {
  const std::vector<gid_t> groups(process.additional_gids.begin(), process.additional_gids.end());
  check(::setgroups(groups.size(), groups.data()), "cannot set the groups");
  check(::setresgid(process.gid, process.gid, process.gid), "cannot set the group");
  check(::setresuid(process.uid, process.uid, process.uid), "cannot set the user");
}

// As execvp(3) searches, but in the container's PATH.
[[noreturn]] void execute(const GuestProcess& process) {
  const auto argv = pointers(process.args);
  const auto envp = pointers(process.env);
  const std::string& name = process.args[0];
  int error = ENOENT;
  if (name.find('/') != std::string::npos) {
    ::execve(name.c_str(), argv.data(), envp.data());
    error = errno;
  } else if (!name.empty()) {
    for (std::string_view rest = search_path(process.env);;) {
      const auto colon = rest.find(':');
      const auto directory = rest.substr(0, colon);
      const std::string file = base::text(directory.empty() ? "." : directory, '/', name);
      ::execve(file.c_str(), argv.data(), envp.data());
      if (errno != ENOENT && errno != ENOTDIR) error = errno;
      if (error != ENOENT && error != EACCES) break;
      if (colon == std::string_view::npos) break;
      rest.remove_prefix(colon + 1);
    }
  }
  give_up(error == ENOENT ? 127 : 126, base::text("cannot run ", name), error);
}

[[noreturn]] void child(const GuestProcess& process, std::array<int, 3> streams) {
  for (int number = 0; number < 3; ++number) {
    if (::dup2(streams[static_cast<std::size_t>(number)], number) < 0) ::_exit(126);
  }
  ::close_range(3, ~0U, 0);
  ::setsid();
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  enter_directory(process.cwd);
  set_limits(process.rlimits);
  ::umask(static_cast<mode_t>(process.umask));
  become_user(process);
  if (process.no_new_privileges) {
    check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "cannot give up new privileges");
  }
  execute(process);
}

}  // namespace

base::Result<Program> launch(const GuestProcess& process) {
  std::array<base::Fd, 3> theirs;
  std::array<base::Fd, 3> ours;
  for (std::size_t number = 0; number < 3; ++number) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return base::fail_errno(errno, "cannot make a pipe");
    const bool input = number == 0;
    theirs[number] = base::Fd(ends[input ? 0 : 1]);
    ours[number] = base::Fd(ends[input ? 1 : 0]);
    ::fcntl(ours[number].get(), F_SETFL, O_NONBLOCK);
    // One that is below 3 would be overwritten while the others are put in place.
    const int moved = ::fcntl(theirs[number].get(), F_DUPFD_CLOEXEC, 3);
    if (moved < 0) return base::fail_errno(errno, "cannot make a pipe");
    theirs[number] = base::Fd(moved);
  }
  const pid_t pid = ::fork();
  if (pid < 0) return base::fail_errno(errno, "cannot start a process");
  if (pid == 0) child(process, {theirs[0].get(), theirs[1].get(), theirs[2].get()});
  return Program{pid, std::move(ours[0]), std::move(ours[1]), std::move(ours[2])};
}

}  // namespace runx::guest
