// SPDX-License-Identifier: Apache-2.0
#include "runtime/console.h"

#include <array>
#include <atomic>
#include <csignal>
#include <string>
#include <thread>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "guest/frame.h"
#include "tests/fake/fake_host.h"

namespace runx::runtime {
namespace {

using namespace std::chrono_literals;
using guest::Kind;

// The monitor's end of a console whose other end is the test, without a monitor.
class ConsoleTest : public testing::Test {
 protected:
  ConsoleTest() {
    ::signal(SIGPIPE, SIG_IGN);
    host_.directory("/run/c1");
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    guest_ = base::Fd(ends[0]);
    std::array<base::Fd, 3> theirs;
    for (std::size_t i = 0; i < 3; ++i) {
      std::array<int, 2> pipe{};
      EXPECT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
      engine_[i] = base::Fd(pipe[i == 0 ? 1 : 0]);
      ours_[i] = base::Fd(pipe[i == 0 ? 0 : 1]);
    }
    console_.emplace(base::Fd(ends[1]), log_, Streams{ours_[0].get(), ours_[1].get(), ours_[2].get()});
  }

  bool guest_says(const std::string& bytes) const {
    return ::write(guest_.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  }
  static std::string frame(Kind kind, std::uint8_t stream, std::uint32_t value, std::string_view payload = {}) {
    std::string out;
    guest::append_frame(out, {kind, stream, value, base::bytes_of(payload)});
    return out;
  }
  // As the monitor does, but never waiting.
  void step() {
    auto waiting = console_->wait_for();
    ::poll(waiting.data(), waiting.size(), 0);
    console_->handle(waiting);
  }
  // Until nothing comes any more.
  std::size_t guest_reads() {
    std::size_t all = 0;
    std::array<char, 65536> buffer{};
    for (int quiet = 0; quiet < 10;) {
      const ssize_t got = ::read(guest_.get(), buffer.data(), buffer.size());
      quiet = got > 0 ? 0 : quiet + 1;
      if (got > 0) all += static_cast<std::size_t>(got);
      step();
    }
    return all;
  }
  // Fills the pipe of standard output, of which nobody reads, and the window behind it.
  void fill_output() {
    const std::string block(guest::max_payload, 'x');
    for (std::uint32_t at = 0; at < 256 * 1024; at += guest::max_payload) {
      guest_says(frame(Kind::data, guest::stream_out, at, block));
      step();
    }
  }

  fake::FakeHost host_;
  KernelLog log_{host_, "/run/c1/kernel.log"};
  base::Fd guest_;
  std::array<base::Fd, 3> engine_;  // the other ends of the container's streams
  std::array<base::Fd, 3> ours_;
  std::optional<Console> console_;
  Waiter waiter_;
};

// What the kernel takes off our hands, and what the console keeps for a guest that does not read.
constexpr std::size_t most = 256 * 1024 + 16 * 1024;

TEST_F(ConsoleTest, WhatAGuestThatNeverReadsAsksForIsNotKept) {
  const int small = 1;  // the kernel makes it the smallest that there is
  ASSERT_EQ(::setsockopt(console_->wait_for()[0].fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
  const std::string asks = frame(Kind::ready, 0, 1) + frame(Kind::probe, guest::stream_out, 0) +
                           frame(Kind::probe, guest::stream_err, 0) + frame(Kind::probe, guest::stream_out, 1000) +
                           frame(Kind::probe, guest::stream_err, 1000);
  for (int i = 0; i < 50'000; ++i) {
    guest_says(asks);
    step();
  }
  EXPECT_LT(guest_reads(), most) << "all answers together are 2.4 MB";
}

TEST_F(ConsoleTest, NorDoItsOwnQuestionsPileUp) {
  const int small = 1;
  ASSERT_EQ(::setsockopt(console_->wait_for()[0].fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
  ASSERT_EQ(::write(engine_[0].get(), "input", 5), 5);
  ASSERT_TRUE(guest_says(frame(Kind::ready, 0, 1)));
  for (int i = 0; i < 10; ++i) step();
  ASSERT_GE(console_->patience(), 0) << "input waits to be acknowledged";
  for (int i = 0; i < 50'000; ++i) {
    console_->ask();
    step();
  }
  EXPECT_LT(guest_reads(), most);
}

TEST_F(ConsoleTest, WhatIsDueIsSaidWhenTheGuestReadsAgain) {
  const int small = 1;
  ASSERT_EQ(::setsockopt(console_->wait_for()[0].fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
  for (int i = 0; i < 5'000; ++i) {
    guest_says(frame(Kind::probe, guest::stream_out, 0));
    step();
  }
  ASSERT_GT(guest_reads(), 0U);
  ASSERT_TRUE(guest_says(frame(Kind::ready, 0, 1)));
  EXPECT_EQ(guest_reads(), guest::header_size + 4);
}

// In a process of its own time, so that the test ends when finish() does not.
testing::AssertionResult finishes(Console& console, Waiter& waiter, int quiet_ms, std::chrono::milliseconds limit) {
  const auto begin = std::chrono::steady_clock::now();
  console.finish(waiter, quiet_ms, limit);
  const auto took = std::chrono::steady_clock::now() - begin;
  if (took < limit + 2s) return testing::AssertionSuccess();
  return testing::AssertionFailure() << std::chrono::duration_cast<std::chrono::milliseconds>(took).count() << " ms";
}

TEST_F(ConsoleTest, TheEndIsReachedThoughTheGuestGoesOnTalking) {
  std::atomic<bool> stop = false;
  std::thread guest([&] {
    for (int i = 0; i < 300 && !stop; ++i) {
      guest_says("x");
      std::this_thread::sleep_for(20ms);
    }
  });
  EXPECT_TRUE(finishes(*console_, waiter_, 100, 500ms));
  stop = true;
  guest.join();
}

TEST_F(ConsoleTest, TheEndIsReachedThoughNobodyReadsAndTheGuestGoesOnTalking) {
  fill_output();
  std::atomic<bool> stop = false;
  std::thread guest([&] {
    for (int i = 0; i < 300 && !stop; ++i) {
      guest_says("x");
      std::this_thread::sleep_for(20ms);
    }
  });
  EXPECT_TRUE(finishes(*console_, waiter_, 100, 500ms));
  stop = true;
  guest.join();
}

TEST_F(ConsoleTest, TheEndIsReachedThoughTheReaderTakesALittleAgainAndAgain) {
  fill_output();
  std::atomic<bool> stop = false;
  std::thread reader([&] {
    std::array<char, 100> buffer{};
    for (int i = 0; i < 300 && !stop; ++i) {
      [[maybe_unused]] const auto got = ::read(engine_[1].get(), buffer.data(), buffer.size());
      std::this_thread::sleep_for(20ms);
    }
  });
  EXPECT_TRUE(finishes(*console_, waiter_, 100, 500ms));
  stop = true;
  reader.join();
}

TEST_F(ConsoleTest, AtTheEndAReaderWhoReadsGetsEverything) {
  fill_output();
  std::size_t all = 0;
  std::thread reader([&] {
    std::array<char, 4096> buffer{};
    for (ssize_t got = 0; (got = ::read(engine_[1].get(), buffer.data(), buffer.size())) > 0;) {
      all += static_cast<std::size_t>(got);
      std::this_thread::sleep_for(1ms);
    }
  });
  console_->finish(waiter_, 0);
  ours_[1].reset();
  reader.join();
  EXPECT_EQ(all, 64 * 1024 + guest::window_size) << "what the pipe held, and the window";
}

}  // namespace
}  // namespace runx::runtime
