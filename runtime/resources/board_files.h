// SPDX-License-Identifier: Apache-2.0
#pragma once

// The files in which the board's owner says what there is to give (spec/host.md), read from the machine.

#include "base/host.h"
#include "bitstream/parts.h"
#include "devtree/blob.h"
#include "plan/board.h"

namespace runx::resources {

// The board file of this machine.
base::Result<plan::Board> read_board(base::Host& host, const plan::Kinds& kinds = plan::kinds());

// The table of parts: the built-in one, with the rows of /etc/runx-accel/parts.json where there is such a file.
base::Result<bitstream::Parts> read_parts(base::Host& host);

// The tree that the board file says Xen was booted with.
base::Result<devtree::Blob> read_boot_tree(base::Host& host, const plan::Board& board);

}  // namespace runx::resources
