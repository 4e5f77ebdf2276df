// SPDX-License-Identifier: Apache-2.0
#pragma once

// A programmable device image of Versal (.pdi): for which device it is, whether it is full or partial, which images
// and partitions it has, and what of it is encrypted or signed. What the partitions hold is read by the device's own
// loader (PLM) and not here: the frames of a CFI partition are not published.
//
// Layout, all of it little-endian words: four words for the SelectMAP bus; in a full PDI the boot header (sync word at
// 0x10, "XNLX" at 0x14, key source at 0x18, byte offset of the image header table at 0xC4, sum at 0xF30); the image
// header table of 32 words, which in a partial PDI stands at 0x10; image headers of 16 words; partition headers of 32.
// Offsets inside are of words, from the beginning of the file. Every table ends in its sum, which is checked. When the
// meta header is encrypted, only the image header table can be read. Sources: UG1283 "Versal Boot Image", and files
// that bootgen 2022.2 wrote (full and partial; plain, signed, encrypted).

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "bitstream/container.h"

namespace runx::bitstream {

struct Pdi {
  std::uint32_t idcode = 0;  // as written, revision included
  bool partial = false;      // PPDI
  std::uint32_t id = 0;
  std::uint32_t parent_id = 0;   // of the full PDI that a partial one belongs to; 0 in a full one
  bool encrypted = false;        // one partition is, or the meta header or boot loader is
  bool authenticated = false;    // one partition has a certificate, or the meta header has
  bool hidden = false;           // the meta header is encrypted, so the parts are not known
  std::vector<Component> parts;  // partitions, named after their images; kinds as bootgen names them
};

// True when the file begins like a PDI, full or partial.
bool has_pdi_magic(base::Bytes file);

// invalid_argument, with a sentence that names the file, for one that is truncated or damaged.
base::Result<Pdi> read_pdi(base::Bytes file, const std::string& name);

}  // namespace runx::bitstream
