// SPDX-License-Identifier: Apache-2.0
#include "runtime/monitor.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guest/frame.h"
#include "guest/line.h"
#include "guest/supervise.h"
#include "tests/fake/fake_host.h"
#include "tests/fake/fake_xenstore.h"
#include "xen/xenstore.h"

namespace runx::runtime {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr const char* uuid = "11111111-2222-8333-8444-555555555555";

// A machine with one domain: a xenstored, an xl, a console, and the monitor as a process of its own. The guest is
// whatever the test makes of it: a real supervised program, or bytes.
class MonitorTest : public testing::Test {
 protected:
  MonitorTest() {
    int master = -1;
    int slave = -1;
    char name[64];
    EXPECT_EQ(::openpty(&master, &slave, name, nullptr, nullptr), 0);
    guest::make_raw(slave);
    guest_end_ = base::Fd(master);
    xenconsoled_ = base::Fd(slave);  // it keeps the pty's slave open as well
    ::fcntl(master, F_SETFL, O_NONBLOCK);
    for (const int fd : {master, slave}) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    host_.directory("/dev/pts");
    EXPECT_EQ(::symlink(name, host_.real(name).c_str()), 0);
    host_.directory("/run/c1");
    host_.on_program("/usr/sbin/xl", [this](const base::Command& command) { return xl(command); });
    store_.set("/local/domain/5/vm", std::string("/vm/") + uuid);
    store_.set("/local/domain/5/console/tty", name);
    domain("-b----");
  }
  ~MonitorTest() override {
    for (const pid_t pid : {monitor_, guest_}) {
      if (pid > 0) ::kill(pid, SIGKILL);
      if (pid > 0) ::waitpid(pid, nullptr, 0);
    }
  }

  // The domain as xl lists it; "" when there is none.
  void domain(const std::string& state) { host_.file("/fake/domain", state); }
  void end_domain(const std::string& state) {
    domain(state);
    store_.fire("@releaseDomain");
  }

  // Returns what it said when it was ready.
  std::string start_monitor() {
    int ready[2];
    int in[2];
    int out[2];
    int err[2];
    for (int* ends : {ready, in, out, err}) EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    monitor_ = ::fork();
    if (monitor_ == 0) {
      ::dup2(in[0], 0);
      ::dup2(out[1], 1);
      ::dup2(err[1], 2);
      for (const int fd : {in[0], in[1], out[0], out[1], err[0], err[1], ready[0], guest_end_.get()}) ::close(fd);
      ::_exit(run_monitor(host_, {.domid = 5, .uuid = uuid, .directory = "/run/c1", .ready_fd = ready[1]}));
    }
    for (const int fd : {in[0], out[1], err[1], ready[1]}) ::close(fd);
    input_ = base::Fd(in[1]);
    output_ = base::Fd(out[0]);
    errors_ = base::Fd(err[0]);
    const base::Fd said(ready[0]);
    return read_all(said);
  }

  // The guest: a program under the real supervision, then what init does with its exit code.
  void start_guest(const std::string& script) {
    guest_ = ::fork();
    if (guest_ != 0) return;
    for (auto* fd : {&input_, &output_, &errors_}) fd->reset();
    guest::GuestProcess process;
    process.args = {"/bin/sh", "-c", script};
    process.env = {"PATH=/usr/bin:/bin"};
    process.uid = ::getuid();
    process.gid = ::getgid();
    const auto children = guest::watch_children();
    auto program = guest::launch(process);
    const auto code = guest::supervise(guest_end_.get(), *children, std::move(*program));
    if (!code) ::_exit(111);
    auto store = xen::XenStore::connect(host_);
    if (store) static_cast<void>(store->write("/local/domain/5/data/exit-status", std::to_string(*code)));
    ::_exit(0);
  }
  // Waits for the guest, which then powers off.
  void power_off() {
    int status = -1;
    ASSERT_EQ(::waitpid(guest_, &status, 0), guest_);
    guest_ = -1;
    EXPECT_EQ(status, 0);
    end_domain("---s--");
  }

  int wait_monitor() {
    int status = -1;
    for (int i = 0; i < 2000; ++i) {
      if (::waitpid(monitor_, &status, WNOHANG) == monitor_) {
        monitor_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
      }
      ::usleep(10'000);
    }
    return -1000;
  }

  static std::string read_all(const base::Fd& from) {
    std::string all;
    char buffer[4096];
    for (ssize_t got = 0; (got = ::read(from.get(), buffer, sizeof buffer)) > 0;) {
      all.append(buffer, static_cast<std::size_t>(got));
    }
    return all;
  }
  // Until the text is there.
  static std::string read_until(const base::Fd& from, std::string_view end) {
    std::string all;
    char c = 0;
    while (!all.ends_with(end) && ::read(from.get(), &c, 1) == 1) all += c;
    return all;
  }
  void kernel_says(std::string_view text) {
    while (!text.empty()) {
      pollfd waiting{guest_end_.get(), POLLOUT, 0};
      ASSERT_EQ(::poll(&waiting, 1, 5000), 1);
      const ssize_t put = ::write(guest_end_.get(), text.data(), text.size());
      if (put > 0) text.remove_prefix(static_cast<std::size_t>(put));
    }
  }

  std::string status() const { return host_.content("/run/c1/exit-status"); }
  std::string reason() const { return host_.content("/run/c1/exit-reason"); }
  std::string kernel_log() const { return host_.content("/run/c1/kernel.log"); }
  std::string xl_calls() const { return host_.content("/fake/calls"); }

  fake::FakeHost host_;
  fake::FakeXenStore store_{host_.real("/run/xenstored/socket")};
  base::Fd guest_end_;
  base::Fd xenconsoled_;
  base::Fd input_;
  base::Fd output_;
  base::Fd errors_;
  pid_t monitor_ = -1;
  pid_t guest_ = -1;

 private:
  base::Result<base::Outcome> xl(const base::Command& command) {
    const auto& what = command.argv.at(1);
    host_.file("/fake/calls", host_.content("/fake/calls") + what + "\n");
    if (what == "destroy") host_.file("/fake/domain", "");
    // The guest is quick: it tells its status and powers off while xl begins.
    if (what == "list" && host_.content("/fake/ends_now") == "yes") {
      host_.file("/fake/ends_now", "");
      host_.file("/fake/domain", "---s--");
      auto store = xen::XenStore::connect(host_);
      if (store) static_cast<void>(store->write("/local/domain/5/data/exit-status", "7"));
    }
    const auto state = host_.content("/fake/domain");
    std::string list = "Name ID Mem VCPUs State Time(s) UUID Reason-Code Security Label\n";
    list += "Domain-0 0 512 2 r----- 12.3 00000000-0000-0000-0000-000000000000 - -\n";
    if (!state.empty()) list += base::text("c1 5 64 1 ", state, " 0.1 ", uuid, " - -\n");
    return base::Outcome{0, what == "list" ? list : "", ""};
  }
};

TEST_F(MonitorTest, BringsTheProgramsStreamsAndItsCode) {
  EXPECT_EQ(start_monitor(), std::string(1, monitor_ready));
  kernel_says("[    0.000000] Booting Linux\n");
  start_guest("echo out; echo err >&2; exit 7");
  power_off();
  EXPECT_EQ(wait_monitor(), 7);
  EXPECT_EQ(read_all(output_), "out\n");
  EXPECT_EQ(read_all(errors_), "err\n");
  EXPECT_EQ(status(), "7\n");
  EXPECT_EQ(reason(), "");
  EXPECT_EQ(kernel_log(), "[    0.000000] Booting Linux\n");
  EXPECT_THAT(xl_calls(), HasSubstr("destroy"));
}

TEST_F(MonitorTest, ASlowReaderGetsEveryOneOfFourMillionBytes) {
  start_monitor();
  start_guest("seq 1 600000; seq 1 1000 >&2");
  std::string expected;
  for (int i = 1; i <= 600'000; ++i) expected += base::text(i, '\n');
  ASSERT_GT(expected.size(), 4'000'000U);
  std::string got;
  std::string part(20'000, '\0');
  for (ssize_t size = 0; (size = ::read(output_.get(), part.data(), part.size())) > 0;) {
    got.append(part, 0, static_cast<std::size_t>(size));
    ::usleep(500);
  }
  EXPECT_TRUE(got == expected) << got.size() << " bytes of " << expected.size();
  EXPECT_EQ(read_all(errors_).size(), 3893U);
  power_off();
  EXPECT_EQ(wait_monitor(), 0);
}

TEST_F(MonitorTest, AReaderWhoHasGoneDoesNotHoldUpTheProgram) {
  start_monitor();
  output_.reset();
  start_guest("seq 1 100000; echo end >&2; exit 5");
  EXPECT_EQ(read_all(errors_), "end\n");
  power_off();
  EXPECT_EQ(wait_monitor(), 5);
}

TEST_F(MonitorTest, InputReachesTheProgram) {
  start_monitor();
  start_guest("wc -c");
  const std::string some(50'000, 'i');
  for (int i = 0; i < 4; ++i) ASSERT_EQ(::write(input_.get(), some.data(), some.size()), 50'000);
  input_.reset();
  EXPECT_EQ(read_all(output_), "200000\n");
  power_off();
  EXPECT_EQ(wait_monitor(), 0);
}

TEST_F(MonitorTest, SignalsAreThePrograms) {
  start_monitor();
  start_guest(
      "trap 'echo usr1' USR1; trap 'echo hup' HUP; echo up; "
      "while :; do sleep 0.05; done");
  EXPECT_EQ(read_until(output_, "up\n"), "up\n");
  ::kill(monitor_, SIGUSR1);
  EXPECT_EQ(read_until(output_, "\n"), "usr1\n");
  ::kill(monitor_, SIGHUP);
  EXPECT_EQ(read_until(output_, "\n"), "hup\n");
  ::kill(monitor_, SIGTERM);
  power_off();
  EXPECT_EQ(wait_monitor(), 128 + SIGTERM);
}

TEST_F(MonitorTest, ASignalBeforeThereIsAProgramWaitsForIt) {
  start_monitor();
  ::kill(monitor_, SIGTERM);
  ::usleep(50'000);
  start_guest("sleep 10");
  power_off();
  EXPECT_EQ(wait_monitor(), 128 + SIGTERM);
}

TEST_F(MonitorTest, ACrashIsToldWithTheKernelsLastWords) {
  start_monitor();
  kernel_says("Unable to handle something");
  end_domain("---sc-");
  EXPECT_EQ(wait_monitor(), exit_unknown);
  EXPECT_EQ(status(), "255\n");
  EXPECT_EQ(reason(), "the guest's kernel crashed: see kernel.log\n");
  EXPECT_EQ(kernel_log(), "Unable to handle something");
}

TEST_F(MonitorTest, APanicThatXenTakesForARebootIsNamed) {
  start_monitor();
  kernel_says("[ 1.3] Kernel panic - not syncing: Out of memory\r\n[ 1.4] CPU: 0\r\n");
  end_domain("---s--");
  EXPECT_EQ(wait_monitor(), exit_unknown);
  EXPECT_EQ(reason(), "the guest's kernel gave up: Out of memory (see kernel.log)\n");
}

TEST_F(MonitorTest, ADomainDestroyedFromOutsideIsKilled) {
  start_monitor();
  store_.remove("/local/domain/5");
  end_domain("");
  EXPECT_EQ(wait_monitor(), exit_killed);
  EXPECT_EQ(status(), "137\n");
  EXPECT_EQ(xl_calls().find("destroy"), std::string::npos);
}

TEST_F(MonitorTest, AnotherDomainsEndIsNone) {
  start_monitor();
  for (int i = 0; i < 3; ++i) store_.fire("@releaseDomain");
  start_guest("echo still here; exit 3");
  EXPECT_EQ(read_all(output_), "still here\n");
  power_off();
  EXPECT_EQ(wait_monitor(), 3);
}

// Another domain ends; before xl can say that this one runs, it tells its status and shuts down.
TEST_F(MonitorTest, AnEndBesideAnothersKeepsItsCode) {
  start_monitor();
  host_.file("/fake/ends_now", "yes");
  store_.fire("@releaseDomain");
  EXPECT_EQ(wait_monitor(), 7);
  EXPECT_EQ(status(), "7\n");
  EXPECT_EQ(reason(), "");
}

TEST_F(MonitorTest, TheEndsOfOthersCostNoXl) {
  start_monitor();
  for (int i = 0; i < 5; ++i) {
    store_.fire("@releaseDomain");
    ::usleep(5'000);
  }
  store_.set("/local/domain/5/data/exit-status", "3");
  end_domain("---s--");
  EXPECT_EQ(wait_monitor(), 3);
  EXPECT_EQ(xl_calls(), "list\ndestroy\nlist\n") << "to destroy it";
}

TEST_F(MonitorTest, TheEndsOfOthersCostOneLookASecond) {
  start_monitor();
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 25; ++i) {
    store_.fire("@releaseDomain");
    ::usleep(100'000);
  }
  const auto calls = xl_calls();
  const auto seconds = (std::chrono::steady_clock::now() - begin) / 1s;
  EXPECT_GE(std::count(calls.begin(), calls.end(), '\n'), 1);
  EXPECT_LE(std::count(calls.begin(), calls.end(), '\n'), seconds);
  store_.set("/local/domain/5/data/exit-status", "3");
  end_domain("---s--");
  EXPECT_EQ(wait_monitor(), 3);
}

// A guest may write below the node that the monitor watches, as often as it can.
TEST_F(MonitorTest, AFloodOfEventsDoesNotStarveTheConsole) {
  start_monitor();
  std::atomic<bool> stop = false;
  std::thread flood([&] {
    for (unsigned i = 0; !stop; ++i) store_.set(base::text("/local/domain/5/data/exit-status/", i % 5000), "x");
  });
  ::usleep(100'000);
  std::string frame;
  guest::append_frame(frame, {guest::Kind::data, guest::stream_out, 0, base::bytes_of("through\n")});
  kernel_says(frame);
  pollfd waiting{output_.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&waiting, 1, 5000), 1) << "the monitor looks at nothing but events";
  stop = true;
  flood.join();
  EXPECT_EQ(read_until(output_, "\n"), "through\n");
  end_domain("---s--");
  EXPECT_EQ(wait_monitor(), exit_unknown);
}

TEST_F(MonitorTest, ADomidThatIsSomebodyElsesNowIsLeftAlone) {
  start_monitor();
  store_.set("/local/domain/5/vm", "/vm/99999999-2222-8333-8444-555555555555");
  domain("");
  store_.fire("@releaseDomain");
  EXPECT_EQ(wait_monitor(), exit_killed);
  EXPECT_EQ(xl_calls().find("destroy"), std::string::npos);
}

TEST_F(MonitorTest, AStatusThatIsNoneIsNotBelieved) {
  start_monitor();
  store_.set("/local/domain/5/data/exit-status", "0\n; rm -rf");
  end_domain("---s--");
  EXPECT_EQ(wait_monitor(), exit_unknown);
  EXPECT_EQ(reason(), "the guest told an exit status that is none: 0\\x0a; rm -rf\n");
}

TEST_F(MonitorTest, WhyTheContainerCouldNotBeRunIsKept) {
  start_monitor();
  store_.set("/local/domain/5/data/exit-reason", "cannot mount /dev:\x1b[31m no");
  store_.set("/local/domain/5/data/exit-status", "255");
  end_domain("---s--");
  EXPECT_EQ(wait_monitor(), 255);
  EXPECT_EQ(reason(), "the container could not be run: cannot mount /dev:\\x1b[31m no\n");
}

TEST_F(MonitorTest, AGuestThatDoesNotPowerOffIsDestroyed) {
  start_monitor();
  store_.set("/local/domain/5/data/exit-status", "0");
  EXPECT_EQ(wait_monitor(), 0);
  EXPECT_THAT(xl_calls(), HasSubstr("destroy"));
}

TEST_F(MonitorTest, AnEndWithoutAStatusIsUnknownUnlessTheConsoleKnows) {
  start_monitor();
  std::string frame;
  guest::append_frame(frame, {guest::Kind::exit, 0, 9});
  kernel_says(frame);
  end_domain("---s--");
  EXPECT_EQ(wait_monitor(), 9);
  EXPECT_EQ(reason(), "");
}

TEST_F(MonitorTest, GarbageFromTheGuestIsText) {
  start_monitor();
  std::string garbage;
  for (int i = 0; i < 30'000; ++i) garbage += static_cast<char>(i * i >> 3);
  std::string forged;
  guest::append_frame(forged, {guest::Kind::data, guest::stream_out, 0x80000000U, base::bytes_of("forged")});
  guest::append_frame(forged, {guest::Kind::data, guest::stream_in, 0, base::bytes_of("forged")});
  guest::append_frame(forged, {guest::Kind::ack, guest::stream_in, 77});
  guest::append_frame(forged, {guest::Kind::probe, guest::stream_err, 5});
  kernel_says(garbage + forged + garbage);
  end_domain("---s--");
  EXPECT_EQ(wait_monitor(), exit_unknown);
  EXPECT_EQ(read_all(output_), "");
  EXPECT_EQ(kernel_log().size(), 2 * garbage.size());
}

TEST_F(MonitorTest, TheConsoleMayComeLater) {
  const auto tty = *store_.get("/local/domain/5/console/tty");
  store_.remove("/local/domain/5/console/tty");
  std::thread later([&] {
    ::usleep(200'000);
    store_.set("/local/domain/5/console/tty", tty);
  });
  EXPECT_EQ(start_monitor(), std::string(1, monitor_ready));
  later.join();
  end_domain("---s--");
  EXPECT_EQ(wait_monitor(), exit_unknown);
}

TEST_F(MonitorTest, AnEndThatXlCouldNotTellIsAskedForAgain) {
  host_.fail("run", "/usr/sbin/xl", EAGAIN);
  start_monitor();
  end_domain("---s--");
  EXPECT_EQ(wait_monitor(), exit_unknown);
}

TEST_F(MonitorTest, SaysWhyItCannotBegin) {
  store_.set("/local/domain/5/console/tty", "/etc/passwd");
  EXPECT_EQ(start_monitor(), "/local/domain/5/console/tty is no pty: /etc/passwd");
  EXPECT_EQ(wait_monitor(), exit_unknown);
  store_.set("/local/domain/5/vm", "/vm/somebody-else");
  EXPECT_EQ(start_monitor(), "domain 5 is not the container's");
  EXPECT_EQ(wait_monitor(), exit_unknown);
}

}  // namespace
}  // namespace runx::runtime
