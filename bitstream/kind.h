// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a file is, by its first bytes: for the sentence that refuses a file which is no bitstream.

#include <string>

#include "base/bytes.h"

namespace runx::bitstream {

// "an ELF file", "a gzip file" …; empty when the first bytes tell nothing, or are those of a format that is read.
std::string kind_of(base::Bytes file);

}  // namespace runx::bitstream
