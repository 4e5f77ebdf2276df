// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <csignal>
#include <future>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/host.h"
#include "tests/base/scratch.h"

namespace runx::base {
namespace {

using test::Scratch;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

TEST(HostLock, ALockHoldsOffAnotherProcessUntilItIsLetGo) {
  Scratch folder;
  Host host(folder.path());
  auto held = host.lock("/");
  ASSERT_TRUE(held);
  const pid_t pid = ::fork();
  if (pid == 0) {
    held->reset();  // fork made a second holder of the same lock
    Host other(folder.path());
    const auto mine = other.lock("/");
    if (mine) (void)other.write("/taken", "");
    ::_exit(mine ? 0 : 1);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_FALSE(host.exists("/taken")) << "two processes hold the same lock";
  held->reset();
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(host.exists("/taken"));
}

TEST(HostLock, ALockIsOfWhatStandsThereNow) {
  const Scratch scratch;
  Host host(scratch.path());
  ASSERT_TRUE(host.make_directory("/c"));
  auto held = host.lock("/c");
  ASSERT_TRUE(held);
  auto waiting = std::async(std::launch::async, [&] { return host.lock("/c"); });
  EXPECT_EQ(waiting.wait_for(std::chrono::milliseconds(200)), std::future_status::timeout);
  ASSERT_TRUE(host.remove("/c"));
  ASSERT_TRUE(host.make_directory("/c"));
  auto fresh = host.lock("/c");
  ASSERT_TRUE(fresh) << "the old lock is the old directory's";
  held->reset();
  EXPECT_EQ(waiting.wait_for(std::chrono::milliseconds(200)), std::future_status::timeout)
      << "two hold a lock of one path";
  ASSERT_TRUE(host.remove("/c"));
  fresh->reset();
  const auto gone = waiting.get();
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, std::errc::no_such_file_or_directory);
}

TEST(HostLock, ALockGoesWithTheProcessThatHeldIt) {
  Scratch folder;
  const pid_t pid = ::fork();
  if (pid == 0) {
    Host other(folder.path());
    const auto mine = other.lock("/");
    (void)other.write("/taken", "");
    ::pause();
  }
  Host host(folder.path());
  while (!host.exists("/taken")) std::this_thread::yield();
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  EXPECT_TRUE(host.lock("/"));
}

TEST(HostLock, IsWaitedForNoLongerThanTheLimit) {
  Scratch folder;
  Host host(folder.path());
  const auto held = host.lock("/");
  ASSERT_TRUE(held);
  const auto begin = std::chrono::steady_clock::now();
  const auto mine = host.lock("/", 150ms);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 150ms);
  ASSERT_FALSE(mine);
  EXPECT_EQ(mine.error().code, std::errc::timed_out);
  EXPECT_THAT(mine.error().what, HasSubstr("cannot lock / within 0 s: "));
}

// The real /proc says who it is: a process of its own, by its pid and its command line.
TEST(HostLock, TheErrorNamesTheHolder) {
  Scratch folder;
  Host host;
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int file = ::open(folder.path().c_str(), O_RDONLY);
    if (::flock(file, LOCK_EX) != 0) ::_exit(1);
    ::execl("/bin/sleep", "sleep", "1000", nullptr);
    ::_exit(1);
  }
  const auto said = [&] {
    const auto mine = host.lock(folder.path(), 10ms);
    return mine ? "" : mine.error().what;
  };
  const auto expected = text("cannot lock ", folder.path(), " within 0 s: process ", pid,
                             " (sleep 1000) holds it: wait for its end, or end it");
  for (int i = 0; i < 500 && said() != expected; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(said(), expected);
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  EXPECT_EQ(said(), "");
}

TEST(HostLock, ALockFileIsClosedToOthersAndSoIsItsDirectory) {
  Scratch folder;
  Host host(folder.path());
  const auto before = ::umask(0);
  const auto held = host.lock_file("/run/locks/lock");
  ::umask(before);
  ASSERT_TRUE(held) << held.error().what;
  struct stat status {};
  ASSERT_EQ(::stat(folder.at("run/locks").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0700U);
  ASSERT_EQ(::stat(folder.at("run/locks/lock").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  EXPECT_EQ(host.lock_file("/run/locks/lock", 10ms).error().code, std::errc::timed_out);
}

// Whoever could open it could hold it for ever.
TEST(HostLock, ALockFileThatIsOpenToOthersIsRefused) {
  Scratch folder;
  Host host(folder.path());
  ASSERT_TRUE(host.lock_file("/run/lock"));
  ASSERT_EQ(::chmod(folder.at("run/lock").c_str(), 0644), 0);
  EXPECT_EQ(host.lock_file("/run/lock").error().what, "/run/lock is no lock file that only root can open: remove it");
  ASSERT_TRUE(host.remove("/run/lock"));
  ASSERT_EQ(::mkfifo(folder.at("run/lock").c_str(), 0600), 0);
  EXPECT_EQ(host.lock_file("/run/lock").error().code, std::errc::operation_not_permitted);
  ASSERT_TRUE(host.remove("/run/lock"));
  ASSERT_EQ(::symlink("other", folder.at("run/lock").c_str()), 0);
  EXPECT_EQ(host.lock_file("/run/lock").error().code, std::errc::too_many_symbolic_link_levels);
  ASSERT_TRUE(host.remove("/run/lock"));
  ASSERT_EQ(::chmod(folder.at("run").c_str(), 0777), 0);
  EXPECT_EQ(host.lock_file("/run/lock").error().code, std::errc::operation_not_permitted);
}

}  // namespace
}  // namespace runx::base
