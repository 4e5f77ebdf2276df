// SPDX-License-Identifier: Apache-2.0
#pragma once

// The commands below `accelkit board`, one file each.

#include "tools/commands.h"
#include "tools/host_files.h"

namespace runx::tools {

void add_prepare(CLI::App& board, Chosen& chosen);
void add_check(CLI::App& board, Chosen& chosen);
void add_describe(CLI::App& board, Chosen& chosen);

}  // namespace runx::tools
