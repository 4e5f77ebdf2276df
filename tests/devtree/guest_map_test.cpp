// SPDX-License-Identifier: Apache-2.0
#include "devtree/guest_map.h"

#include <gtest/gtest.h>

namespace runx::devtree {
namespace {

constexpr std::uint64_t mib = 1 << 20;

TEST(GuestMap, KnowsWhereTheGuestsMemoryIs) {
  EXPECT_TRUE(GuestMap(1024 * mib).is_free({0x8000'0000, 0x100'0000}));
  EXPECT_FALSE(GuestMap(1025 * mib).is_free({0x8000'0000, 0x100'0000}));
  EXPECT_TRUE(GuestMap(3056 * mib).is_free({0xff0e'0000, 0x1000}));
  EXPECT_FALSE(GuestMap(3057 * mib).is_free({0xff0e'0000, 0x1000}));
  EXPECT_TRUE(GuestMap(3072 * mib).is_free({0x2'0000'0000, 0x1000}));
  EXPECT_FALSE(GuestMap(3073 * mib).is_free({0x2'0000'0000, 0x1000}));
}

TEST(GuestMap, KnowsWhatXenPutsThere) {
  const GuestMap map(64 * mib);
  for (const std::uint64_t at :
       {0x0200'0000, 0x0300'1000, 0x0401'f000, 0x1000'0000, 0x2200'0000, 0x3800'0000, 0x39ff'f000}) {
    EXPECT_FALSE(map.is_free({at, 0x1000})) << std::hex << at;
  }
  EXPECT_TRUE(map.is_free({0xff11'0000, 0x1000}));
}

TEST(GuestMap, PlacesBehindTheMemoryAndNeverTwice) {
  GuestMap map(2048 * mib);
  EXPECT_EQ(map.place(0x1000), 0xc000'0000);
  EXPECT_EQ(map.place(0x1000), 0xc001'0000);
  EXPECT_EQ(map.place(0x100'0000), 0xc020'0000);  // large ones at multiples of 2 MiB
}

TEST(GuestMap, GoesAbove4GiBWhenItMust) {
  GuestMap map(8192 * mib);
  EXPECT_EQ(map.place(0x1000), 0x1'0000'0000);
  EXPECT_EQ(map.place(0x1'0000'0000 - 0x20'0000), 0x1'0020'0000);
  EXPECT_EQ(map.place(0x20'0000), std::nullopt);
  EXPECT_EQ(map.place(UINT64_MAX - 0xfff), std::nullopt);
}

}  // namespace
}  // namespace runx::devtree
