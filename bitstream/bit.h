// SPDX-License-Identifier: Apache-2.0
#pragma once

// The header of a Xilinx .bit file: which design and part the configuration stream behind it was made for.
// It is the tool's word and nothing more (a header can be put in front of any stream), so whoever decides
// something compares it with the stream itself (bitstream/stream.h).
//
// Layout: BE16 9, nine bytes of magic, BE16 1, then records: a key byte ('a' design, 'b' part, 'c' date,
// 'd' time), BE16 length and a string that ends in NUL; last 'e', BE32 length and the payload. The design
// string carries options: "top;PARTIAL=TRUE;UserID=0XFFFFFFFF;Version=2022.1", in any order.
// Source: real files of Vivado 2022.1; there is no published description.

#include <cstddef>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace runx::bitstream {

struct BitHeader {
  std::string design;  // without its options
  std::string part;    // "xck26-sfvc784-2LV-c"
  std::string date;    // "2022/10/07", as the tool wrote it
  std::string time;
  std::string tool_version;  // option Version; empty when there is none
  std::string user_id;       // option UserID, as the tool wrote it; empty when there is none
  bool partial = false;      // PARTIAL=TRUE; its absence marks a full bitstream
  bool compressed = false;   // COMPRESS=TRUE
  bool encrypted = false;    // ENCRYPT=YES
  std::size_t payload_offset = 0;
  std::size_t payload_length = 0;
};

// True when the file begins like a .bit file, whatever follows.
bool has_bit_magic(base::Bytes file);

// Reads the header. Every record must be there exactly once with 'e' last, every string printable, and the
// payload must end where the file ends: a truncated file and one with something behind it are errors.
// `name` is what errors call the file.
base::Result<BitHeader> read_bit_header(base::Bytes file, const std::string& name);

}  // namespace runx::bitstream
