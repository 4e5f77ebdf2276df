// SPDX-License-Identifier: Apache-2.0
#pragma once

// The one undo, for a create that failed, for one that was killed, and for delete.

#include <string>

#include "runtime/container.h"

namespace runx::runtime {

// Releases what the journal in `directory` lists, waits for the monitor's end, and removes the directory. The caller
// holds the directory's lock. After an error the directory is still there, and the call can be repeated.
base::Status give_back(const Caller& caller, const std::string& directory);

// Its domain is gone: the monitor sees that and ends by itself; one that does not within five seconds is killed.
base::Status end_monitor(base::Host& host, const oci::State& state);

}  // namespace runx::runtime
