// SPDX-License-Identifier: Apache-2.0
#pragma once

// What `accelkit inspect` shows of a bitstream: a table and a picture for people, JSON for programs. Pure
// functions of what was read.

#include <string>

#include "bitstream/bitstream.h"

namespace runx::bitstream {

// Several lines. `name` is the file's, `sha256` the 64 digits of the whole file's digest. The picture has a line for
// every row of the device that the stream names, the highest on top as in the device, and '#' where it names a
// column; wide devices share a character between neighbouring columns, and the picture says how many.
std::string describe(const BitstreamInfo& info, const std::string& name, const std::string& sha256);

// One line for each run: address, its fields, frames and repeats.
std::string describe_frames(const BitstreamInfo& info);

// One JSON object, indented, with a newline at its end: format, design, part (the header's, else the device that the
// IDCODE stands for), device, date, time, tool_version, idcode ("0x…"), partial, compressed, encrypted, authenticated,
// byte_swapped, sha256, payload {offset, length}, frames, repeats and footprint
// [{block, row, columns [[first, last], …], frames, repeats}]. What the format does not tell is null. Containers have
// parts [{kind, name, offset, length, encrypted, authenticated}] too; a PDI id and parent_id, an .xclbin uuid,
// platform, shells and contains, a .dtbo overlays [{target, node, firmware, partial, encrypted, authenticated,
// external}]. With `runs`, also runs [{address "0x…", frames, written, repeats}], which is what containment is decided
// on (bitstream/footprint.h).
std::string describe_json(const BitstreamInfo& info, const std::string& sha256, bool runs = false);

}  // namespace runx::bitstream
