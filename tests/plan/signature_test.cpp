// SPDX-License-Identifier: Apache-2.0
#include "plan/signature.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/command.h"
#include "base/host.h"
#include "base/sha256.h"
#include "tests/base/scratch.h"
#include "tests/fake/signer.h"

namespace runx::plan {
namespace {

using fake::Signer;
using testing::HasSubstr;

const std::string file = "a bitstream";
std::string digest_of(const std::string& text) { return base::sha256_digest(base::bytes_of(text)); }

TEST(Signature, OfThisFileByThisKeyOnly) {
  const Signer signer;
  const auto key = parse_public_key(signer.public_key(), "k.pem").value();
  const auto signature = parse_signature(signer.sign(file)).value();
  EXPECT_TRUE(is_signed(digest_of(file), signature, key));
  EXPECT_FALSE(is_signed(digest_of("another bitstream"), signature, key));
  EXPECT_FALSE(is_signed(digest_of(file), signature, parse_public_key(Signer().public_key(), "k.pem").value()));
  EXPECT_FALSE(is_signed("sha256:", signature, key));
  EXPECT_FALSE(is_signed(digest_of(file), signature, "no key"));
  EXPECT_FALSE(is_signed(digest_of(file), "", key));
}

TEST(Signature, EveryBitCounts) {
  const Signer signer;
  const auto key = parse_public_key(signer.public_key(), "k.pem").value();
  const auto signature = signer.sign(file);
  for (std::size_t bit = 0; bit < 8 * signature.size(); ++bit) {
    auto other = signature;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(is_signed(digest_of(file), other, key)) << bit;
  }
}

TEST(Signature, InBase64AsWell) {
  const auto der = Signer().sign(file);
  const auto text = Signer::base64(der);
  EXPECT_EQ(parse_signature(der), der);
  EXPECT_EQ(parse_signature(text), der);
  EXPECT_EQ(parse_signature(text.substr(0, text.size() - 1)), der);
  EXPECT_EQ(parse_signature(text.substr(0, 64) + "\r\n" + text.substr(64)), der);
}

// Lengths of all three remainders, so that padding of one and of two characters is met.
TEST(Signature, Base64WithEveryPadding) {
  for (const std::size_t size : {68U, 69U, 70U, 71U, 72U}) {
    const auto der = std::string({'\x30', static_cast<char>(size - 2)}) + std::string(size - 2, '\0');
    EXPECT_EQ(parse_signature(Signer::base64(der)), der) << size;
  }
}

TEST(Signature, WhatIsNone) {
  const auto text = Signer::base64(Signer().sign(file));
  for (const auto& wrong :
       {std::string(), std::string("\n"), std::string("===="), std::string("A==="), "\xff" + text, text + text,
        " " + text, "=" + text.substr(1), text.substr(1), std::string(20'000, 'A'), Signer::base64("no signature"),
        Signer("RSA").sign(file), std::string("0\x06") + "ab", text.substr(0, 4) + "-_" + text.substr(6)}) {
    EXPECT_EQ(parse_signature(wrong), std::nullopt) << wrong.substr(0, 100);
  }
}

TEST(Signature, KeysOfOtherKindsAreRefused) {
  const auto pem = Signer().public_key();
  EXPECT_TRUE(parse_public_key(pem, "k.pem"));
  for (const auto& wrong : {std::string(), std::string("no key"), pem.substr(0, pem.size() / 2),
                            Signer("P-384").public_key(), Signer("RSA").public_key(), std::string(20'000, 'x')}) {
    const auto key = parse_public_key(wrong, "/etc/k.pem");
    ASSERT_FALSE(key) << wrong;
    EXPECT_THAT(key.error().what, HasSubstr("/etc/k.pem is not a public key for signatures"));
  }
}

// As a release engineer does it. The command is in Debian's package openssl, which not every desk has.
TEST(Signature, OfTheOpensslCommand) {
  if (!std::filesystem::exists("/usr/bin/openssl")) GTEST_SKIP() << "no openssl command";
  const base::test::Scratch folder;
  folder.file("aes.bit", file);
  const auto run = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "/usr/bin/openssl");
    const auto done = base::run_command({.argv = std::move(arguments)});
    ASSERT_TRUE(done && done->status == 0);
  };
  run({"ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", folder.at("key.pem")});
  run({"ec", "-in", folder.at("key.pem"), "-pubout", "-out", folder.at("key.pub")});
  run({"dgst", "-sha256", "-sign", folder.at("key.pem"), "-out", folder.at("aes.bit.sig"), folder.at("aes.bit")});
  base::Host files;
  const auto key = parse_public_key(files.read(folder.at("key.pub")).value(), "key.pub");
  ASSERT_TRUE(key) << key.error().what;
  const auto signature = parse_signature(files.read(folder.at("aes.bit.sig")).value());
  ASSERT_TRUE(signature);
  EXPECT_TRUE(is_signed(digest_of(file), *signature, *key));
}

}  // namespace
}  // namespace runx::plan
