// SPDX-License-Identifier: Apache-2.0
// Any file as a signature and as a public key: it is refused, or it is short, and what was not signed never passes.
#include <cstdint>
#include <string>

#include "plan/signature.h"
#include "tests/fuzz/hold.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using runx::fuzz::hold;
  // Of a key that is thrown away.
  static const std::string known = runx::plan::parse_public_key(
                                       "-----BEGIN PUBLIC KEY-----\n"
                                       "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEzlLW1d21hRgwLmrNTDPQK+h1NnfO\n"
                                       "O0ooDiBBF5OjXNrTsXtzxe63VeA8bkGjalrgWdyIxhXNnPGmMfgmOVEpVg==\n"
                                       "-----END PUBLIC KEY-----\n",
                                       "known.pem")
                                       .value();
  static const std::string digest = "sha256:" + std::string(64, 'a');
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  const auto signature = runx::plan::parse_signature(file);
  if (signature) {
    hold(signature->size() <= 72);
    hold(!runx::plan::is_signed(digest, *signature, known));
  }
  const auto key = runx::plan::parse_public_key(file, "key.pem");
  if (key) {
    hold(key->size() < 512);
    runx::plan::is_signed(digest, signature.value_or("x"), *key);
  } else {
    for (const char c : key.error().what) hold(c >= 0x20 && c < 0x7f);
  }
  return 0;
}
