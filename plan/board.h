// SPDX-License-Identifier: Apache-2.0
#pragma once

// The board file: what this machine has and may give away (spec/host.md). It belongs to the host's owner; nothing
// that it does not name can be asked for. /etc/runx-accel/board.json on a board.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bitstream/footprint.h"
#include "plan/kinds.h"
#include "plan/type_map.h"

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
  bool reuse = true;        // a container may find the design as the last one of its own namespace left it
  std::string blank = {};   // file in Dom0 of a partial bitstream that is loaded on release; empty: none
  // What an image's overlay may set in Dom0 for the region, and no other region has (devtree/overlay_grants.h).
  std::map<std::uint32_t, std::uint64_t> clocks = {};  // of PL0 to PL3 (0 to 3): the highest rate in Hz
  std::set<std::uint32_t> afi = {};                    // AFI registers, 0 to 15
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
  TypeMap more;  // of other kinds, by the type of their section
};

// The region of that name, or nullptr.
const Region* find_region(const Board& board, std::string_view name);

// "0x00082000+77": an address and how many frames may be sent from there, at least 1.
std::optional<bitstream::FrameRun> parse_frames(std::string_view text);
std::string frames_text(const bitstream::FrameRun& run);

// `name` is what errors call the file. Unknown keys are errors: a misspelt one would silently give less or more.
base::Result<Board> parse_board(std::string_view text, const std::string& name, const Kinds& kinds = plan::kinds());

}  // namespace runx::plan
