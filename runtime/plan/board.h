// SPDX-License-Identifier: Apache-2.0
#pragma once

// The board file: what this machine has and may give away (spec/host.md). It belongs to the host's owner; nothing
// that it does not name can be asked for. /etc/runx-accel/board.json on a board.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace runx::plan {

inline constexpr const char* board_path = "/etc/runx-accel/board.json";

struct Region {
  std::string name;
  std::string manager;                 // as /sys/class/fpga_manager/*/name spells it
  std::vector<std::uint32_t> idcodes;  // of the parts whose bitstreams it takes; the revision nibble is ignored
  std::string node;                    // path of its fpga-region in the device tree; empty: not said
  std::string shell;                   // identifier of the static design around it; empty: not said
};

struct Board {
  std::string name;
  std::string boot_tree;           // the file of the device tree that Xen was booted with, in Dom0
  std::string guest_kernel;        // in Dom0
  std::string guest_command_line;  // added to every guest kernel's command line
  std::vector<Region> regions;
  // Node path to the rates, in Hz, of its clocks in order: for clocks that only the firmware knows.
  std::map<std::string, std::vector<std::uint64_t>> clock_rates;
};

// `name` is what errors call the file. Unknown keys are errors: a misspelt one would silently give less or more.
base::Result<Board> parse_board(std::string_view text, const std::string& name);

}  // namespace runx::plan
