// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "base/host.h"
#include "tests/base/scratch.h"

namespace runx::base {
namespace {

using test::Scratch;

class HostProcess : public testing::Test {
 protected:
  Result<std::uint64_t> start(const std::string& stat) {
    folder_.file("proc/1000/stat", "1000 " + stat);
    return host_.process_start(1000);
  }

  Scratch folder_;
  Host host_{folder_.path()};
};

TEST_F(HostProcess, TheStartTimeIsFoundBehindAnyName) {
  const std::string fields = " S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 6000 0 0";
  for (const char* name : {"(x)", "(a b)", "(a) R 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 (b)", "())", "(\n)"}) {
    EXPECT_EQ(start(name + fields).value_or(0), 6000U) << name;
  }
}

TEST_F(HostProcess, AZombieIsGone) {
  for (const char* letter : {"Z", "X"}) {
    EXPECT_EQ(start(text("(x) ", letter, " 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 6000 0 0")).error().code,
              std::errc::no_such_process);
  }
}

TEST_F(HostProcess, AStatThatIsNoneIsNobodys) {
  for (const char* stat : {"", "(x", "(x)", "(x) S 1 2 3", "(x) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 soon"}) {
    EXPECT_FALSE(start(stat)) << stat;
  }
}

pid_t sleeper() {
  const pid_t pid = ::fork();
  if (pid == 0) {
    for (;;) ::pause();
  }
  return pid;
}

TEST(HostSignal, ReachesTheProcessAndSaysWhenItIsGone) {
  Host host;
  const pid_t pid = sleeper();
  const auto start = host.process_start(pid);
  ASSERT_TRUE(start) << start.error().what;
  ASSERT_TRUE(host.signal(pid, *start, SIGTERM));
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
  EXPECT_EQ(host.signal(pid, *start, SIGTERM).error().code, std::errc::no_such_process);
}

// A pid that was written down may be another's by now.
TEST(HostSignal, DoesNotReachAnotherProcessThatHasThePid) {
  Host host;
  const pid_t pid = sleeper();
  const auto start = host.process_start(pid);
  ASSERT_TRUE(start);
  const auto sent = host.signal(pid, *start - 1, SIGKILL);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, std::errc::no_such_process);
  EXPECT_EQ(::waitpid(pid, nullptr, WNOHANG), 0) << "it was signalled";
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
}

TEST(HostSignal, ZeroAndNegativePidsAreNobodys) {
  for (const int pid : {0, -1}) EXPECT_FALSE(Host().signal(pid, 0, 0)) << "every process of a group would get it";
}

}  // namespace
}  // namespace runx::base
