// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <cerrno>
#include <cstdint>
#include <limits>
#include <memory>

#include <gtest/gtest.h>

namespace runx::base {
namespace {

Result<int> number(bool good) {
  if (!good) return fail(std::errc::invalid_argument, "region ", "pr0", " has ", 3, " of ", std::uint8_t{200}, '!');
  return 7;
}

TEST(Result, HoldsAValueOrASentence) {
  EXPECT_EQ(*number(true), 7);
  const auto bad = number(false);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, std::errc::invalid_argument);
  EXPECT_EQ(bad.error().what, "region pr0 has 3 of 200!");
}

TEST(Result, AFailedCallSaysWhatErrnoMeans) {
  const Status status = fail_errno(ENOENT, "cannot open ", "/x");
  EXPECT_EQ(status.error().code, std::errc::no_such_file_or_directory);
  EXPECT_EQ(status.error().what, "cannot open /x: No such file or directory");
}

TEST(Result, ContextGoesInFrontAndTheCodeStays) {
  const Result<int> outer = context(number(false).error(), "container ", 1);
  EXPECT_EQ(outer.error().code, std::errc::invalid_argument);
  EXPECT_EQ(outer.error().what, "container 1: region pr0 has 3 of 200!");
}

TEST(Result, MovesWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> owner(std::make_unique<int>(5));
  const auto taken = std::move(*owner);
  EXPECT_EQ(*taken, 5);
}

TEST(Hex, HasAtLeastTheDigitsAsked) {
  EXPECT_EQ(hex(0), "0x0");
  EXPECT_EQ(hex(0xff110000), "0xff110000");
  EXPECT_EQ(hex(0x4A49093, 8), "0x04a49093");
  EXPECT_EQ(hex(0x123, 2), "0x123");
  EXPECT_EQ(hex(5, -1), "0x5");
  EXPECT_EQ(hex(std::numeric_limits<std::uint64_t>::max()), "0xffffffffffffffff");
}

}  // namespace
}  // namespace runx::base
