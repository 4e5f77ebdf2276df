// SPDX-License-Identifier: Apache-2.0
#include "base/command.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/base/scratch.h"

namespace runx::base {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using test::Scratch;

// The tests write shell for their children; the code under test knows no shell.
Command shell(std::string script) { return {.argv = {"/bin/sh", "-c", std::move(script)}}; }

TEST(Command, BringsBothStreamsAndTheExitCode) {
  const auto done = run_command(shell("echo out; echo err >&2; exit 7"));
  ASSERT_TRUE(done);
  EXPECT_EQ(done->status, 7);
  EXPECT_EQ(done->output, "out\n");
  EXPECT_EQ(done->errors, "err\n");
}

TEST(Command, ArgumentsArriveAsTheyStand) {
  const auto done = run_command({.argv = {"/usr/bin/printf", "[%s]", "a b", "$HOME;`x`", "", "*"}});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->output, "[a b][$HOME;`x`][][*]");
}

TEST(Command, DeathByASignalIs128AndItsNumber) {
  EXPECT_EQ(run_command(shell("kill -TERM $$"))->status, 128 + SIGTERM);
  EXPECT_EQ(run_command(shell("kill -KILL $$"))->status, 128 + SIGKILL);
}

TEST(Command, TheChildsEnvironmentIsSmallAndOurs) {
  ::setenv("RUNX_TEST_SECRET", "1", 1);
  const auto done = run_command({.argv = {"/usr/bin/env"}});
  ::unsetenv("RUNX_TEST_SECRET");
  EXPECT_EQ(done->output, "PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C\n");
}

TEST(Command, TheChildStartsWithDefaultSignals) {
  sigset_t usr1;
  sigset_t before;
  ::sigemptyset(&usr1);
  ::sigaddset(&usr1, SIGUSR1);
  ::sigprocmask(SIG_BLOCK, &usr1, &before);
  const auto old = ::signal(SIGUSR2, SIG_IGN);
  const auto blocked = run_command(shell("kill -USR1 $$; sleep 0; exit 0"));
  const auto ignored = run_command(shell("kill -USR2 $$; exit 0"));
  ::signal(SIGUSR2, old);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(blocked->status, 128 + SIGUSR1);
  EXPECT_EQ(ignored->status, 128 + SIGUSR2);
}

// More than two pipes hold, on both streams at once, neither of them first.
TEST(Command, LargeOutputOnBothStreamsAtOnceDoesNotBlock) {
  const auto done = run_command(
      shell("i=0; while [ $i -lt 5 ]; do head -c 100000 /dev/zero >&2; head -c 100000 /dev/zero; i=$((i+1)); done"));
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(done->output.size(), 500'000U);
  EXPECT_EQ(done->errors.size(), 500'000U);
}

TEST(Command, KeepsTheFirstMebibyteAndReadsOn) {
  const auto done = run_command(shell("printf begin; head -c 3000000 /dev/zero; exit 3"));
  ASSERT_TRUE(done);
  EXPECT_EQ(done->status, 3) << "the program was blocked or killed by what it wrote";
  EXPECT_EQ(done->output.size(), std::size_t{1} << 20);
  EXPECT_TRUE(done->output.starts_with("begin"));
}

TEST(Command, GivesInputWholeAndThenEnds) {
  std::string input(700'000, 'x');
  input.front() = 'a';
  input.back() = 'z';
  const auto done = run_command({.argv = {"/bin/cat"}, .input = input});
  ASSERT_TRUE(done);
  EXPECT_TRUE(done->output == input);
  EXPECT_EQ(run_command({.argv = {"/bin/cat"}})->output, "") << "without input, standard input is at its end";
}

TEST(Command, AProgramThatDoesNotReadItsInputIsNoError) {
  const auto done = run_command({.argv = {"/bin/sh", "-c", "exec <&-; exit 4"}, .input = std::string(700'000, 'x')});
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(done->status, 4);
}

TEST(Command, SigpipeStaysAsItWas) {
  struct sigaction mine {};
  mine.sa_handler = [](int) {};
  struct sigaction before {};
  ::sigaction(SIGPIPE, &mine, &before);
  ASSERT_TRUE(run_command({.argv = {"/bin/true"}, .input = std::string(100'000, 'x')}));
  struct sigaction after {};
  ::sigaction(SIGPIPE, &before, &after);
  EXPECT_EQ(after.sa_handler, mine.sa_handler);
}

TEST(Command, IsKilledWhenItsTimeIsUp) {
  const auto start = Clock::now();
  const auto done = run_command({.argv = {"/bin/sleep", "30"}, .limit = milliseconds(200)});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, std::errc::timed_out);
  EXPECT_EQ(done.error().what, "/bin/sleep did not end within 200 ms and was killed");
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(10));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child was left";
}

TEST(Command, TheLimitHoldsForAProgramThatClosedItsStreams) {
  const auto start = Clock::now();
  const auto done = run_command({.argv = {"/bin/sh", "-c", "exec >&- 2>&-; sleep 30"}, .limit = milliseconds(300)});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, std::errc::timed_out);
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(10));
}

TEST(Command, AProgramThatCannotRunIsAnErrorWithItsErrno) {
  const auto missing = run_command({.argv = {"/no/such/program"}});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, std::errc::no_such_file_or_directory);
  EXPECT_EQ(missing.error().what, "cannot run /no/such/program: No such file or directory");
  Scratch folder;
  folder.file("text", "not a program");
  EXPECT_EQ(run_command({.argv = {folder.at("text")}}).error().code, std::errc::permission_denied);
  ASSERT_EQ(::chmod(folder.at("text").c_str(), 0755), 0);
  EXPECT_EQ(run_command({.argv = {folder.at("text")}}).error().code, std::errc::executable_format_error);
  EXPECT_EQ(spawn_command({"/no/such/program"}, {}).error().code, std::errc::no_such_file_or_directory);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child was left";
}

TEST(Command, NothingButTheThreeStreamsReachesTheChild) {
  const Fd leaked(::open("/dev/null", O_RDONLY));  // not close-on-exec
  const auto done = run_command({.argv = {"/bin/ls", "/proc/self/fd"}});
  EXPECT_EQ(done->output, "0\n1\n2\n3\n") << "3 is the folder that ls reads";
}

// True when the process is gone (a zombie of somebody else's counts as gone) within five seconds.
bool goes_away(pid_t pid) {
  for (int i = 0; i < 500; ++i) {
    if (::kill(pid, 0) != 0) return true;
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    std::getline(stat, line);
    if (line.find(") Z ") != std::string::npos) return true;
    std::this_thread::sleep_for(milliseconds(10));
  }
  return false;
}

// The runtime is killed while `xl` runs: `xl` must not go on acting on the machine.
TEST(Command, TheChildDiesWithItsParent) {
  Scratch folder;
  const pid_t parent = ::fork();
  if (parent == 0) {
    (void)run_command(shell("echo $$ > " + folder.at("new") + "; mv " + folder.at("new") + " " + folder.at("pid") +
                            "; exec sleep 60"));
    ::_exit(0);
  }
  while (!std::filesystem::exists(folder.at("pid"))) std::this_thread::sleep_for(milliseconds(5));
  const pid_t child = std::stoi(folder.content("pid"));
  ASSERT_EQ(::kill(child, 0), 0) << "the child is not running";
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  EXPECT_TRUE(goes_away(child));
}

// What a spawned program has open, as it says through `inherit`'s pipe.
std::string descriptors_of_spawned(std::vector<int> extra) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  Fd read(ends[0]);
  Fd write(ends[1]);
  std::vector<int> inherit{write.get()};
  inherit.insert(inherit.end(), extra.begin(), extra.end());
  const auto pid = spawn_command({"/bin/sh", "-c", "ls -1 /proc/$$/fd >&" + std::to_string(write.get())}, inherit);
  EXPECT_TRUE(pid);
  write.reset();
  std::string out;
  std::array<char, 256> buffer{};
  for (ssize_t got = 0; (got = ::read(read.get(), buffer.data(), buffer.size())) > 0;) {
    out.append(buffer.data(), static_cast<std::size_t>(got));
  }
  int status = 0;
  EXPECT_EQ(::waitpid(*pid, &status, 0), *pid);
  EXPECT_EQ(status, 0);
  return out;
}

TEST(Spawn, KeepsTheWantedDescriptorsAndNoOthers) {
  const Fd unwanted(::open("/dev/null", O_RDONLY));  // not even close-on-exec
  const Fd wanted(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Fd high(::fcntl(unwanted.get(), F_DUPFD, 200));
  const auto listed = descriptors_of_spawned({high.get(), wanted.get()});
  const auto has = [&](int fd) { return ("\n" + listed).find("\n" + std::to_string(fd) + "\n") != std::string::npos; };
  EXPECT_TRUE(has(0) && has(1) && has(2)) << listed;
  EXPECT_TRUE(has(wanted.get())) << listed;
  EXPECT_TRUE(has(high.get())) << listed;
  EXPECT_FALSE(has(unwanted.get())) << listed;
  // 0, 1, 2, the pipe, two wanted; dash may keep a copy of its own at 10 while it redirects.
  EXPECT_LE(std::count(listed.begin(), listed.end(), '\n'), 7) << listed;
}

TEST(Spawn, GivesTheProgramASessionOfItsOwn) {
  const auto pid = spawn_command({"/bin/sleep", "60"}, {});
  ASSERT_TRUE(pid);
  EXPECT_EQ(::getsid(*pid), *pid);
  ::kill(*pid, SIGKILL);
  ::waitpid(*pid, nullptr, 0);
}

TEST(Spawn, OutlivesWhoStartedIt) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    const auto pid = spawn_command({"/bin/sleep", "60"}, {});
    const int number = pid ? *pid : -1;
    ::_exit(::write(ends[1], &number, sizeof number) == sizeof number ? 0 : 1);
  }
  pid_t spawned = 0;
  ASSERT_EQ(::read(ends[0], &spawned, sizeof spawned), static_cast<ssize_t>(sizeof spawned));
  ::waitpid(parent, nullptr, 0);
  std::this_thread::sleep_for(milliseconds(50));
  ASSERT_GT(spawned, 0);
  EXPECT_EQ(::kill(spawned, SIGKILL), 0) << "it died with its parent";
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace runx::base
