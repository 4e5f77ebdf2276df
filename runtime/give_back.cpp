// SPDX-License-Identifier: Apache-2.0
#include "runtime/give_back.h"

#include <chrono>
#include <csignal>
#include <thread>

#include "runtime/resources/undo.h"

namespace runx::runtime {
namespace {

using base::Status;

// A monitor whose pid nobody could write down any more may put its last words there meanwhile.
Status remove_all(base::Host& host, const std::string& directory) {
  constexpr int tries = 10;
  for (int i = 1;; ++i) {
    auto removed = host.remove_tree(directory);
    if (removed || removed.error().code != std::errc::directory_not_empty || i == tries) return removed;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace

Status end_monitor(base::Host& host, const oci::State& state) {
  constexpr int tries = 100;
  for (int i = 0; i < tries; ++i) {
    if (!oci::monitor_alive(host, state)) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  // "Alive" includes one that could not be asked: only a process that is known to be the monitor is killed.
  auto killed = host.signal(state.monitor, state.monitor_start, SIGKILL);
  if (!killed && killed.error().code == std::errc::no_such_process) return {};
  return killed;
}

Status give_back(const Caller& caller, const std::string& directory) {
  const auto path = directory + "/journal";
  const auto journal = resources::read_journal(caller.host, path);
  if (!journal) return tl::unexpected(journal.error());
  if (journal->torn != 0) {
    caller.log.warning(caller.host,
                       base::text(path, " ends in ", journal->torn,
                                  " bytes that are no record: a crash cut it; what stands before is used"));
  }
  if (auto undone = resources::undo(caller.host, path, *journal, caller.kinds); !undone) return undone;
  const auto state = oci::read_state(caller.host, directory);
  if (state) {
    if (auto ended = end_monitor(caller.host, *state); !ended) return ended;
  } else if (state.error().code == std::errc::io_error) {
    return tl::unexpected(state.error());  // it could be read another time, and then the monitor be waited for
  }
  return remove_all(caller.host, directory);
}

}  // namespace runx::runtime
