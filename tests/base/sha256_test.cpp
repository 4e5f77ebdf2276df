// SPDX-License-Identifier: Apache-2.0
#include "base/sha256.h"

#include <string>

#include <gtest/gtest.h>

namespace runx::base {
namespace {

// Source: NIST, SHA-256 example computations ("abc", the 448-bit message, a million times "a") and the empty message.
TEST(Sha256, KnowsThePublishedExamples) {
  EXPECT_EQ(sha256_hex({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex(bytes_of("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(bytes_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256_hex(bytes_of(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, DigestIsSpeltAsOciDoes) {
  const auto digest = sha256_digest({});
  EXPECT_EQ(digest, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_TRUE(is_sha256_digest(digest));
}

TEST(Sha256, NothingElseIsADigest) {
  const auto good = sha256_digest({});
  auto upper = good;
  upper[10] = 'A';
  for (const auto& text : {std::string(), std::string("sha256:"), good.substr(1), good.substr(0, 70), good + "0",
                           good.substr(7), "sha512:" + good.substr(7), upper, "SHA256:" + good.substr(7), " " + good,
                           good.substr(0, 70) + "g", good.substr(0, 70) + std::string(1, '\0')}) {
    EXPECT_FALSE(is_sha256_digest(text)) << text;
  }
}

TEST(Sha256, InPiecesIsAsAWhole) {
  const std::string data(1000, 'x');
  for (const std::size_t cut : {0U, 1U, 63U, 64U, 65U, 999U, 1000U}) {
    Sha256 hash;
    hash.add(bytes_of(std::string_view(data).substr(0, cut)));
    hash.add(bytes_of(std::string_view(data).substr(cut)));
    EXPECT_EQ(hash.hex(), sha256_hex(bytes_of(data))) << cut;
  }
}

}  // namespace
}  // namespace runx::base
