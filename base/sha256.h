// SPDX-License-Identifier: Apache-2.0
#pragma once

// SHA-256 as OCI writes it: "sha256:" and 64 lower-case hexadecimal digits (image-spec, descriptor.md, digests).

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace runx::base {

// The 64 digits alone.
std::string sha256_hex(Bytes data);

inline std::string sha256_digest(Bytes data) { return "sha256:" + sha256_hex(data); }

// True for exactly that spelling.
bool is_sha256_digest(std::string_view text);

}  // namespace runx::base
