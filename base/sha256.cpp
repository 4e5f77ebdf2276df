// SPDX-License-Identifier: Apache-2.0
// The SHA256_ functions pull in a few KiB of a static libcrypto; the EVP interface would bring its whole
// provider machinery (3 MB) into a program that is meant for an embedded Dom0.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "base/sha256.h"

#include <algorithm>
#include <array>

#include <openssl/sha.h>

namespace runx::base {

std::string sha256_hex(Bytes data) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256_CTX state;
  SHA256_Init(&state);
  SHA256_Update(&state, data.data(), data.size());
  SHA256_Final(digest.data(), &state);
  std::string out;
  out.reserve(2 * digest.size());
  for (const unsigned char byte : digest) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

bool is_sha256_digest(std::string_view text) {
  static constexpr std::string_view prefix = "sha256:";
  if (text.size() != prefix.size() + 64 || text.substr(0, prefix.size()) != prefix) return false;
  return std::all_of(text.begin() + prefix.size(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace runx::base
