// SPDX-License-Identifier: Apache-2.0
#pragma once

// SHA-256 as OCI writes it: "sha256:" and 64 lower-case hexadecimal digits (image-spec, descriptor.md, digests).

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace runx::base {

// Of data that comes in pieces. hex() ends it: the 64 digits of all that was added.
class Sha256 {
 public:
  Sha256();
  void add(Bytes data);
  std::string hex();

 private:
  // The library's own state (openssl/sha.h, SHA256_CTX), kept out of this header; sha256.cpp checks its size.
  alignas(8) std::array<std::uint8_t, 128> state_{};
};

// The 64 digits alone.
std::string sha256_hex(Bytes data);

inline std::string sha256_digest(Bytes data) { return "sha256:" + sha256_hex(data); }

// True for exactly that spelling.
bool is_sha256_digest(std::string_view text);

}  // namespace runx::base
