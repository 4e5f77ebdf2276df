// SPDX-License-Identifier: Apache-2.0
#include "runtime/monitor.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/printable.h"
#include "guest/line.h"
#include "runtime/console.h"
#include "runtime/kernel_log.h"
#include "xen/xenstore.h"
#include "xen/xl.h"

namespace runx::runtime {

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto console_limit = std::chrono::seconds(10);
// A guest that has told its status has nothing left to do but to power off.
constexpr auto power_off_limit = std::chrono::seconds(5);
constexpr int last_words_ms = 100;
constexpr int look_again_ms = 1000;
constexpr std::size_t longest_reason = 1024;

int milliseconds_to(Clock::time_point end) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left + 1, 0, 60'000));
}

// The guest writes it: a number from 0 to 255 and nothing else.
std::optional<int> parse_status(std::string_view text) {
  int value = -1;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size() || value < 0 || value > 255) return std::nullopt;
  return value;
}

// xenconsoled makes the pty; a path that leads elsewhere is not opened as root.
bool is_pty(std::string_view path) {
  constexpr std::string_view where = "/dev/pts/";
  return path.starts_with(where) && path.size() > where.size() &&
         path.find_first_not_of("0123456789", where.size()) == std::string_view::npos;
}

class Monitor {
 public:
  Monitor(base::Host& host, const MonitorJob& job)
      : host_(host),
        job_(job),
        domain_(base::text("/local/domain/", job.domid)),
        log_(host, job.directory + kernel_log_file) {}

  base::Status start() {
    sigset_t all;
    sigfillset(&all);
    ::sigprocmask(SIG_BLOCK, &all, nullptr);
    signals_ = base::Fd(::signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_) return base::fail_errno(errno, "cannot listen to signals");
    auto store = xen::XenStore::connect(host_);
    if (!store) return tl::unexpected(store.error());
    store_.emplace(std::move(*store));
    if (auto done = store_->watch(tty_path(), "tty"); !done) return done;
    if (auto done = check_domain(); !done) return done;
    if (auto done = open_console(); !done) return done;
    // After the console, because waiting for it takes events away.
    if (auto done = store_->watch("@releaseDomain", "release"); !done) return done;
    if (auto done = store_->watch(domain_ + "/data/exit-status", "status"); !done) return done;
    // What a watch begins with tells nothing, and would swallow a true event that says the same.
    for (auto event = store_->next_event(); !event || *event; event = store_->next_event()) {
      if (!event) return tl::unexpected(event.error());
    }
    return check_domain();
  }

  int run() {
    while (!ended_) {
      if (auto done = step(); !done) end(exit_unknown, "the monitor cannot go on: " + done.error().what);
    }
    // A guest tells its status when we have acknowledged all of its output. Otherwise its last words may be on the way.
    console_->finish(status_ ? 0 : last_words_ms);
    if (const auto told = console_->exit_code(); told && !status_ && code_ == exit_unknown) {
      // The guest could say it over the console only: a kernel without /dev/xen/xenbus.
      code_ = *told;
      reason_.clear();
    }
    if (!status_ && code_ == exit_unknown) find_panic();
    if (!reason_.empty()) keep(exit_reason_file, reason_);
    keep(exit_status_file, std::to_string(code_));
    if (auto done = xen::destroy(host_, job_.uuid); !done) {
      log_.add("runx-accel: the domain could not be destroyed: " + done.error().what + "\n");
    }
    return code_;
  }

 private:
  std::string tty_path() const { return domain_ + "/console/tty"; }

  base::Status open_console() {
    const auto deadline = Clock::now() + console_limit;
    for (;;) {
      auto path = store_->read(tty_path());
      if (path && is_pty(*path)) {
        auto terminal = host_.open(*path, O_RDWR | O_NOCTTY | O_NONBLOCK);
        if (!terminal) return tl::unexpected(terminal.error());
        if (!guest::make_raw(terminal->get())) return base::fail_errno(errno, *path, " is no terminal");
        console_.emplace(std::move(*terminal), log_);
        return {};
      }
      if (path && !path->empty()) return base::fail(std::errc::invalid_argument, tty_path(), " is no pty: ", *path);
      if (!path && path.error().code != std::errc::no_such_file_or_directory) return tl::unexpected(path.error());
      if (auto done = wait_for_tty(deadline); !done) return done;
    }
  }

  // Until xenconsoled has written where the pty is, which it does some time after xl has made the domain.
  base::Status wait_for_tty(Clock::time_point deadline) {
    for (;;) {
      auto event = store_->next_event();
      if (!event) return tl::unexpected(event.error());
      if (*event && (*event)->token == "tty") return {};
      if (*event) continue;
      pollfd waiting{store_->fd(), POLLIN, 0};
      if (::poll(&waiting, 1, milliseconds_to(deadline)) == 0) {
        return base::fail(std::errc::timed_out, "domain ", job_.domid,
                          " has got no console for ten seconds: is xenconsoled running?");
      }
    }
  }

  base::Status step() {
    if (auto done = take_events(); !done || ended_) return done;
    const auto console = console_->wait_for();
    std::array<pollfd, Console::watched + 2> waiting{};
    std::copy(console.begin(), console.end(), waiting.begin());
    waiting[Console::watched] = {store_->fd(), POLLIN, 0};
    waiting[Console::watched + 1] = {signals_.get(), POLLIN, 0};
    const int patience = console_->patience();
    const int left = status_ ? milliseconds_to(power_off_by_) : unsure_ ? look_again_ms : -1;
    const int ready =
        ::poll(waiting.data(), waiting.size(), patience < 0 || (left >= 0 && left < patience) ? left : patience);
    if (ready < 0 && errno != EINTR) return base::fail_errno(errno, "cannot wait");
    if (status_ && Clock::now() >= power_off_by_) {
      end(*status_, "");
      return {};
    }
    if (ready == 0) console_->ask();
    if (ready == 0 && unsure_) look();
    std::array<pollfd, Console::watched> happened{};
    std::copy_n(waiting.begin(), happened.size(), happened.begin());
    console_->handle(happened);
    if (waiting[Console::watched + 1].revents != 0) take_signals();
    return {};
  }

  void take_signals() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
      // Two of them the kernel sends us for what we do ourselves: xl has ended, a pipe has no reader.
      const bool sent = info.ssi_code <= 0;
      const bool ours = !sent || info.ssi_pid == static_cast<std::uint32_t>(::getpid());
      if ((info.ssi_signo == SIGCHLD || info.ssi_signo == SIGPIPE) && ours) continue;
      console_->signal(static_cast<int>(info.ssi_signo));
    }
  }

  base::Status take_events() {
    for (;;) {
      auto event = store_->next_event();
      if (!event) return tl::unexpected(event.error());
      if (!*event) return {};
      if (!status_) read_status();
      if ((*event)->token == "release") look();
      if (ended_) return {};
    }
  }

  void read_status() {
    const auto text = store_->read(domain_ + "/data/exit-status");
    if (!text || text->empty()) return;
    status_ = parse_status(*text);
    power_off_by_ = Clock::now() + power_off_limit;
    if (!status_) {
      status_ = exit_unknown;
      reason_ = "the guest told an exit status that is none: " + base::printable(*text);
    } else if (auto reason = store_->read(domain_ + "/data/exit-reason"); reason && !reason->empty()) {
      reason_ = "the container could not be run: " + base::printable(*reason, longest_reason);
    }
  }

  base::Status check_domain() {
    if (still_ours()) return {};
    return base::fail(std::errc::no_such_process, "domain ", job_.domid, " is not the container's");
  }

  bool still_ours() {
    const auto vm = store_->read(domain_ + "/vm");
    // The daemon may be unable to say; then xl is asked.
    if (!vm) return vm.error().code != std::errc::no_such_file_or_directory;
    return *vm == "/vm/" + job_.uuid;
  }

  // Some domain has shut down or gone. Is it this one?
  void look() {
    // It has said all that it had to say. Should it be another domain's end, then what is cut short is a power-off.
    if (status_) return end(*status_, "");
    if (!still_ours()) return end(exit_killed, "the domain was destroyed from outside");
    const auto domain = xen::find_domain(host_, job_.uuid);
    unsure_ = !domain;
    if (!domain) {
      log_.add("runx-accel: " + domain.error().what + "\n");
      return;
    }
    if (!*domain || (*domain)->dying) {
      end(exit_killed, "the domain was destroyed from outside");
    } else if ((*domain)->crashed) {
      end(exit_unknown, "the guest's kernel crashed: see kernel.log");
    } else if ((*domain)->shut_down) {
      end(exit_unknown, "the domain shut down without telling an exit status: see kernel.log");
    }
  }

  void end(int code, std::string reason) {
    ended_ = true;
    code_ = code;
    if (reason_.empty()) reason_ = std::move(reason);
  }

  // On Arm a panic is no crash to Xen: the kernel reboots or hangs, and says why on the console only.
  void find_panic() {
    constexpr std::string_view mark = "Kernel panic - not syncing: ";
    const auto said = host_.read(job_.directory + kernel_log_file);
    const auto at = said ? said->rfind(mark) : std::string::npos;
    if (at == std::string::npos) return;
    const auto line = said->substr(at, std::min(said->find_first_of("\r\n", at), said->size()) - at);
    reason_ = "the guest's kernel gave up: " + base::printable(line.substr(mark.size()), longest_reason) +
              " (see kernel.log)";
  }

  void keep(const char* file, const std::string& text) {
    if (auto done = host_.write(job_.directory + file, text + "\n"); !done) {
      log_.add("runx-accel: " + done.error().what + "\n");
    }
  }

  base::Host& host_;
  const MonitorJob& job_;
  std::string domain_;
  KernelLog log_;
  base::Fd signals_;
  std::optional<xen::XenStore> store_;
  std::optional<Console> console_;
  bool unsure_ = false;        // xl could not say whether the domain has ended
  std::optional<int> status_;  // as the guest has told it
  Clock::time_point power_off_by_;
  bool ended_ = false;
  int code_ = exit_unknown;
  std::string reason_;
};

void tell(int fd, std::string_view text) {
  if (fd < 0) return;
  [[maybe_unused]] const auto written = ::write(fd, text.data(), text.size());
  ::close(fd);
}

}  // namespace

int run_monitor(base::Host& host, const MonitorJob& job) {
  Monitor monitor(host, job);
  if (auto started = monitor.start(); !started) {
    tell(job.ready_fd, started.error().what);
    return exit_unknown;
  }
  tell(job.ready_fd, std::string_view(&monitor_ready, 1));
  return monitor.run();
}

}  // namespace runx::runtime
