// SPDX-License-Identifier: Apache-2.0
#pragma once

// The xl configuration of a domain, as text. Every string is quoted, whatever is in it, so that nothing that comes
// from an image can add a line. Facts: xl.cfg(5), tools/libs/util/libxlu_cfg_l.l (strings and their escapes).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace runx::xen {

// `first_page` pages of the machine at `guest_page` of the guest; pages are 4 KiB.
struct IoMemory {
  std::uint64_t first_page = 0;
  std::uint64_t pages = 0;
  std::uint64_t guest_page = 0;
  bool operator==(const IoMemory&) const = default;
};

struct DomainConfig {
  std::string name;
  std::string uuid;
  std::string kernel;  // paths in Dom0
  std::string ramdisk;
  std::string device_tree;  // empty: no partial tree
  std::string command_line;
  std::uint64_t memory_mib = 0;
  unsigned vcpus = 1;
  std::vector<IoMemory> iomem;
  std::vector<std::uint32_t> irqs;  // GIC numbers: SPI + 32
  std::vector<std::string> dtdev;   // nodes behind an IOMMU
};

// "…" with everything escaped that xl's reader would take for something else: quotes, backslashes and line breaks. All
// other bytes stand as they are, because xl 4.20 refuses every \x.. and reads octal wrongly.
std::string quoted(std::string_view text);

std::string config_text(const DomainConfig& config);

// Its lines about devices alone: device_tree, iomem, irqs, dtdev, each where there is something to say.
std::string device_lines(const DomainConfig& config);

// An entry of iomem=, without quotes: bare hexadecimal page numbers, "ff110,1@ff110".
std::string iomem_text(const IoMemory& memory);

}  // namespace runx::xen
