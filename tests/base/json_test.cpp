// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace runx::base {
namespace {

using ::testing::HasSubstr;

std::string complaint(std::string_view source) {
  const auto value = parse_json(source, "/etc/x.json");
  return value ? "" : value.error().what;
}

std::string nested(std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); }

TEST(Json, ReadsAValueWithWhiteSpaceAroundIt) {
  const auto value = parse_json(" \n{\"a\": [1, \"x\", null, true, 1.5]}\t\n", "text");
  ASSERT_TRUE(value);
  EXPECT_EQ((*value)["a"].size(), 5U);
}

TEST(Json, AKeyThatStandsTwiceIsAnError) {
  EXPECT_EQ(complaint(R"({"a": 1, "b": 2, "a": 3})"),
            "/etc/x.json is not usable JSON: the key \"a\" stands twice in one object");
  EXPECT_THAT(complaint(R"([{"x": {"a": 1, "\u0061": 2}}])"), HasSubstr("stands twice"));
  EXPECT_EQ(complaint(R"({"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]})"), "") << "once in each object";
}

TEST(Json, NestingEndsAt64Levels) {
  EXPECT_EQ(complaint(nested(64)), "");
  EXPECT_EQ(complaint(nested(65)), "/etc/x.json is not usable JSON: nested deeper than 64 levels");
}

// The stack must not grow with the text, neither while reading nor while forgetting.
TEST(Json, AMillionLevelsAreOnlyAnError) {
  EXPECT_THAT(complaint(nested(1'000'000)), HasSubstr("nested deeper"));
  EXPECT_THAT(complaint(std::string(1'000'000, '[')), HasSubstr("is not JSON"));
}

TEST(Json, WhatIsNotUtf8IsAnError) {
  for (const auto* text : {"\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xe2\x82\""}) {
    EXPECT_THAT(complaint(text), HasSubstr("is not JSON")) << text;
  }
  EXPECT_EQ(complaint("\"\xe2\x82\xac\""), "");
}

TEST(Json, NothingMayFollowTheValue) {
  for (const auto* text : {"{} x", "{}{}", "1 2", "[],", "{}\n#"}) EXPECT_NE(complaint(text), "") << text;
  EXPECT_NE(complaint(std::string_view("{}\0", 3)), "");
}

TEST(Json, TextThatIsNoValueIsAnErrorThatNamesIt) {
  for (const auto* text :
       {"", " ", "{", "[1,]", "{\"a\"}", "{'a':1}", "nul", "01", "+1", "NaN", "1e999", "\"\t\"", "// x\n1"}) {
    EXPECT_THAT(complaint(text), ::testing::StartsWith("/etc/x.json is not JSON: ")) << text;
    EXPECT_THAT(complaint(text), ::testing::Not(HasSubstr("json.exception"))) << text;
  }
}

TEST(Json, ComplaintsAreShortAndPrintable) {
  const auto hostile = "\x1b[2J" + std::string(100'000, 'k');
  const auto escaped = nlohmann::json(hostile).dump();
  const auto twice = complaint("{" + escaped + ":1," + escaped + ":2}");
  const auto broken = complaint("{" + escaped + "\x7f\x1b[2J");
  for (const auto& what : {twice, broken}) {
    EXPECT_NE(what, "");
    EXPECT_LT(what.size(), 1000U);
    EXPECT_EQ(what.find_first_of("\x1b\x7f"), std::string::npos) << what;
  }
}

TEST(Json, WritesAnythingWithoutThrowing) {
  EXPECT_EQ(json_text(nlohmann::json{{"a", 1}}), "{\"a\":1}");
  EXPECT_EQ(json_text(nlohmann::json{{"a", 1}}, 2), "{\n  \"a\": 1\n}");
  EXPECT_EQ(json_text(nlohmann::json("\xff")), "\"\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace runx::base
