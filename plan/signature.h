// SPDX-License-Identifier: Apache-2.0
#pragma once

// Signatures of bitstreams, for a policy that lets in signed ones only (spec/host.md, "Signatures"): ECDSA over P-256
// and the SHA-256 of the whole file. `openssl dgst -sha256 -sign` and `cosign sign-blob` make them. Here they are
// checked and nothing is made; the digest is the one that was taken while the file was read.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace runx::plan {

// Both are a few hundred bytes; what is longer is something else.
inline constexpr std::size_t largest_key = std::size_t{16} << 10;
inline constexpr std::size_t largest_signature = std::size_t{16} << 10;

// Where the signature of a bitstream stands in the image.
inline std::string signature_file(const std::string& bitstream) { return bitstream + ".sig"; }

// A public key as PEM ("BEGIN PUBLIC KEY"), to DER (SubjectPublicKeyInfo). `name` is what errors call the file.
// invalid_argument for anything but a key on the curve P-256.
base::Result<std::string> parse_public_key(std::string_view pem, const std::string& name);

// The DER of a signature file, which holds it as it is or in base64, with line ends. Nothing when it is neither.
std::optional<std::string> parse_signature(std::string_view file);

// Whether the signature (DER) is of the file with this digest ("sha256:…"), by the owner of this key (DER).
bool is_signed(const std::string& digest, const std::string& signature, const std::string& key);

}  // namespace runx::plan
