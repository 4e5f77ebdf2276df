// SPDX-License-Identifier: Apache-2.0
#pragma once

// The monitor of a container: the process whose pid is in the pid-file, and whose exit status is the container's
// (facts: an engine's shim reaps it). It lives as long as the domain, joins the guest's console to its own
// descriptors 0, 1 and 2, hands every signal that it gets to the container's program, and learns from xenstore, by
// watches, that the domain has ended. A crash of it loses nothing that `delete` needs.
//
// It leaves in its directory
//   exit-status   the code that it exits with, in decimal, written before the domain is destroyed
//   exit-reason   one sentence, when the program did not end by itself
//   kernel.log    the last of what the guest's kernel said

#include <string>

#include "base/host.h"

namespace runx::runtime {

inline constexpr const char* exit_status_file = "/exit-status";
inline constexpr const char* exit_reason_file = "/exit-reason";
inline constexpr const char* kernel_log_file = "/kernel.log";

// Exit codes that are not the program's.
inline constexpr int exit_unknown = 255;  // the guest did not say; exit-reason does
inline constexpr int exit_killed = 137;   // the domain was destroyed from outside: 128 + SIGKILL

struct MonitorJob {
  unsigned domid = 0;
  std::string uuid;       // the domain is ours as long as it has this one
  std::string directory;  // of the container's state, as Host spells paths
  // When it watches the domain and has its console, the monitor writes monitor_ready here and closes it; the guest
  // must not run before that. Otherwise it writes a sentence that says why not. -1: nobody asks.
  int ready_fd = -1;
};

inline constexpr char monitor_ready = '\0';

// The calling process becomes the monitor: it has nothing open that the monitor does not need, and returns to exit
// with what this returns (0..255). From then on it does not react to signals but SIGKILL and SIGSTOP.
int run_monitor(base::Host& host, const MonitorJob& job);

}  // namespace runx::runtime
