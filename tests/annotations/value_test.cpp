// SPDX-License-Identifier: Apache-2.0
#include "annotations/value.h"

#include <array>
#include <string>

#include <gtest/gtest.h>

namespace runx::annotations {
namespace {

constexpr std::uint64_t mib = std::uint64_t{1} << 20;

TEST(Value, Names) {
  for (const auto* good : {"a", "0", "-", "pr0", "aes-128", "abcdefghijklmnopqrstuvwxyz012345"})
    EXPECT_TRUE(is_name(good));
  for (const auto* bad : {"", "A", "a_b", "a.b", "a b", "a/", "\xc3\xa4", "abcdefghijklmnopqrstuvwxyz0123456"}) {
    EXPECT_FALSE(is_name(bad)) << bad;
  }
  EXPECT_FALSE(is_name(std::string_view("a\0", 2)));
}

TEST(Value, Sizes) {
  EXPECT_EQ(parse_size("1MiB"), mib);
  EXPECT_EQ(parse_size("64MiB"), 64 * mib);
  EXPECT_EQ(parse_size("2GiB"), 2048 * mib);
  EXPECT_EQ(parse_size("1024GiB"), mib << 20);
  EXPECT_EQ(parse_size("1048576MiB"), mib << 20);
  for (const auto* bad : {"",
                          "MiB",
                          "0MiB",
                          "64",
                          "64M",
                          "64MB",
                          "64 MiB",
                          " 64MiB",
                          "64MiB ",
                          "+64MiB",
                          "-1MiB",
                          "064MiB",
                          "6.4GiB",
                          "0x40MiB",
                          "64mib",
                          "1025GiB",
                          "1048577MiB",
                          "18446744073709551616MiB",
                          "17592186044417MiB",
                          "64KiB"}) {
    EXPECT_EQ(parse_size(bad), std::nullopt) << bad;
  }
}

TEST(Value, SizesAreWrittenInTheLargestUnitThatFits) {
  EXPECT_EQ(size_text(64 * mib), "64MiB");
  EXPECT_EQ(size_text(1024 * mib), "1GiB");
  EXPECT_EQ(size_text(1025 * mib), "1025MiB");
  for (std::uint64_t n : {1, 63, 64, 1023, 1024, 1536, 2048, 1048576})
    EXPECT_EQ(parse_size(size_text(n * mib)), n * mib);
}

TEST(Value, Numbers) {
  EXPECT_EQ(parse_number("1", 1, 128), 1U);
  EXPECT_EQ(parse_number("128", 1, 128), 128U);
  EXPECT_EQ(parse_number("0", 0, 1), 0U);
  for (const auto* bad :
       {"", "0", "129", "01", "+1", "-1", "1 ", " 1", "1.0", "0x1", "4294967297", "99999999999999999999"}) {
    EXPECT_EQ(parse_number(bad, 1, 128), std::nullopt) << bad;
  }
}

TEST(Value, CleanPaths) {
  for (const auto* good : {"/a", "/boot/a.bit", "/axi/timer@ff110000", "/..a", "/a..", "/...", "/a b", "/\xc3\xa4"}) {
    EXPECT_TRUE(is_clean_path(good)) << good;
  }
  for (const auto* bad : {"", "/", "a", "a/b", "//", "/a/", "/a//b", "/.", "/..", "/a/.", "/a/..", "/a/../b", "/./a",
                          "/a\n", "/a\x7f", "/\x1b[2J"}) {
    EXPECT_FALSE(is_clean_path(bad)) << bad;
  }
  EXPECT_FALSE(is_clean_path(std::string_view("/a\0b", 4)));
  EXPECT_TRUE(is_clean_path("/" + std::string(4094, 'x')));
  EXPECT_FALSE(is_clean_path("/" + std::string(4095, 'x')));
}

TEST(Value, TheNearestKnownWord) {
  const std::array<std::string, 3> known{"domain.memory", "domain.vcpus", "schema"};
  EXPECT_EQ(nearest("domain.memry", known), "domain.memory");
  EXPECT_EQ(nearest("domian.vcpus", known), "domain.vcpus");
  EXPECT_EQ(nearest("shcema", known), "schema");
  EXPECT_EQ(nearest("network.bridge", known), "");
  EXPECT_EQ(nearest("", known), "");
}

// Two words of a mebibyte each would take hours.
TEST(Value, AVeryLongWordIsNearToNothing) {
  const std::array<std::string, 1> known{std::string(1 << 20, 'x')};
  EXPECT_EQ(nearest(std::string(1 << 20, 'x'), known), "");
}

TEST(Value, EditDistance) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("memory", "memory"), 0U);
  EXPECT_EQ(edit_distance("ab", "ba"), 2U);
}

}  // namespace
}  // namespace runx::annotations
