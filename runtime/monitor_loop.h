// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the monitor does from the moment at which it has its connections until the domain is gone: it moves bytes, hands
// signals on, and finds out how the domain ended. It knows no signal handler, no pty and no clock, so that a test
// can be all of them.
//
// The end of a domain comes as "@releaseDomain", which names none: some domain has shut down or gone. What xenstore can
// say comes first: a status that the guest told, a domain that is not there any more. Whether this domain has shut
// down without a word only xl knows; it is asked a second later, once for all ends of that second.

#include <chrono>
#include <optional>
#include <string>

#include "base/host.h"
#include "runtime/console.h"
#include "runtime/kernel_log.h"
#include "runtime/monitor.h"
#include "runtime/waiter.h"
#include "xen/xenstore.h"

namespace runx::runtime {

std::string domain_path(const MonitorJob& job);  // in xenstore

// Whether the domain is still the container's. A daemon that cannot say is no reason to think otherwise.
bool is_ours(xen::XenStore& store, const MonitorJob& job);

class MonitorLoop {
 public:
  // What a step does at most before the console gets its turn.
  static constexpr int events_a_step = 64;

  // Everything stays the caller's. `signals`: a non-blocking signalfd.
  MonitorLoop(base::Host& host, const MonitorJob& job, KernelLog& log, xen::XenStore& store, Console& console,
              int signals, Waiter& waiter)
      : host_(host), job_(job), log_(log), store_(store), console_(console), signals_(signals), waiter_(waiter) {}

  // Watches the domain. From then on no end of it is missed.
  base::Status watch();
  // Until the domain has ended and is destroyed; returns the exit code, and leaves the files that monitor.h lists.
  int run();

 private:
  using Clock = Waiter::Clock;

  base::Status step();
  int patience();
  void take_signals();
  base::Status take_events();
  void on_release();
  void read_status();
  void look();
  void end(int code, std::string reason);
  void find_panic();
  void keep(const char* file, const std::string& text);

  base::Host& host_;
  const MonitorJob& job_;
  KernelLog& log_;
  xen::XenStore& store_;
  Console& console_;
  int signals_;
  Waiter& waiter_;
  bool more_ = false;                         // events may wait that poll() knows nothing of
  std::optional<Clock::time_point> look_at_;  // when xl is asked whether the domain has ended
  std::optional<int> status_;                 // as the guest has told it
  Clock::time_point power_off_by_;            // with status_
  bool ended_ = false;
  int code_ = exit_unknown;
  std::string reason_;
};

}  // namespace runx::runtime
