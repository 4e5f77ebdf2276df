// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads from the machine what the plan needs to know of it; touches nothing.

#include "annotations/request.h"
#include "base/host.h"
#include "plan/plan.h"

namespace runx::runtime {

base::Result<plan::HostFacts> read_host_facts(base::Host& host, const annotations::AcceleratorRequest& request);

// The board file of this machine.
base::Result<plan::Board> read_board(base::Host& host);

// The table of parts: the built-in one, with the rows of /etc/runx-accel/parts.json where there is such a file.
base::Result<bitstream::Parts> read_parts(base::Host& host);

// The tree that the board file says Xen was booted with.
base::Result<devtree::Blob> read_boot_tree(base::Host& host, const plan::Board& board);

// What changes from one container to the next: who holds what, and what the regions hold. Called again under the
// ledger's lock, where it stays true.
base::Status read_taken(base::Host& host, plan::HostFacts& facts);

}  // namespace runx::runtime
