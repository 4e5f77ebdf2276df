// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads from the machine what the plan needs to know of it; touches nothing.

#include "annotations/request.h"
#include "base/host.h"
#include "plan/plan.h"
#include "runtime/resources/kind.h"

namespace runx::runtime {

base::Result<plan::HostFacts> read_host_facts(base::Host& host, const annotations::AcceleratorRequest& request,
                                              const resources::MachineKinds& kinds);

// What changes from one container to the next: who holds what, and what the regions hold. Again under the ledger's
// lock, where it stays true.
base::Status look_again(base::Host& host, plan::HostFacts& facts, const resources::MachineKinds& kinds);

}  // namespace runx::runtime
