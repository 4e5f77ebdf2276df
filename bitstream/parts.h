// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which device an IDCODE stands for. The table is data: bitstream/parts.json is compiled in (each row says where it is
// from), and a host's owner may add rows in a file of the same form (spec/host.md, "parts.json"), because no list of
// devices is ever whole.
//
// A Zynq UltraScale+ device has two IDCODEs, one for each of its JTAG TAPs. Bitstreams carry that of the fabric
// (the K26: 04A49093); U-Boot, UG1085 and a JTAG probe name that of the processor (the K26: 04724093). The table has
// both, so that whoever took the wrong one can be told.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace runx::bitstream {

// The bits of an IDCODE that name the device; the four above them count its revisions.
constexpr std::uint32_t idcode_mask = 0x0FFFFFFF;
constexpr bool is_same_device(std::uint32_t one, std::uint32_t other) { return ((one ^ other) & idcode_mask) == 0; }

struct Part {
  std::uint32_t idcode = 0;       // without the revision in the highest four bits
  std::string name;               // "xck26"
  std::uint32_t frame_words = 0;  // of its configuration frames; 0 when the row does not say
  bool processor = false;         // the code is the processor's, which no bitstream carries
};

class Parts {
 public:
  Parts() = default;

  // What is compiled in.
  static const Parts& built_in();

  // A file of the form of parts.json. Strict: an unknown key, a code that stands twice and a name that could not be
  // one are errors, which begin with `name`.
  static base::Result<Parts> parse(std::string_view text, const std::string& name);

  // This table and the rows of `more`, which win where both have a code.
  Parts with(const Parts& more) const;

  // Nothing for a code that is in no row. The revision (the highest four bits) is not compared.
  const Part* find(std::uint32_t idcode) const;

  const std::vector<Part>& rows() const { return rows_; }

 private:
  std::vector<Part> rows_;  // by idcode, one for each
};

}  // namespace runx::bitstream
