// SPDX-License-Identifier: Apache-2.0
#include "runtime/monitor_loop.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <utility>

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/printable.h"
#include "xen/xl.h"

namespace runx::runtime {

namespace {

// A guest that has told its status has nothing left to do but to power off.
constexpr auto power_off_limit = std::chrono::seconds(5);
constexpr int last_words_ms = 100;
// A domain's end is two events, and often its neighbours end as well: one look for all of them.
constexpr auto look_after = std::chrono::seconds(1);
constexpr std::size_t longest_reason = 1024;
constexpr const char* destroyed = "the domain was destroyed from outside";

// The guest writes it: a number from 0 to 255 and nothing else.
std::optional<int> parse_status(std::string_view text) {
  int value = -1;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size() || value < 0 || value > 255) return std::nullopt;
  return value;
}

}  // namespace

std::string domain_path(const MonitorJob& job) { return base::text("/local/domain/", job.domid); }

bool is_ours(xen::XenStore& store, const MonitorJob& job) {
  const auto vm = store.read(domain_path(job) + "/vm");
  // The daemon may be unable to say; then xl is asked.
  if (!vm) return vm.error().code != std::errc::no_such_file_or_directory;
  return *vm == "/vm/" + job.uuid;
}

base::Status MonitorLoop::watch() {
  if (auto done = store_.watch("@releaseDomain", "release"); !done) return done;
  if (auto done = store_.watch(domain_path(job_) + "/data/exit-status", "status"); !done) return done;
  // What a watch begins with tells nothing, and would swallow a true event that says the same.
  for (auto event = store_.next_event(); !event || *event; event = store_.next_event()) {
    if (!event) return tl::unexpected(event.error());
  }
  return {};
}

int MonitorLoop::run() {
  while (!ended_) {
    if (auto done = step(); !done) end(exit_unknown, "the monitor cannot go on: " + done.error().what);
  }
  // A guest tells its status when we have acknowledged all of its output. Otherwise its last words may be on the way.
  console_.finish(waiter_, status_ ? 0 : last_words_ms);
  if (const auto told = console_.exit_code(); told && !status_ && code_ == exit_unknown) {
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

base::Status MonitorLoop::step() {
  if (auto done = take_events(); !done) return done;
  if (look_at_ && waiter_.now() >= *look_at_) look();
  if (ended_) return {};
  const auto console = console_.wait_for();
  std::array<pollfd, Console::watched + 2> waiting{};
  std::copy(console.begin(), console.end(), waiting.begin());
  waiting[Console::watched] = {store_.fd(), POLLIN, 0};
  waiting[Console::watched + 1] = {signals_, POLLIN, 0};
  const int ready = waiter_.poll(waiting, patience());
  if (ready < 0 && errno != EINTR) return base::fail_errno(errno, "cannot wait");
  if (status_ && waiter_.now() >= power_off_by_) {
    end(*status_, "");
    return {};
  }
  if (ready == 0 && !more_) console_.ask();
  std::array<pollfd, Console::watched> happened{};
  std::copy_n(waiting.begin(), happened.size(), happened.begin());
  console_.handle(happened);
  if (waiting[Console::watched + 1].revents != 0) take_signals();
  return {};
}

// Milliseconds until something is due, or -1.
int MonitorLoop::patience() {
  if (more_) return 0;
  int out = console_.patience();
  const auto due = [&](Clock::time_point when) {
    const int left = waiter_.milliseconds_to(when);
    out = out < 0 ? left : std::min(out, left);
  };
  if (status_) due(power_off_by_);
  if (look_at_) due(*look_at_);
  return out;
}

void MonitorLoop::take_signals() {
  signalfd_siginfo info{};
  while (::read(signals_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    // Two of them the kernel sends us for what we do ourselves: xl has ended, a pipe has no reader.
    const bool sent = info.ssi_code <= 0;
    const bool ours = !sent || info.ssi_pid == static_cast<std::uint32_t>(::getpid());
    if ((info.ssi_signo == SIGCHLD || info.ssi_signo == SIGPIPE) && ours) continue;
    console_.signal(static_cast<int>(info.ssi_signo));
  }
}

// A guest makes as many events as it likes, and each question to the daemon lets more of them come: so many are taken,
// and xenstore is asked once for all of them.
base::Status MonitorLoop::take_events() {
  bool released = false;
  more_ = false;
  for (int taken = 0; taken < events_a_step; ++taken) {
    auto event = store_.next_event();
    if (!event) return tl::unexpected(event.error());
    if (!*event) break;
    more_ = true;
    released = released || (*event)->token == "release";
  }
  if (more_ && !status_) read_status();
  if (released) on_release();
  return {};
}

void MonitorLoop::on_release() {
  // It has said all that it had to say. Should it be another domain's end, then what is cut short is a power-off.
  if (status_) return end(*status_, "");
  if (!is_ours(store_, job_)) return end(exit_killed, destroyed);
  if (!look_at_) look_at_ = waiter_.now() + look_after;
}

void MonitorLoop::read_status() {
  const auto text = store_.read(domain_path(job_) + "/data/exit-status");
  if (!text || text->empty()) return;
  status_ = parse_status(*text);
  power_off_by_ = waiter_.now() + power_off_limit;
  if (!status_) {
    status_ = exit_unknown;
    reason_ = "the guest told an exit status that is none: " + base::printable(*text);
  } else if (auto reason = store_.read(domain_path(job_) + "/data/exit-reason"); reason && !reason->empty()) {
    reason_ = "the container could not be run: " + base::printable(*reason, longest_reason);
  }
}

void MonitorLoop::look() {
  look_at_.reset();
  more_ = true;
  if (status_) return end(*status_, "");
  const auto domain = xen::find_domain(host_, job_.uuid);
  if (!domain) {
    log_.add("runx-accel: " + domain.error().what + "\n");
    look_at_ = waiter_.now() + look_after;
    return;
  }
  const bool gone = !*domain || (*domain)->dying;
  if (!gone && !(*domain)->shut_down) return;
  // It may have told its status since we looked there last, and then ended.
  read_status();
  if (status_) return end(*status_, "");
  if (gone) return end(exit_killed, destroyed);
  end(exit_unknown, (*domain)->crashed ? "the guest's kernel crashed: see kernel.log"
                                       : "the domain shut down without telling an exit status: see kernel.log");
}

void MonitorLoop::end(int code, std::string reason) {
  ended_ = true;
  code_ = code;
  if (reason_.empty()) reason_ = std::move(reason);
}

// On Arm a panic is no crash to Xen: the kernel reboots or hangs, and says why on the console only.
void MonitorLoop::find_panic() {
  constexpr std::string_view mark = "Kernel panic - not syncing: ";
  const auto said = host_.read(job_.directory + kernel_log_file);
  const auto at = said ? said->rfind(mark) : std::string::npos;
  if (at == std::string::npos) return;
  const auto line = said->substr(at, std::min(said->find_first_of("\r\n", at), said->size()) - at);
  reason_ =
      "the guest's kernel gave up: " + base::printable(line.substr(mark.size()), longest_reason) + " (see kernel.log)";
}

void MonitorLoop::keep(const char* file, const std::string& text) {
  if (auto done = host_.write(job_.directory + file, text + "\n"); !done) {
    log_.add("runx-accel: " + done.error().what + "\n");
  }
}

}  // namespace runx::runtime
