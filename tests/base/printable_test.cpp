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

TEST(PrintableText, KeepsTextAndTakesControlsAway) {
  EXPECT_EQ(printable_text("a\n\tgr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x8e\x89"),
            "a\n\tgr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x8e\x89");
  EXPECT_EQ(printable_text(std::string_view("\0\x1b[31m\r\x7f", 8)), "\\u0000\\u001b[31m\\u000d\\u007f");
  EXPECT_EQ(printable_text("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0"), "\\u0080\\u009b\\u009f\xc2\xa0");
  EXPECT_EQ(printable_text("\xe2\x80\xae\xe2\x81\xa6\xe2\x80\xa8"), "\\u202e\\u2066\\u2028");
  EXPECT_EQ(printable_line("a\n\tb"), "a\\u000a\\u0009b");
}

TEST(PrintableText, WhatIsNotUtf8IsBytes) {
  EXPECT_EQ(printable_text("\x9b\xff"), "\\x9b\\xff");
  EXPECT_EQ(printable_text("\xc0\x9b"), "\\xc0\\x9b");                    // not the shortest form
  EXPECT_EQ(printable_text("\xe0\x82\x9b"), "\\xe0\\x82\\x9b");           // the same
  EXPECT_EQ(printable_text("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // a surrogate
  EXPECT_EQ(printable_text("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond U+10FFFF
  EXPECT_EQ(printable_text("\xe2\x82"), "\\xe2\\x82");                    // cut short
}

}  // namespace
}  // namespace runx::base
