// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "annotations/request.h"

namespace runx::annotations {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::StartsWith;

TEST(MetadataFile, IsAnObjectOfStrings) {
  const auto read = parse_metadata(R"({"io.runx-accel.schema": "1", "other.key": "\u00e4", "": ""})");
  EXPECT_THAT(read.complaints, IsEmpty());
  EXPECT_THAT(read.annotations,
              ElementsAre(Pair("", ""), Pair("io.runx-accel.schema", "1"), Pair("other.key", "\xc3\xa4")));
  EXPECT_THAT(parse_metadata("{}").annotations, IsEmpty());
}

TEST(MetadataFile, EveryValueThatIsNoStringIsNamed) {
  const auto read = parse_metadata(R"({"a": 1, "b": "x", "c": null, "d": {"e": "f"}, "g": ["h"], "i": true})");
  ASSERT_THAT(read.complaints, SizeIs(5));
  EXPECT_EQ(
      sentence(read.complaints[0]),
      "/.runx-accel.json = \"a\": the value of this key is not a string: write a JSON object of annotations, each "
      "value a string");
  EXPECT_THAT(read.annotations, ElementsAre(Pair("b", "x")));
}

TEST(MetadataFile, WhatIsNoObjectIsOneComplaint) {
  for (const auto* text : {"[]", "\"x\"", "null", "1"}) {
    const auto read = parse_metadata(text);
    ASSERT_THAT(read.complaints, SizeIs(1)) << text;
    EXPECT_EQ(read.complaints[0].reason, "not a JSON object");
  }
  for (const auto* text : {"", "{", "{\"a\": \"b\",}", "{\"a\": \"\xff\"}", "{} {}"}) {
    const auto read = parse_metadata(text);
    ASSERT_THAT(read.complaints, SizeIs(1)) << text;
    EXPECT_THAT(read.complaints[0].reason, StartsWith("the file is not JSON: "));
    EXPECT_THAT(read.annotations, IsEmpty());
  }
}

TEST(MetadataFile, AKeyThatStandsTwiceIsAComplaintAndNotALastWord) {
  const auto read =
      parse_metadata(R"({"io.runx-accel.domain.memory": "64MiB", "io.runx-accel.domain.memory": "1GiB"})");
  ASSERT_THAT(read.complaints, SizeIs(1));
  EXPECT_EQ(read.complaints[0].reason,
            "the file is not usable JSON: the key \"io.runx-accel.domain.memory\" stands twice in one object");
  EXPECT_THAT(read.annotations, IsEmpty());
}

}  // namespace
}  // namespace runx::annotations
