// SPDX-License-Identifier: Apache-2.0
#pragma once

// Somebody with a key who signs files, as `openssl dgst -sha256 -sign` does.

#include <memory>
#include <string>

namespace runx::fake {

class Signer {
 public:
  // A new key on this curve, as libcrypto names it.
  explicit Signer(const std::string& curve = "P-256");
  ~Signer();

  std::string public_key() const;                        // PEM
  std::string sign(const std::string& file) const;       // DER, of the SHA-256
  static std::string base64(const std::string& binary);  // in one line, and a line end

 private:
  struct Key;
  std::unique_ptr<Key> key_;
};

}  // namespace runx::fake
