// SPDX-License-Identifier: Apache-2.0
#include "runtime/monitor.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "guest/line.h"
#include "runtime/console.h"
#include "runtime/kernel_log.h"
#include "runtime/monitor_loop.h"
#include "xen/xenstore.h"

namespace runx::runtime {

namespace {

constexpr auto console_limit = std::chrono::seconds(10);

// xenconsoled makes the pty; a path that leads elsewhere is not opened as root.
bool is_pty(std::string_view path) {
  constexpr std::string_view where = "/dev/pts/";
  return path.starts_with(where) && path.size() > where.size() &&
         path.find_first_not_of("0123456789", where.size()) == std::string_view::npos;
}

class Monitor {
 public:
  Monitor(base::Host& host, const MonitorJob& job)
      : host_(host), job_(job), log_(host, job.directory + kernel_log_file) {}

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
    loop_.emplace(host_, job_, log_, *store_, *console_, signals_.get(), waiter_);
    if (auto done = loop_->watch(); !done) return done;
    return check_domain();
  }

  int run() { return loop_->run(); }

 private:
  std::string tty_path() const { return domain_path(job_) + "/console/tty"; }

  base::Status check_domain() {
    if (is_ours(*store_, job_)) return {};
    return base::fail(std::errc::no_such_process, "domain ", job_.domid, " is not the container's");
  }

  base::Status open_console() {
    const auto deadline = waiter_.now() + console_limit;
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
  base::Status wait_for_tty(Waiter::Clock::time_point deadline) {
    for (;;) {
      auto event = store_->next_event();
      if (!event) return tl::unexpected(event.error());
      if (*event && (*event)->token == "tty") return {};
      if (*event) continue;
      pollfd waiting{store_->fd(), POLLIN, 0};
      if (::poll(&waiting, 1, waiter_.milliseconds_to(deadline)) == 0) {
        return base::fail(std::errc::timed_out, "domain ", job_.domid,
                          " has got no console for ten seconds: is xenconsoled running?");
      }
    }
  }

  base::Host& host_;
  const MonitorJob& job_;
  KernelLog log_;
  Waiter waiter_;
  base::Fd signals_;
  std::optional<xen::XenStore> store_;
  std::optional<Console> console_;
  std::optional<MonitorLoop> loop_;
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
