// SPDX-License-Identifier: Apache-2.0
#include "annotations/value.h"

#include <algorithm>
#include <array>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace runx::annotations {
namespace {

constexpr std::uint64_t mib = std::uint64_t{1} << 20;

TEST(Value, Names) {
  for (const auto* good : {"a", "0", "a--b", "pr0", "aes-128", "abcdefghijklmnopqrstuvwxyz012345"})
    EXPECT_TRUE(is_name(good));
  for (const auto* bad :
       {"", "-", "-a", "a-", "A", "a_b", "a.b", "a b", "a/", "\xc3\xa4", "abcdefghijklmnopqrstuvwxyz0123456"}) {
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
  EXPECT_EQ(edit_distance("", "", 9), 0U);
  EXPECT_EQ(edit_distance("", "abc", 9), 3U);
  EXPECT_EQ(edit_distance("abc", "", 9), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting", 9), 3U);
  EXPECT_EQ(edit_distance("memory", "memory", 9), 0U);
  EXPECT_EQ(edit_distance("ab", "ba", 9), 2U);
  EXPECT_EQ(edit_distance("kitten", "sitting", 4), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting", 3), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting", 2), 2U);
  EXPECT_EQ(edit_distance("kitten", "kitten", 0), 0U);
  EXPECT_EQ(edit_distance("abcdefgh", "xabcdefg", 3), 2U);
}

// The whole table, which the limit cuts a band out of.
std::size_t whole_distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> table(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        table[i][j] = i + j;
      } else {
        table[i][j] = std::min(
            {table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      }
    }
  }
  return table[a.size()][b.size()];
}

TEST(Value, TheLimitCutsNothingThatIsBelowIt) {
  std::mt19937 random(3);
  const auto word = [&] {
    std::string out(random() % 12, 'a');
    for (auto& c : out) c = static_cast<char>('a' + random() % 3);
    return out;
  };
  for (int round = 0; round < 3000; ++round) {
    const auto a = word();
    const auto b = word();
    for (std::size_t limit = 0; limit < 14; ++limit)
      ASSERT_EQ(edit_distance(a, b, limit), std::min(limit, whole_distance(a, b))) << a << " " << b << " " << limit;
  }
}

}  // namespace
}  // namespace runx::annotations
