// SPDX-License-Identifier: Apache-2.0
#pragma once

// The board file: what this machine has and may give away (spec/host.md). It belongs to the host's owner; nothing
// that it does not name can be asked for. /etc/runx-accel/board.json on a board.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bitstream/footprint.h"

namespace runx::plan {

inline constexpr const char* board_path = "/etc/runx-accel/board.json";

// Registers of whatever a region holds, as the processors see them.
struct Aperture {
  std::uint64_t address = 0;  // a multiple of 4 KiB
  std::uint64_t size = 0;     // bytes, a multiple of 4 KiB; address + size is at most 2^48
  bool operator==(const Aperture&) const = default;
};

// An interrupt from the fabric.
struct RegionInterrupt {
  unsigned spi = 0;   // 0..987, as in `interrupts` of a device tree: the GIC's number less 32
  bool edge = false;  // rising edge; otherwise level high. The fabric can do no others (UG1085, "PL interrupts").
  bool operator==(const RegionInterrupt&) const = default;
};

struct Region {
  std::string name;
  std::string manager;                 // as /sys/class/fpga_manager/*/name spells it
  std::vector<std::uint32_t> idcodes;  // of the parts whose bitstreams it takes; the revision nibble is ignored
  std::string node = {};               // path of its fpga-region in the device tree; empty: not said
  std::string shell = {};              // identifier of the static design around it; empty: not said
  std::vector<Aperture> apertures = {};
  std::vector<RegionInterrupt> interrupts = {};
  std::string bridge = {};  // path of the node of the bridge or decoupler around it; empty: not said
  // The frames that a bitstream may write; in a file `accelkit fpga learn` puts them there. Empty: none.
  bitstream::Footprint frames = {};
  bool any_frames = false;  // the owner takes every bitstream for the part, wherever it writes
  std::string blank = {};   // file in Dom0 of a partial bitstream that is loaded on release; empty: none
};

struct Processor {
  std::string name;
  std::string node;                      // path in the device tree
  std::vector<std::string> memory = {};  // paths of reserved memory that a domain may share with it
};

// The most that an image may make `create` read, write and remember (budget.h).
struct ImageLimits {
  std::uint64_t bytes = std::uint64_t{1} << 30;
  std::uint64_t entries = std::uint64_t{1} << 18;
  bool operator==(const ImageLimits&) const = default;
};

struct Board {
  std::string name;
  std::string boot_tree;                      // the file of the device tree that Xen was booted with, in Dom0
  std::string guest_kernel;                   // in Dom0
  std::string guest_command_line;             // added to every guest kernel's command line
  std::optional<std::uint64_t> guest_memory;  // bytes, the most that a domain has; nothing: no limit
  ImageLimits image = {};
  // Whether an IOMMU protects the devices for which the boot tree lists one. It may be switched off (Xen's `iommu=0`).
  bool iommu = true;
  std::vector<Region> regions;
  std::vector<Processor> processors;
  // Node path to the rates, in Hz, of its clocks in order: for clocks that only the firmware knows.
  std::map<std::string, std::vector<std::uint64_t>> clock_rates;
};

// "0x00082000+77": an address and how many frames may be sent from there, at least 1.
std::optional<bitstream::FrameRun> parse_frames(std::string_view text);
std::string frames_text(const bitstream::FrameRun& run);

// `name` is what errors call the file. Unknown keys are errors: a misspelt one would silently give less or more.
base::Result<Board> parse_board(std::string_view text, const std::string& name);

}  // namespace runx::plan
