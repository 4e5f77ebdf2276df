// SPDX-License-Identifier: Apache-2.0
#include "bitstream/footprint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace runx::bitstream {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

FrameRun run(std::uint32_t block, std::uint32_t row, std::uint32_t column, std::uint32_t minor, std::uint32_t frames) {
  return {FrameAddress::of(block, row, column, minor), frames, frames, 0};
}

TEST(FrameAddress, HasFourFields) {
  const FrameAddress address{0x0158FF0D};
  EXPECT_EQ(address.block(), 1U);
  EXPECT_EQ(address.row(), 22U);
  EXPECT_EQ(address.column(), 255U);
  EXPECT_EQ(address.minor(), 13U);
  EXPECT_EQ(FrameAddress::of(1, 22, 255, 13), address);
  EXPECT_FALSE(address.has_reserved_bits());
  EXPECT_TRUE(FrameAddress{0x08000000}.has_reserved_bits());
  EXPECT_EQ(to_text({0x000C2001}), "block 0, row 3, column 32, minor 1 (0x000c2001)");
}

TEST(Footprint, IsSortedWithOneRunForEachAddress) {
  const auto footprint = normalized({run(1, 0, 0, 0, 8), run(0, 2, 1, 0, 3), run(1, 0, 0, 0, 5), run(0, 2, 0, 9, 1)});
  EXPECT_THAT(footprint,
              ElementsAre(run(0, 2, 0, 9, 1), run(0, 2, 1, 0, 3), FrameRun{FrameAddress::of(1, 0, 0, 0), 8, 13, 0}));
  EXPECT_THAT(normalized({}), IsEmpty());
}

TEST(Footprint, ShowsRowsAndTheirColumns) {
  const auto rows = rows_of(normalized({run(0, 0, 5, 0, 2),
                                        run(0, 0, 6, 0, 2),
                                        run(0, 0, 6, 3, 1),
                                        run(0, 0, 9, 0, 4),
                                        run(0, 3, 0, 0, 93),
                                        {FrameAddress::of(1, 0, 0, 0), 7, 6, 1}}));
  EXPECT_THAT(rows, ElementsAre(FootprintRow{0, 0, {{5, 6}, {9, 9}}, 9, 0}, FootprintRow{0, 3, {{0, 0}}, 93, 0},
                                FootprintRow{1, 0, {{0, 0}}, 6, 1}));
  EXPECT_THAT(rows_of({}), IsEmpty());
}

TEST(Footprint, IsInsideOnlyWhereATrustedRunReaches) {
  const auto allowed = normalized({run(0, 0, 5, 0, 10), run(0, 1, 5, 0, 4), run(1, 0, 0, 0, 256)});
  const auto outside = [&](std::vector<FrameRun> runs) { return first_outside(normalized(std::move(runs)), allowed); };

  EXPECT_EQ(outside({}), std::nullopt);
  EXPECT_EQ(outside({run(0, 0, 5, 0, 10), run(1, 0, 0, 0, 1)}), std::nullopt);
  EXPECT_EQ(outside({run(0, 0, 5, 0, 11)}), run(0, 0, 5, 0, 11)) << "one frame too long";
  EXPECT_EQ(outside({run(0, 0, 5, 1, 1)}), run(0, 0, 5, 1, 1)) << "starts elsewhere";
  EXPECT_EQ(outside({run(0, 1, 5, 0, 4), run(0, 2, 5, 0, 4)}), run(0, 2, 5, 0, 4));
  EXPECT_EQ(outside({run(2, 0, 0, 0, 1), run(0, 0, 0, 0, 1)}), run(0, 0, 0, 0, 1)) << "the first, in order of address";
  EXPECT_EQ(first_outside(allowed, {}), allowed.front());
}

TEST(Footprint, FindsColumnsThatTwoName) {
  const auto one = normalized({run(0, 0, 5, 0, 10), run(0, 1, 7, 3, 4)});
  EXPECT_EQ(first_shared_column(one, normalized({run(0, 0, 7, 0, 1), run(0, 1, 5, 0, 1), run(1, 1, 7, 3, 1)})),
            std::nullopt);
  EXPECT_EQ(first_shared_column(one, normalized({run(0, 0, 4, 0, 1), run(0, 1, 7, 0, 1)})),
            FrameAddress::of(0, 1, 7, 3));
  EXPECT_EQ(first_shared_column({}, one), std::nullopt);
  EXPECT_EQ(first_shared_column(one, {}), std::nullopt);
}

}  // namespace
}  // namespace runx::bitstream
