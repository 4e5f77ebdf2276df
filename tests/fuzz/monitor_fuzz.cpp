// SPDX-License-Identifier: Apache-2.0
// A hostile guest, its engine and its neighbours against the monitor's loop. The input is a script of what they do each
// time the monitor waits: bytes and frames on the console, nodes and events of xenstore, readers who read, stop or
// go. Time passes in the script's head only. When the script is over the domain ends, and the monitor has to end too:
// with a code, with bounded files, and with no more memory than it had.
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <span>
#include <string>

#include <fcntl.h>
#include <sanitizer/allocator_interface.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guest/frame.h"
#include "runtime/monitor_loop.h"
#include "tests/fake/fake_host.h"
#include "tests/fake/fake_xenstore.h"
#include "tests/fuzz/hold.h"

namespace {

using namespace runx;
using fuzz::hold;
using runtime::Waiter;

constexpr const char* uuid = "11111111-2222-8333-8444-555555555555";
constexpr std::size_t most_memory = std::size_t{3} << 20;  // of the loop, the fake xenstored included
constexpr int longest_end = 1000;                          // waits after the domain's end

struct Machine {
  Machine() { ::signal(SIGPIPE, SIG_IGN); }
  fake::FakeHost folder;
  fake::FakeXenStore store{folder.real("/run/xenstored/socket")};
};

Machine& machine() {
  static Machine machine;
  return machine;
}

// The rest of the input; zeros when it is over.
class Script {
 public:
  explicit Script(base::Bytes bytes) : bytes_(bytes) {}
  bool over() const { return bytes_.empty(); }
  std::uint8_t byte() {
    if (over()) return 0;
    const auto out = bytes_[0];
    bytes_ = bytes_.subspan(1);
    return out;
  }
  std::uint32_t word() {
    std::uint32_t out = 0;
    for (int i = 0; i < 4; ++i) out = out << 8 | byte();
    return out;
  }
  std::string some() {
    const auto size = std::min<std::size_t>(byte(), bytes_.size());
    std::string out(base::text_of(bytes_.first(size)));
    bytes_ = bytes_.subspan(size);
    return out;
  }

 private:
  base::Bytes bytes_;
};

class World : public Waiter {
 public:
  World(base::Bytes bytes, int guest, std::array<base::Fd, 3>& engine, int signals)
      : script_(bytes), guest_(guest), engine_(engine), signals_(signals) {
    set("vm", std::string("/vm/") + uuid);
  }

  Clock::time_point now() override { return now_; }

  int poll(std::span<pollfd> fds, int milliseconds) override {
    hold(__sanitizer_get_current_allocated_bytes() < before_ + most_memory);
    if (!script_.over()) {
      act();
    } else {
      if (waits_++ == 0) end("---s--");
      hold(waits_ < longest_end);
    }
    const int ready = ::poll(fds.data(), fds.size(), 0);
    if (ready == 0) now_ += std::chrono::milliseconds(milliseconds < 0 ? 1000 : milliseconds);
    return ready;
  }

  std::string domain = "-b----";  // as xl lists it

 private:
  static void set(const std::string& node, const std::string& value) {
    machine().store.set("/local/domain/5/" + node, value);
  }

  void end(const std::string& state) {
    domain = state;
    machine().store.fire("@releaseDomain");
  }

  void say(const std::string& bytes) const {
    [[maybe_unused]] const auto put = ::write(guest_, bytes.data(), bytes.size());
  }

  static void read(int fd, std::size_t size) {
    std::string buffer(size, '\0');
    [[maybe_unused]] const auto got = ::read(fd, buffer.data(), buffer.size());
  }

  // What one of the streams' other ends does: 0 input, 1 and 2 readers.
  void engine(std::uint8_t what) {
    auto& end = engine_[what % 3];
    if (!end) return;
    if (what >= 0xf0) return end.reset();
    if (what % 3 != 0) return read(end.get(), std::size_t{what} * 64);
    const std::string input(std::size_t{what} * 16 + 1, 'i');
    [[maybe_unused]] const auto put = ::write(end.get(), input.data(), input.size());
  }

  void signal(std::uint8_t number) const {
    signalfd_siginfo info{};
    info.ssi_signo = number;
    [[maybe_unused]] const auto put = ::write(signals_, &info, sizeof info);
  }

  void act() {
    const auto what = script_.byte();
    switch (what & 7) {
      case 0:
        return say(script_.some());
      case 1:
      case 2: {
        const auto kind = static_cast<guest::Kind>(script_.byte());
        const auto stream = script_.byte();
        const auto value = script_.word();
        const std::string payload((what >> 3) * std::size_t{66}, 'p');
        std::string frame;
        guest::append_frame(frame, {kind, stream, value, base::bytes_of(payload)});
        // Again and again, as much as the line takes.
        for (int i = script_.byte(); i >= 0; --i) say(frame);
        return;
      }
      case 3:
        return read(guest_, std::size_t{what} * 256);
      case 4:
        return set(what & 8 ? "data/exit-status" : "data/exit-reason", script_.some());
      case 5:
        for (int i = 0; i <= what >> 3; ++i) set(base::text("data/exit-status/", script_.byte(), '/', i % 8), "x");
        return;
      case 6: {
        static constexpr std::array states{"-b----", "r-----", "---s--", "---sc-", "-----d", ""};
        if (what & 0x40) set("vm", "/vm/another");
        if (what & 0x80) machine().store.remove("/local/domain/5");
        return end(states[(what >> 3) % states.size()]);
      }
      default:
        if (what & 0x80) now_ += std::chrono::seconds(1 + (what >> 3));
        if (what & 0x40) return signal(script_.byte());
        return engine(script_.byte());
    }
  }

  Script script_;
  int guest_;
  std::array<base::Fd, 3>& engine_;
  int signals_;
  std::size_t before_ = __sanitizer_get_current_allocated_bytes();
  Clock::time_point now_{};
  int waits_ = 0;
};

std::array<base::Fd, 2> pair(bool socket) {
  std::array<int, 2> ends{};
  hold((socket ? ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data())
               : ::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK)) == 0);
  return {base::Fd(ends[0]), base::Fd(ends[1])};
}

base::Outcome xl(const base::Command& command, std::string& domain) {
  const auto& what = command.argv.at(1);
  if (what == "destroy") domain.clear();
  std::string list = "Name ID Mem VCPUs State Time(s) UUID Reason-Code Security Label\n";
  if (!domain.empty()) list += base::text("c1 5 64 1 ", domain, " 0.1 ", uuid, " - -\n");
  if (domain.ends_with('d')) domain.clear();  // dying takes it no time
  return {0, what == "list" ? list : "", ""};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  machine().store.remove("/local/domain/5");
  fake::FakeHost host(machine().folder.real(""));
  hold(host.remove_tree("/run/c1").has_value() && host.make_directory("/run/c1").has_value());
  auto line = pair(true);
  auto in = pair(false);
  auto out = pair(false);
  auto err = pair(false);
  auto signals = pair(false);
  std::array<base::Fd, 3> engine{std::move(in[1]), std::move(out[0]), std::move(err[0])};
  auto store = xen::XenStore::connect(host);
  hold(store.has_value());
  const runtime::MonitorJob job{.domid = 5, .uuid = uuid, .directory = "/run/c1", .ready_fd = -1};
  runtime::KernelLog log(host, job.directory + runtime::kernel_log_file);
  runtime::Console console(std::move(line[1]), log, {in[0].get(), out[1].get(), err[1].get()});
  World world({data, size}, line[0].get(), engine, signals[1].get());
  host.on_program("/usr/sbin/xl", [&](const base::Command& command) -> base::Result<base::Outcome> {
    return xl(command, world.domain);
  });
  runtime::MonitorLoop loop(host, job, log, *store, console, signals[0].get(), world);
  hold(loop.watch().has_value());
  const int code = loop.run();
  hold(code >= 0 && code <= 255);
  hold(host.content("/run/c1/exit-status") == base::text(code, "\n"));
  hold(host.content("/run/c1/exit-reason").size() <= 5000);
  hold(host.content("/run/c1/kernel.log").size() <= 2 * runtime::KernelLog::kept);
  hold(world.domain.empty());
  return 0;
}
