// SPDX-License-Identifier: Apache-2.0
#include "base/command.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"

namespace runx::base {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kept = std::size_t{1} << 20;
constexpr std::array<const char*, 3> environment{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", nullptr};

struct Pipe {
  Fd read;
  Fd write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno(errno, "cannot make a pipe");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

std::vector<char*> pointers(const std::vector<std::string>& argv) {
  std::vector<char*> out;
  for (const auto& word : argv) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

// In the child, after fork: async-signal-safe calls only.
void reset_signals() {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
}

// Tells the parent why exec failed; the pipe closes by itself when it did not.
[[noreturn]] void report_and_exit(int pipe) {
  const int error = errno;
  [[maybe_unused]] const auto written = ::write(pipe, &error, sizeof error);
  ::_exit(127);
}

Status exec_failed(const Fd& pipe, const std::string& program) {
  int error = 0;
  ssize_t got = 0;
  do got = ::read(pipe.get(), &error, sizeof error);
  while (got < 0 && errno == EINTR);
  if (got == static_cast<ssize_t>(sizeof error)) return fail_errno(error, "cannot run ", program);
  return {};
}

void take(Fd& from, std::string& into) {
  std::array<char, 16384> buffer{};
  const auto got = ::read(from.get(), buffer.data(), buffer.size());
  if (got > 0) {
    into.append(buffer.data(), std::min(static_cast<std::size_t>(got), kept - std::min(kept, into.size())));
  } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
    from.reset();
  }
}

void give(Fd& to, const std::string& input, std::size_t& done) {
  const auto put = ::write(to.get(), input.data() + done, input.size() - done);
  if (put >= 0) {
    done += static_cast<std::size_t>(put);
  } else if (errno != EINTR && errno != EAGAIN) {
    done = input.size();  // the program does not read it: its own affair
  }
  if (done == input.size()) to.reset();
}

// Moves bytes until the program has closed its streams. False: the time is up.
bool exchange(const Command& command, Clock::time_point end, Fd& in, Fd& out, Fd& err, Outcome& outcome) {
  std::size_t done = 0;
  if (command.input.empty()) in.reset();
  while (out || err) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) return false;
    std::array<pollfd, 3> wait{pollfd{in.get(), POLLOUT, 0}, pollfd{out.get(), POLLIN, 0},
                               pollfd{err.get(), POLLIN, 0}};
    if (::poll(wait.data(), wait.size(), static_cast<int>(std::min<std::int64_t>(left, 60'000))) < 0) continue;
    if (wait[0].revents != 0) give(in, command.input, done);
    if (wait[1].revents != 0) take(out, outcome.output);
    if (wait[2].revents != 0) take(err, outcome.errors);
  }
  return true;
}

// Waits until the child is dead, or the time is up: one that has closed its streams may run on.
bool ended(pid_t pid, Clock::time_point end) {
  const Fd child(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) return false;
    pollfd wait{child.get(), POLLIN, 0};
    if (::poll(&wait, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000))) > 0) return true;
  }
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

Result<Outcome> run_command(const Command& command) {
  auto in = make_pipe();
  auto out = make_pipe();
  auto err = make_pipe();
  auto failed = make_pipe();
  for (auto* pipe : {&in, &out, &err, &failed}) {
    if (!*pipe) return tl::unexpected(pipe->error());
  }
  const auto argv = pointers(command.argv);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno(errno, "cannot start ", command.argv[0]);
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);  // the parent died before the line above
    reset_signals();
    if (::dup2(in->read.get(), 0) < 0 || ::dup2(out->write.get(), 1) < 0 || ::dup2(err->write.get(), 2) < 0) {
      report_and_exit(failed->write.get());
    }
    // Whoever called us may have left descriptors open for its children; they are not for this one.
    ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
    ::execve(argv[0], argv.data(), const_cast<char* const*>(environment.data()));
    report_and_exit(failed->write.get());
  }
  in->read.reset();
  out->write.reset();
  err->write.reset();
  failed->write.reset();
  if (auto started = exec_failed(failed->read, command.argv[0]); !started) {
    wait_for(pid);
    return tl::unexpected(started.error());
  }
  ::fcntl(in->write.get(), F_SETFL, O_NONBLOCK);
  Outcome outcome;
  // A program that goes away without reading must not kill us.
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &before);
  const auto end = Clock::now() + command.limit;
  const bool in_time = exchange(command, end, in->write, out->read, err->read, outcome) && ended(pid, end);
  ::sigaction(SIGPIPE, &before, nullptr);
  if (!in_time) ::kill(pid, SIGKILL);
  outcome.status = wait_for(pid);
  if (!in_time) {
    return fail(std::errc::timed_out, command.argv[0], " did not end within ", command.limit.count(),
                " ms and was killed");
  }
  return outcome;
}

Result<int> spawn_command(const std::vector<std::string>& argv, const std::vector<int>& inherit) {
  auto failed = make_pipe();
  if (!failed) return tl::unexpected(failed.error());
  const auto words = pointers(argv);
  std::vector<int> keep(inherit);
  keep.push_back(failed->write.get());
  std::sort(keep.begin(), keep.end());
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno(errno, "cannot start ", argv[0]);
  if (pid == 0) {
    ::setsid();
    reset_signals();
    unsigned next = 3;
    for (const int fd : keep) {
      if (fd < 3) continue;
      if (static_cast<unsigned>(fd) > next) ::syscall(SYS_close_range, next, static_cast<unsigned>(fd) - 1, 0U);
      next = static_cast<unsigned>(fd) + 1;
    }
    ::syscall(SYS_close_range, next, ~0U, 0U);
    for (const int fd : inherit) ::fcntl(fd, F_SETFD, 0);
    ::execve(words[0], words.data(), const_cast<char* const*>(environment.data()));
    report_and_exit(failed->write.get());
  }
  failed->write.reset();
  if (auto started = exec_failed(failed->read, argv[0]); !started) {
    wait_for(pid);
    return tl::unexpected(started.error());
  }
  return static_cast<int>(pid);
}

}  // namespace runx::base
