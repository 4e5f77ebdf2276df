// SPDX-License-Identifier: Apache-2.0
#include "fpga/describe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/fake/bitstream.h"

namespace runx::fpga {
namespace {

using fake::BitstreamOptions;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

BitstreamInfo made(const BitstreamOptions& options) {
  const auto file = fake::make_bitstream(options);
  const auto info = read_bitstream(base::bytes_of(file), "a.bit");
  EXPECT_TRUE(info) << info.error().what;
  return info.value_or(BitstreamInfo{});
}

BitstreamOptions two_rows() {
  BitstreamOptions options;
  options.writes = {{FrameAddress::of(0, 3, 2, 0).value, 1200},
                    {FrameAddress::of(0, 3, 3, 0).value, 2},
                    {FrameAddress::of(0, 10, 5, 0).value, 1},
                    {FrameAddress::of(1, 0, 0, 0).value, 4}};
  options.repeated = {FrameAddress::of(0, 10, 5, 0).value};
  return options;
}

TEST(Describe, DrawsWhatABitstreamTouches) {
  EXPECT_EQ(describe(made(two_rows()), "a.bit", "0123abcd"),
            R"(a.bit
  format    .bit, Vivado 2022.1, 2026/11/22 12:00:00
  design    fake_design
  part      xck26-sfvc784-2LV-c
  idcode    0x04a49093
  kind      partial, compressed
  stream    449,248 bytes at offset 142
  sha256    0123abcd
  writes    1,207 frames and 1 repeat

  block 0: logic and routing
  row 10 |.....#| column 5, 1 frame, 1 repeat
  row  3 |..##..| columns 2..3, 1,202 frames

  block 1: block RAM content
  row  0 |#.....| column 0, 4 frames

  '#': writes begin in this column; long writes go on to the right, and into the next row
)");
}

TEST(Describe, SharesCharactersWhereADeviceIsWide) {
  BitstreamOptions options;
  options.writes = {{FrameAddress::of(0, 0, 133, 0).value, 2}};
  const auto text = describe(made(options), "a.bit", "");
  EXPECT_THAT(text, HasSubstr("row  0 |" + std::string(66, '.') + "#| column 133, 2 frames"));
  EXPECT_THAT(text, HasSubstr("(2 columns a character)"));
}

TEST(Describe, SaysWhatABinDoesNot) {
  BitstreamOptions options;
  options.header = false;
  options.byte_swapped = true;
  const auto text = describe(made(options), "a.bin", "");
  EXPECT_THAT(text, HasSubstr("format    .bin, bytes of each word reversed\n"));
  EXPECT_THAT(text, HasSubstr("kind      not told"));
  EXPECT_THAT(text, Not(HasSubstr("part")));
  EXPECT_THAT(text, Not(HasSubstr("design")));
}

TEST(Describe, SaysThatCipherTextCannotBeRead) {
  BitstreamOptions options;
  options.encrypted = true;
  options.partial = false;
  const auto text = describe(made(options), "a.bit", "");
  EXPECT_THAT(text, HasSubstr("kind      full, encrypted"));
  EXPECT_THAT(text, HasSubstr("0 frames before the cipher text"));
  EXPECT_THAT(text, Not(HasSubstr("block")));
  BitstreamInfo nameless;
  EXPECT_THAT(describe(nameless, "a.bin", ""), HasSubstr("idcode    none"));
}

TEST(Describe, ListsRuns) {
  auto options = two_rows();
  options.writes.push_back({FrameAddress::of(0, 3, 3, 0).value, 5});
  EXPECT_EQ(describe_frames(made(options)),
            "block 0, row 3, column 2, minor 0 (0x000c0200): 1,200 frames\n"
            "block 0, row 3, column 3, minor 0 (0x000c0300): 7 frames, at most 5 in one go\n"
            "block 0, row 10, column 5, minor 0 (0x00280500): 1 frame, 1 repeat, at most 1 in one go\n"
            "block 1, row 0, column 0, minor 0 (0x01000000): 4 frames\n");
}

TEST(Describe, GivesJson) {
  const auto info = made(two_rows());
  const auto expected = json::parse(R"({
    "format": "bit", "design": "fake_design", "part": "xck26-sfvc784-2LV-c", "date": "2026/11/22", "time": "12:00:00",
    "tool_version": "2022.1", "idcode": "0x04a49093", "partial": true, "compressed": true, "encrypted": false,
    "byte_swapped": false, "sha256": "0123abcd", "payload": {"offset": 142, "length": 449248}, "frames": 1207,
    "repeats": 1, "footprint": [
      {"block": 0, "row": 3, "columns": [[2, 3]], "frames": 1202, "repeats": 0},
      {"block": 0, "row": 10, "columns": [[5, 5]], "frames": 1, "repeats": 1},
      {"block": 1, "row": 0, "columns": [[0, 0]], "frames": 4, "repeats": 0}]})");
  EXPECT_EQ(json::parse(describe_json(info, "0123abcd")), expected);

  const auto with_runs = json::parse(describe_json(info, "", true));
  ASSERT_EQ(with_runs["runs"].size(), 4U);
  EXPECT_EQ(with_runs["runs"][2], json::parse(R"({"address": "0x00280500", "frames": 1, "written": 1, "repeats": 1})"));
}

TEST(Describe, GivesNullForWhatIsNotTold) {
  BitstreamOptions options;
  options.header = false;
  const auto bin = json::parse(describe_json(made(options), ""));
  for (const char* key : {"design", "part", "date", "time", "tool_version", "partial"}) {
    EXPECT_TRUE(bin[key].is_null()) << key;
  }
  EXPECT_EQ(bin["format"], "bin");
  EXPECT_TRUE(json::parse(describe_json(BitstreamInfo{}, ""))["idcode"].is_null());
}

}  // namespace
}  // namespace runx::fpga
