// SPDX-License-Identifier: Apache-2.0
#pragma once

// An .xclbin (axlf): the container of Vitis. It is read before XRT may see it, because XRT 2.13 dies of a truncated
// file and of a section that lies outside; so everything that XRT follows without looking is checked here: sections,
// and inside those with tables the counts and the names.
//
// Layout, little-endian: "xclbin2\0"; length of the signature at 8 (-1 for none), length of the file at 304, seconds
// since 1970 at 312, UUID of the platform at 336, its name at 352, own UUID at 416, count of sections at 448; from 456
// on, 40 bytes for each section: kind, name, offset at 24, size at 32. Sections begin at whole 8 bytes. Source: XRT
// 2.13, xclbin.h, whose own assertions give these sizes; and real files. Many files for Kria have no bitstream: the
// design is loaded on its own, and the .xclbin tells XRT what is in it.

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "bitstream/container.h"

namespace runx::bitstream {

struct Xclbin {
  std::string uuid;                      // 32 hexadecimal digits
  std::string platform;                  // "xilinx_kv260_ispMipiRx_vcu_DP…": vendor, board, name and version
  std::string platform_uuid;             // of the shell it was linked for (feature ROM); empty when it has none
  std::vector<std::string> interfaces;   // PARTITION_METADATA: UUIDs of the interfaces it wants of the shell
  std::string part;                      // BUILD_METADATA: "XCK26-SFVC784-2LV-C"; empty when it does not tell
  std::string tool_version;              // BUILD_METADATA: "2022.1"
  std::string date, time;                // UTC
  bool authenticated = false;            // it carries a signature
  std::vector<Component> parts;          // the sections; `kind` is the name of xclbin.h, `name` the section's own
  std::optional<std::size_t> bitstream;  // index of the section with the design: BITSTREAM, or a PDI
};

bool has_xclbin_magic(base::Bytes file);

// invalid_argument, with a sentence that names the file, for one that XRT could not be given.
base::Result<Xclbin> read_xclbin(base::Bytes file, const std::string& name);

}  // namespace runx::bitstream
