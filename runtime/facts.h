// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads from the machine what the plan needs to know of it; touches nothing.

#include "annotations/request.h"
#include "base/host.h"
#include "plan/plan.h"
#include "runtime/resources/kind.h"

namespace runx::runtime {

// The owner's files, each read once: the board file, the policy with its keys, and, where it is `needed`, the tree that
// Xen was booted with.
enum class BootTree { needed, not_needed };
base::Result<plan::HostFacts> read_owner_files(base::Host& host, BootTree tree, const resources::MachineKinds& kinds);

// What the machine says of what is asked for, and what is taken.
base::Status read_machine(base::Host& host, const annotations::AcceleratorRequest& request, plan::HostFacts& facts,
                          const resources::MachineKinds& kinds);

// What changes from one container to the next: who holds what, and what the regions hold. Again under the ledger's
// lock, where it stays true.
base::Status look_again(base::Host& host, plan::HostFacts& facts, const resources::MachineKinds& kinds);

}  // namespace runx::runtime
