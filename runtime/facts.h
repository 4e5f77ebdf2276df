// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads from the machine what the plan needs to know of it; touches nothing.

#include <set>
#include <string>

#include "annotations/request.h"
#include "base/host.h"
#include "plan/plan.h"

namespace runx::runtime {

// The owner's files, each read once: the board file, the policy with its keys, and, where it is `needed`, the tree that
// Xen was booted with.
enum class BootTree { needed, not_needed };
base::Result<plan::HostFacts> read_owner_files(base::Host& host, BootTree tree);

// What the machine says of what is asked for: the live device tree, XRT's driver, and what is taken.
base::Status read_machine(base::Host& host, const annotations::AcceleratorRequest& request, plan::HostFacts& facts);

// The blank bitstreams of the regions that are named, where the board file has them.
void read_blanks(base::Host& host, const std::set<std::string>& regions, plan::HostFacts& facts);

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
