// SPDX-License-Identifier: Apache-2.0
#pragma once

// One container from create to delete, as an OCI caller sees it (runtime-spec, runtime.md, "Lifecycle"):
//
//   create   checks everything, takes the resources through the journal, launches the domain paused and the
//            monitor beside it, and writes the pid-file
//   start    lets the domain run
//   kill     KILL ends the domain and waits for the monitor's end, every other signal goes to the program in it
//   delete   gives everything back: the same undo that a failed or killed create gets
//
// Every call but state() holds the lock of the container's directory for as long as it lasts, so calls on one container
// follow each other. Errors carry strings that containerd's shim matches ("does not exist", "container not running").

#include <string>

#include "base/host.h"
#include "base/installed.h"
#include "runtime/log.h"
#include "runtime/oci/state.h"
#include "runtime/resources/kind.h"

namespace runx::runtime {

inline constexpr const char* default_root = "/run/runx-accel/containers";
inline constexpr const char* guest_init_path = base::installed::guest_init;

struct Caller {
  base::Host& host;
  std::string root = default_root;  // absolute
  Log log;
  const resources::MachineKinds& kinds = resources::machine_kinds();
};

struct CreateOptions {
  std::string id;
  std::string bundle;    // absolute
  std::string pid_file;  // empty: none
};

base::Status create(const Caller& caller, const CreateOptions& options);
base::Status start(const Caller& caller, const std::string& id);
base::Status kill(const Caller& caller, const std::string& id, int signal);
base::Status remove(const Caller& caller, const std::string& id, bool force);
base::Result<std::string> state(const Caller& caller, const std::string& id);
// What `features` prints (runtime-spec, features.md). Asks xl, where there is one, what its Xen can do.
std::string features(base::Host& host);

}  // namespace runx::runtime
