// SPDX-License-Identifier: Apache-2.0
#pragma once

// A boot image of Zynq UltraScale+ (BOOT.BIN of bootgen): which partitions it has, and where its bitstream is.
//
// Layout, all of it little-endian words: boot header (sync word at 0x20, "XNLX" at 0x24, key source at 0x28, header
// sum of 0x20..0x44 at 0x48, byte offset of the image header table at 0x98); image header table of 16 words (count of
// partitions, word offset of the partition headers); partition headers of 16 words each, one after the other; image
// headers with the names. Partitions and headers are named by word offsets from the beginning of the file. The sums
// of all tables are checked, so a flipped bit in one is noticed here. Sources: UG1283 "Zynq UltraScale+ MPSoC Boot and
// Configuration", and files that bootgen 2022.2 wrote (plain, signed, encrypted).
//
// A bitstream inside stands as the device's DMA wants it, the bytes of each word reversed, without its .bit header:
// whether it is partial is not told.

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "bitstream/container.h"

namespace runx::bitstream {

struct BootImage {
  std::vector<Component> parts;  // partitions, as they stand in the table; bitstreams have the kind "bitstream"
  bool encrypted = false;        // one of them is, or the boot loader is
  bool authenticated = false;    // one of them has a certificate, or the headers have
};

// True when the file begins like a boot image of Zynq-7000 or ZynqMP.
bool has_boot_magic(base::Bytes file);

// invalid_argument, with a sentence that names the file, for one that is truncated or damaged, or for Zynq-7000.
base::Result<BootImage> read_boot_image(base::Bytes file, const std::string& name);

}  // namespace runx::bitstream
