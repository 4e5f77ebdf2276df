// SPDX-License-Identifier: Apache-2.0
#include "guest/supervise.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <utility>

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "guest/flow.h"
#include "guest/line.h"

namespace runx::guest {

namespace {

using Clock = std::chrono::steady_clock;

// So long the program's streams stay open after its end when somebody else holds them: a process that sleeps in a
// driver does not even end by SIGKILL.
constexpr std::chrono::milliseconds orphan_limit{500};

// What the program writes to.
struct Output {
  base::Fd pipe;
  Sender sender;
  std::size_t left = 0;  // bytes of the program's own that are in the pipe, once it has ended

  bool room() const { return pipe && sender.room() > 0; }
  void end() {
    sender.finish();
    pipe.reset();
  }
};

class Supervisor {
 public:
  Supervisor(int console, const base::Fd& children, Program program)
      : line_(console),
        children_(children),
        pid_(program.pid),
        input_pipe_(std::move(program.input)),
        output_{std::move(program.output), Sender(stream_out)},
        errors_{std::move(program.errors), Sender(stream_err)} {}

  base::Result<int> run() {
    append_frame(line_.out(), {Kind::ready, 0, protocol_version});
    while (!code_ || !output_.sender.done() || !errors_.sender.done()) {
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
    input_.emit(line_.out(), Line::enough);
    output_.sender.emit(line_.out(), Line::enough);
    errors_.sender.emit(line_.out(), Line::enough);
    if (!line_.write()) return gone();
    std::array<pollfd, 5> waiting{{
        {line_.fd(), static_cast<short>(POLLIN | (line_.wants_write() ? POLLOUT : 0)), 0},
        {children_.get(), POLLIN, 0},
        {output_.room() ? output_.pipe.get() : -1, POLLIN, 0},
        {errors_.room() ? errors_.pipe.get() : -1, POLLIN, 0},
        {input_.pending().empty() ? -1 : input_pipe_.get(), POLLOUT, 0},
    }};
    const int ready = ::poll(waiting.data(), waiting.size(), patience());
    if (ready < 0 && errno != EINTR) return base::fail_errno(errno, "cannot wait");
    if (ready == 0) probe();
    if (waiting[0].revents != 0 && !line_.read([this](const Frame& frame) { on_frame(frame); }, [](auto) {})) {
      return gone();
    }
    if (waiting[1].revents != 0) reap();
    if (waiting[2].revents != 0) take(output_);
    if (waiting[3].revents != 0) take(errors_);
    if (code_) leave_orphans();
    return {};
  }

  bool asking() const { return !heard_ || output_.sender.waiting() || errors_.sender.waiting(); }

  // In milliseconds.
  int patience() const {
    const int probe = asking() ? probe_after_ms : -1;
    if (!code_ || (!output_.pipe && !errors_.pipe)) return probe;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(leave_at_ - Clock::now()).count();
    return left <= 0 ? probe : static_cast<int>(left);
  }

  // What the program has written comes first, however slow its reader is.
  void leave_orphans() {
    if (Clock::now() < leave_at_) return;
    for (auto* output : {&output_, &errors_}) {
      if (output->pipe && output->left == 0) output->end();
    }
  }

  void probe() {
    if (!heard_ && line_.has_room()) append_frame(line_.out(), {Kind::ready, 0, protocol_version});
    output_.sender.emit_probe(line_.out(), Line::enough);
    errors_.sender.emit_probe(line_.out(), Line::enough);
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
        if (frame.stream == stream_out) output_.sender.on_frame(frame);
        if (frame.stream == stream_err) errors_.sender.on_frame(frame);
        break;
      case Kind::signal:
        if (!code_ && frame.value > 0 && frame.value < NSIG) ::kill(pid_, static_cast<int>(frame.value));
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
      const ssize_t put =
          input_pipe_ ? ::write(input_pipe_.get(), bytes.data(), bytes.size()) : static_cast<ssize_t>(bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0 && errno == EAGAIN) return;
      if (put < 0) {
        input_pipe_.reset();
        continue;
      }
      input_.consume(static_cast<std::size_t>(put));
    }
    if (input_.ended()) input_pipe_.reset();
  }

  static void take(Output& output) {
    std::array<std::uint8_t, 4096> buffer;
    const ssize_t got = ::read(output.pipe.get(), buffer.data(), std::min(buffer.size(), output.sender.room()));
    if (got > 0) {
      const auto size = static_cast<std::size_t>(got);
      output.sender.push(base::Bytes(buffer).first(size));
      output.left -= std::min(output.left, size);
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
      output.end();
    }
  }

  void on_end(int status) {
    code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    input_pipe_.reset();
    if (::getpid() == 1) ::kill(-1, SIGKILL);
    leave_at_ = Clock::now() + orphan_limit;
    for (auto* output : {&output_, &errors_}) {
      int bytes = 0;
      if (output->pipe && ::ioctl(output->pipe.get(), FIONREAD, &bytes) == 0 && bytes > 0) {
        output->left = static_cast<std::size_t>(bytes);
      }
    }
  }

  void reap() {
    signalfd_siginfo info{};
    while (::read(children_.get(), &info, sizeof info) > 0) {
    }
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      if (pid == pid_) on_end(status);
    }
  }

  Line line_;
  const base::Fd& children_;
  pid_t pid_;
  base::Fd input_pipe_;
  Receiver input_{stream_in};
  Output output_;
  Output errors_;
  bool heard_ = false;  // the host listens
  std::optional<int> code_;
  Clock::time_point leave_at_;  // with code_
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
