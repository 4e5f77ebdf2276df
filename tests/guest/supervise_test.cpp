// SPDX-License-Identifier: Apache-2.0
#include "guest/supervise.h"

#include <chrono>
#include <csignal>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guest/flow.h"
#include "guest/line.h"

namespace runx::guest {
namespace {

using testing::HasSubstr;

// Dom0's side of a program that is supervised in a process of its own, over a real terminal.
class Supervised {
 public:
  explicit Supervised(const GuestProcess& process) {
    int master = -1;
    int slave = -1;
    EXPECT_EQ(::openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
    make_raw(slave);
    for (const int fd : {master, slave}) ::fcntl(fd, F_SETFL, O_NONBLOCK);
    for (const int fd : {master, slave}) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    init_ = ::fork();
    if (init_ == 0) {
      ::close(master);
      const auto children = watch_children();
      auto program = launch(process);
      const auto code = supervise(slave, *children, std::move(*program));
      ::_exit(code.value_or(111));
    }
    ::close(slave);
    terminal_ = base::Fd(master);
    line_.emplace(master);
  }
  ~Supervised() {
    if (init_ > 0) ::kill(init_, SIGKILL);
    if (init_ > 0) ::waitpid(init_, nullptr, 0);
  }

  // Exchanges frames until `done` says so or the time has passed.
  bool run_until(const std::function<bool()>& done, std::chrono::milliseconds limit = std::chrono::seconds(20)) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      out.emit(line_->out(), Line::enough);
      err.emit(line_->out(), Line::enough);
      in.emit(line_->out(), Line::enough);
      if (!line_->write()) return done();
      pollfd waiting{terminal_.get(), static_cast<short>(POLLIN | (line_->wants_write() ? POLLOUT : 0)), 0};
      ::poll(&waiting, 1, 100);
      if (!line_->read([this](const Frame& frame) { on_frame(frame); },
                       [this](std::string_view said) { text += said; })) {
        return done();
      }
      take(out, out_text);
      take(err, err_text);
    }
    return true;
  }

  int wait() {
    EXPECT_TRUE(run_until([this] { return exit.has_value(); })) << out_text << err_text << text;
    int status = 0;
    // What is left in the terminal has to be taken, or tcdrain(3) waits for ever.
    for (int i = 0; i < 1000 && ::waitpid(init_, &status, WNOHANG) == 0; ++i) {
      run_until([] { return true; });
      ::usleep(1000);
    }
    init_ = -1;
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), exit.value_or(-1));
    return WEXITSTATUS(status);
  }

  void send(Kind kind, std::uint32_t value) { append_frame(line_->out(), {kind, 0, value}); }

  Receiver out{stream_out};
  Receiver err{stream_err};
  Sender in{stream_in};
  std::string out_text;
  std::string err_text;
  std::string text;
  std::optional<int> exit;
  bool reading = true;  // of standard output

 private:
  void on_frame(const Frame& frame) {
    out.on_frame(frame.stream == stream_out ? frame : Frame{Kind::ready});
    err.on_frame(frame.stream == stream_err ? frame : Frame{Kind::ready});
    if (frame.stream == stream_in) in.on_frame(frame);
    if (frame.kind == Kind::exit) exit = static_cast<int>(frame.value);
  }
  void take(Receiver& from, std::string& into) {
    if (&from == &out && !reading) return;
    while (!from.pending().empty()) {
      into += base::text_of(from.pending());
      from.consume(from.pending().size());
    }
  }

  pid_t init_ = -1;
  base::Fd terminal_;
  std::optional<Line> line_;
};

GuestProcess shell(const std::string& script) {
  GuestProcess process;
  process.args = {"/bin/sh", "-c", script};
  process.env = {"PATH=/usr/bin:/bin", "NAME=value"};
  process.uid = ::getuid();
  process.gid = ::getgid();
  return process;
}

TEST(Supervise, StreamsAndCodeAreTheProgramsOwn) {
  Supervised program(shell("echo out; echo err >&2; exit 7"));
  EXPECT_EQ(program.wait(), 7);
  EXPECT_EQ(program.out_text, "out\n");
  EXPECT_EQ(program.err_text, "err\n");
  EXPECT_EQ(program.text, "");
}

TEST(Supervise, InputReachesTheProgramAndEnds) {
  Supervised program(shell("wc -c; exit 3"));
  std::size_t left = 200'000;
  ASSERT_TRUE(program.run_until([&] {
    const std::string some(std::min(left, program.in.room()), 'i');
    program.in.push(base::bytes_of(some));
    left -= some.size();
    if (left == 0) program.in.finish();
    return program.exit.has_value();
  }));
  EXPECT_EQ(program.wait(), 3);
  EXPECT_EQ(program.out_text, "200000\n");
}

TEST(Supervise, AProgramThatDoesNotReadItsInputEndsAllTheSame) {
  Supervised program(shell("exec <&-; sleep 0.3; exit 4"));
  program.in.push(base::bytes_of(std::string(window_size, 'x')));
  EXPECT_EQ(program.wait(), 4);
}

TEST(Supervise, EveryByteOfALargeOutputArrives) {
  Supervised program(shell("seq 1 100000; seq 1 100000 >&2"));
  EXPECT_EQ(program.wait(), 0);
  EXPECT_EQ(program.out_text.size(), 588'895U);
  EXPECT_EQ(program.err_text, program.out_text);
  EXPECT_TRUE(program.out_text.ends_with("\n99999\n100000\n"));
}

TEST(Supervise, AStreamThatNobodyReadsHoldsUpTheProgramAndNotTheOther) {
  Supervised program(shell("(seq 1 100000; echo done >&2) & seq 1 20000 >&2; wait"));
  program.reading = false;
  ASSERT_TRUE(program.run_until([&] { return program.err_text.ends_with("\n20000\n"); }));
  EXPECT_FALSE(program.run_until([&] { return program.err_text.ends_with("done\n"); }, std::chrono::milliseconds(300)));
  program.reading = true;
  EXPECT_EQ(program.wait(), 0);
  EXPECT_EQ(program.out_text.size(), 588'895U);
}

// Not the init of a system, as here, supervise() leaves orphans alive: as SIGKILL leaves one that sleeps in a driver.
TEST(Supervise, AnOrphanThatHoldsTheOutputDoesNotDelayTheEnd) {
  const auto begin = std::chrono::steady_clock::now();
  Supervised program(shell("sleep 20 & echo out; exit 3"));
  EXPECT_EQ(program.wait(), 3);
  EXPECT_EQ(program.out_text, "out\n");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST(Supervise, AnOrphanThatGoesOnWritingDoesNotDelayTheEnd) {
  const auto begin = std::chrono::steady_clock::now();
  Supervised program(shell("(for i in $(seq 200); do echo x; sleep 0.1; done) >&2 & echo out; exit 3"));
  EXPECT_EQ(program.wait(), 3);
  EXPECT_EQ(program.out_text, "out\n");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST(Supervise, WhatTheProgramWroteIsPassedOnHoweverSlowItsReaderIs) {
  // 32 KiB are under way, and the pipe holds the rest when the program ends.
  Supervised program(shell("sleep 20 & seq 1 15000; echo end >&2; exit 3"));
  program.reading = false;
  ASSERT_TRUE(program.run_until([&] { return program.err_text == "end\n"; }));
  EXPECT_FALSE(program.run_until([&] { return program.exit.has_value(); }, std::chrono::milliseconds(1500)));
  program.reading = true;
  EXPECT_EQ(program.wait(), 3);
  EXPECT_EQ(program.out_text.size(), 78'894U);
  EXPECT_TRUE(program.out_text.ends_with("\n15000\n"));
}

TEST(Supervise, ASignalIsDeliveredAndItsDeathIsTold) {
  Supervised program(shell("trap 'echo got it' USR1; echo up; while :; do sleep 0.05; done"));
  ASSERT_TRUE(program.run_until([&] { return program.out_text == "up\n"; }));
  program.send(Kind::signal, SIGUSR1);
  ASSERT_TRUE(program.run_until([&] { return program.out_text == "up\ngot it\n"; }));
  program.send(Kind::signal, 0);
  program.send(Kind::signal, 1000);
  program.send(Kind::signal, SIGTERM);
  EXPECT_EQ(program.wait(), 128 + SIGTERM);
}

TEST(Supervise, AnUnknownProgramIs127AndAnUnusable126) {
  auto process = shell("");
  process.args = {"no-such-program"};
  Supervised unknown(process);
  EXPECT_EQ(unknown.wait(), 127);
  EXPECT_EQ(unknown.err_text, "runx-accel: cannot run no-such-program: No such file or directory\n");
  process.args = {"/etc/passwd"};
  Supervised unusable(process);
  EXPECT_EQ(unusable.wait(), 126);
  EXPECT_THAT(unusable.err_text, HasSubstr("cannot run /etc/passwd: Permission denied"));
}

TEST(Supervise, TheProgramGetsWhatTheProcessSays) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  auto process = shell(
      "id -u; id -g; id -G; pwd; umask; ulimit -n; echo $NAME; grep NoNewPrivs /proc/self/status; "
      "grep SigBlk /proc/self/status; ls /proc/self/fd | wc -l");
  process.uid = 1234;
  process.gid = 2345;
  process.additional_gids = {3456};
  process.umask = 027;
  process.no_new_privileges = true;
  process.rlimits = {{"RLIMIT_NOFILE", 99, 100}};
  char name[] = "/tmp/supervise_test.XXXXXX";
  process.cwd = std::string(::mkdtemp(name)) + "/made/here";
  ::chmod(name, 0755);
  Supervised program(process);
  EXPECT_EQ(program.wait(), 0);
  EXPECT_EQ(program.out_text, base::text("1234\n2345\n2345 3456\n", process.cwd,
                                         "\n0027\n99\nvalue\nNoNewPrivs:\t1\nSigBlk:\t0000000000000000\n4\n"));
  EXPECT_EQ(program.err_text, "");
  ::rmdir(process.cwd.c_str());
  ::rmdir((std::string(name) + "/made").c_str());
  ::rmdir(name);
}

}  // namespace
}  // namespace runx::guest
