// SPDX-License-Identifier: Apache-2.0
#include "guest/supervise.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <utility>

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "guest/flow.h"
#include "guest/line.h"

namespace runx::guest {

namespace {

class Supervisor {
 public:
  Supervisor(int console, const base::Fd& children, Program program)
      : line_(console), children_(children), program_(std::move(program)) {}

  base::Result<int> run() {
    append_frame(line_.out(), {Kind::ready, 0, protocol_version});
    while (!code_ || !output_.done() || !errors_.done()) {
      if (auto done = step(); !done) return tl::unexpected(done.error());
    }
    append_frame(line_.out(), {Kind::exit, 0, static_cast<std::uint32_t>(*code_)});
    while (line_.wants_write()) {
      if (!line_.write()) return gone();
      pollfd waiting{line_.fd(), POLLOUT, 0};
      ::poll(&waiting, 1, -1);
    }
    ::tcdrain(line_.fd());
    return *code_;
  }

 private:
  static tl::unexpected<base::Error> gone() { return base::fail(std::errc::io_error, "the console has gone"); }

  base::Status step() {
    give_input();
    input_.emit(line_.out());
    output_.emit(line_.out(), Line::enough);
    errors_.emit(line_.out(), Line::enough);
    if (!line_.write()) return gone();
    std::array<pollfd, 5> waiting{{
        {line_.fd(), static_cast<short>(POLLIN | (line_.wants_write() ? POLLOUT : 0)), 0},
        {children_.get(), POLLIN, 0},
        {output_.room() > 0 ? program_.output.get() : -1, POLLIN, 0},
        {errors_.room() > 0 ? program_.errors.get() : -1, POLLIN, 0},
        {input_.pending().empty() ? -1 : program_.input.get(), POLLOUT, 0},
    }};
    const bool asking = !heard_ || output_.waiting() || errors_.waiting();
    const int ready = ::poll(waiting.data(), waiting.size(), asking ? probe_after_ms : -1);
    if (ready < 0 && errno != EINTR) return base::fail_errno(errno, "cannot wait");
    if (ready == 0) probe();
    if (waiting[0].revents != 0 && !line_.read([this](const Frame& frame) { on_frame(frame); }, [](auto) {})) {
      return gone();
    }
    if (waiting[1].revents != 0) reap();
    if (waiting[2].revents != 0) take(program_.output, output_);
    if (waiting[3].revents != 0) take(program_.errors, errors_);
    return {};
  }

  void probe() {
    if (!heard_) append_frame(line_.out(), {Kind::ready, 0, protocol_version});
    output_.emit_probe(line_.out());
    errors_.emit_probe(line_.out());
  }

  void on_frame(const Frame& frame) {
    heard_ = true;
    switch (frame.kind) {
      case Kind::data:
      case Kind::end:
      case Kind::probe:
        if (frame.stream == stream_in) input_.on_frame(frame);
        break;
      case Kind::ack:
      case Kind::resend:
        if (frame.stream == stream_out) output_.on_frame(frame);
        if (frame.stream == stream_err) errors_.on_frame(frame);
        break;
      case Kind::signal:
        if (!code_ && frame.value > 0 && frame.value < NSIG) ::kill(program_.pid, static_cast<int>(frame.value));
        break;
      case Kind::ready:
      case Kind::exit:
        break;
    }
  }

  // A program that does not read its input any more loses it, as with any pipe.
  void give_input() {
    while (!input_.pending().empty()) {
      const auto bytes = input_.pending();
      const ssize_t put = program_.input ? ::write(program_.input.get(), bytes.data(), bytes.size())
                                         : static_cast<ssize_t>(bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0 && errno == EAGAIN) return;
      if (put < 0) {
        program_.input.reset();
        continue;
      }
      input_.consume(static_cast<std::size_t>(put));
    }
    if (input_.ended()) program_.input.reset();
  }

  static void take(base::Fd& from, Sender& into) {
    std::array<std::uint8_t, 4096> buffer;
    const ssize_t got = ::read(from.get(), buffer.data(), std::min(buffer.size(), into.room()));
    if (got > 0) {
      into.push(base::Bytes(buffer).first(static_cast<std::size_t>(got)));
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
      into.finish();
      from.reset();
    }
  }

  void reap() {
    signalfd_siginfo info{};
    while (::read(children_.get(), &info, sizeof info) > 0) {
    }
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      if (pid != program_.pid) continue;
      code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
      program_.input.reset();
      if (::getpid() == 1) ::kill(-1, SIGKILL);
    }
  }

  Line line_;
  const base::Fd& children_;
  Program program_;
  Receiver input_{stream_in};
  Sender output_{stream_out};
  Sender errors_{stream_err};
  bool heard_ = false;  // the host listens
  std::optional<int> code_;
};

}  // namespace

base::Result<base::Fd> watch_children() {
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  if (::sigprocmask(SIG_BLOCK, &signals, nullptr) != 0) return base::fail_errno(errno, "cannot block SIGCHLD");
  base::Fd fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) return base::fail_errno(errno, "cannot watch for the end of processes");
  return fd;
}

base::Result<int> supervise(int console, const base::Fd& children, Program program) {
  return Supervisor(console, children, std::move(program)).run();
}

}  // namespace runx::guest
