// SPDX-License-Identifier: Apache-2.0
#pragma once

// Gives back what a journal lists. Names are chosen by us and deterministic, so that the records are enough, and giving
// back twice (or what was never taken) is fine.
//
// Hardware is touched only while the ledger says that it is this container's, and under the ledger's lock: a journal
// may be older than what it tells of, since a directory can outlive its claims (a delete that was killed, a reboot),
// and another container may have the region by now.

#include "runtime/resources/kind.h"

namespace runx::resources {

// Releases the journal's records, newest first, and notes each in the journal at `path`. Stops at the first failure:
// what is older stays held, because a region or device must not be given to another container while a domain that owns
// it may still live.
base::Status undo(base::Host& host, const std::string& path, const Journal& journal, const MachineKinds& kinds);

}  // namespace runx::resources
