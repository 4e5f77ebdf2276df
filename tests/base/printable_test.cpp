// SPDX-License-Identifier: Apache-2.0
#include "base/printable.h"

#include <gtest/gtest.h>

namespace runx::base {
namespace {

TEST(Printable, LeavesPrintableAsciiAlone) { EXPECT_EQ(printable(" a~\"\\"), " a~\"\\"); }

TEST(Printable, WritesEverythingElseAsHexadecimal) {
  EXPECT_EQ(printable(std::string_view("\0\x1f\x7f\x80\xff\n", 6)), "\\x00\\x1f\\x7f\\x80\\xff\\x0a");
}

TEST(Printable, CutsAndSaysSo) {
  EXPECT_EQ(printable(std::string(80, 'x')), std::string(80, 'x'));
  EXPECT_EQ(printable(std::string(81, 'x')), std::string(80, 'x') + "...");
  EXPECT_EQ(printable("abc", 2), "ab...");
  EXPECT_EQ(printable(std::string(100, '\n')).size(), 80U * 4 + 3);
}

}  // namespace
}  // namespace runx::base
