// SPDX-License-Identifier: Apache-2.0
// The SHA256_ functions pull in a few KiB of a static libcrypto; the EVP interface would bring its whole
// provider machinery (3 MB) into a program that is meant for an embedded Dom0.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "base/sha256.h"

#include <algorithm>
#include <array>

#include <openssl/sha.h>

namespace runx::base {

namespace {

SHA256_CTX* context_of(std::array<std::uint8_t, 128>& state) {
  static_assert(sizeof(SHA256_CTX) <= sizeof state && alignof(SHA256_CTX) <= 8);
  return reinterpret_cast<SHA256_CTX*>(state.data());
}

}  // namespace

Sha256::Sha256() { SHA256_Init(context_of(state_)); }

void Sha256::add(Bytes data) { SHA256_Update(context_of(state_), data.data(), data.size()); }

std::string Sha256::hex() {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256_Final(digest.data(), context_of(state_));
  std::string out;
  out.reserve(2 * digest.size());
  for (const unsigned char byte : digest) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

std::string sha256_hex(Bytes data) {
  Sha256 hash;
  hash.add(data);
  return hash.hex();
}

bool is_sha256_digest(std::string_view text) {
  static constexpr std::string_view prefix = "sha256:";
  if (text.size() != prefix.size() + 64 || text.substr(0, prefix.size()) != prefix) return false;
  return std::all_of(text.begin() + prefix.size(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace runx::base
