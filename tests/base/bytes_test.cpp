// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <array>
#include <limits>

#include <gtest/gtest.h>

namespace runx::base {
namespace {

TEST(Bytes, ReadsNumbersInTheStatedOrder) {
  const std::array<std::uint8_t, 9> data{0xff, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88};
  EXPECT_EQ(be16(data, 1), 0x8182U);
  EXPECT_EQ(be32(data, 1), 0x81828384U);
  EXPECT_EQ(be64(data, 1), 0x8182838485868788U);
  EXPECT_EQ(le32(data, 1), 0x84838281U);
}

TEST(Bytes, InsideHoldsForNumbersThatWouldOverflow) {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  EXPECT_TRUE(inside(10, 0, 10));
  EXPECT_TRUE(inside(10, 10, 0));
  EXPECT_FALSE(inside(10, 10, 1));
  EXPECT_FALSE(inside(10, 11, 0));
  EXPECT_FALSE(inside(10, 5, most));
  EXPECT_FALSE(inside(10, most, 5));
  EXPECT_FALSE(inside(10, most, most));
}

TEST(Bytes, TextAndBytesAreTheSameMemory) {
  const std::string_view text("a\0b", 3);
  EXPECT_EQ(text_of(bytes_of(text)), text);
  EXPECT_EQ(static_cast<const void*>(bytes_of(text).data()), text.data());
}

}  // namespace
}  // namespace runx::base
