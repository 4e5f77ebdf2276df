// SPDX-License-Identifier: Apache-2.0
#include "bitstream/describe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/fake/bitstream.h"
#include "tests/fake/containers.h"

namespace runx::bitstream {
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
  EXPECT_THAT(text, HasSubstr("part      xck26 (by its idcode)\n"));
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
  nameless.payload_length = 4;
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
    "tool_version": "2022.1", "device": "xck26", "idcode": "0x04a49093", "partial": true, "compressed": true,
    "encrypted": false, "authenticated": false, "byte_swapped": false, "sha256": "0123abcd", "payload": {"offset": 142, "length": 449248}, "frames": 1207,
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
  for (const char* key : {"design", "date", "time", "tool_version", "partial"}) {
    EXPECT_TRUE(bin[key].is_null()) << key;
  }
  EXPECT_EQ(bin["part"], "xck26") << "by its IDCODE";
  EXPECT_EQ(bin["format"], "bin");
  EXPECT_TRUE(json::parse(describe_json(BitstreamInfo{}, ""))["idcode"].is_null());
}

BitstreamInfo read(const std::string& file) {
  const auto info = read_bitstream(base::bytes_of(file), "a");
  EXPECT_TRUE(info) << info.error().what;
  return info.value_or(BitstreamInfo{});
}

TEST(Describe, ListsThePartsOfABootImage) {
  BitstreamOptions options;
  options.header = false;
  options.byte_swapped = true;
  const auto info = read(fake::make_boot_image(
      {{"fsbl.elf", std::string(1200, 'x'), 0x116}, {"a.bit", fake::make_stream(options), 0x8026}}));
  EXPECT_EQ(describe(info, "BOOT.BIN", "0123abcd"), R"(BOOT.BIN
  format    a boot image of ZynqMP, bytes of each word reversed
  part      xck26 (by its idcode)
  idcode    0x04a49093
  kind      not told (a boot image of ZynqMP does not say), signed (not verified)
  stream    1,628 bytes at offset 5,680
  sha256    0123abcd
  writes    4 frames

  parts
  program for a53-0  fsbl.elf  1,200 bytes at offset 4,480
  bitstream          a.bit     1,628 bytes at offset 5,680, signed

  block 0: logic and routing
  row  0 |.....................................#| column 37, 4 frames

  '#': writes begin in this column; long writes go on to the right, and into the next row
)");
  const auto told = json::parse(describe_json(info, ""));
  EXPECT_EQ(told["format"], "boot");
  EXPECT_EQ(told["authenticated"], true);
  EXPECT_EQ(told["parts"][1], json::parse(R"({"kind": "bitstream", "name": "a.bit", "offset": 5680, "length": 1628,
                                              "encrypted": false, "authenticated": true})"));
  EXPECT_EQ(told["frames"], 4);
}

TEST(Describe, SaysWhatAPdiKeepsToItself) {
  const auto info = read(fake::make_pdi());
  EXPECT_EQ(describe(info, "a.pdi", "0123abcd"), R"(a.pdi
  format    a PDI of Versal
  part      xcvc1902 (by its idcode)
  id        0x3
  parent id 0x2
  idcode    0x04ca8093
  kind      partial
  sha256    0123abcd
  writes    not known: what a PDI writes is read by the device's own loader only

  parts
  cdo  pl_rp0  12 bytes at offset 336, id 0x18700000
)");
  const auto told = json::parse(describe_json(info, "", true));
  EXPECT_EQ(told["parent_id"], "0x2");
  EXPECT_EQ(told["parts"][0]["id"], "0x18700000");
  EXPECT_TRUE(told["parts"][0]["unique_id"].is_null());
  EXPECT_THAT(describe(read(fake::make_pdi({.hidden = true})), "a.pdi", ""),
              HasSubstr("parts     not listed: their headers are encrypted\n"));
  for (const char* key : {"frames", "repeats", "footprint", "runs"}) EXPECT_TRUE(told[key].is_null()) << key;
}

TEST(Describe, SaysWhatAnXclbinHoldsAndWants) {
  const auto bare = describe(read(fake::make_xclbin({{16, "1234", "user"}})), "a.xclbin", "");
  EXPECT_THAT(bare, HasSubstr("format    an .xclbin container, 2022/05/13 21:05:12\n"));
  EXPECT_THAT(bare, HasSubstr("platform  vendor_board_name_1_0\n"));
  EXPECT_THAT(bare, HasSubstr("shell     0102030405060708090a0b0c0d0e0f10\n"));
  EXPECT_THAT(bare, HasSubstr("stream    none: it holds no bitstream\n"));
  EXPECT_THAT(bare, HasSubstr("  USER_METADATA  user  4 bytes at offset 496\n"));
  EXPECT_THAT(bare, Not(HasSubstr("kind  ")));

  const auto info = read(fake::make_xclbin({{0, fake::make_bitstream()}}));
  EXPECT_THAT(describe(info, "a.xclbin", ""), HasSubstr("bytes at offset 624, a .bit\n"));
  const auto told = json::parse(describe_json(info, ""));
  EXPECT_EQ(told["contains"], "bit");
  EXPECT_EQ(told["payload"]["offset"], 624);
  EXPECT_EQ(told["uuid"], "1112131415161718191a1b1c1d1e1f20");
  EXPECT_EQ(told["shells"], json::array({"0102030405060708090a0b0c0d0e0f10"}));
}

TEST(Describe, SaysWhatAnOverlayLoads) {
  BitstreamInfo info;
  info.format = Format::dtbo;
  info.partial = true;
  info.overlays = {{"fpga_PR0", "", "aes.bit.bin", true, true, false, false},
                   {"amba", "uart@0", "", false, false, false, false}};
  EXPECT_EQ(describe(info, "a.dtbo", "0123abcd"), R"(a.dtbo
  format    a device tree overlay
  kind      partial
  sha256    0123abcd

  overlay
  fpga_PR0: loads aes.bit.bin, partial, encrypted
  amba, uart@0: names no bitstream
)");
  const auto told = json::parse(describe_json(info, ""));
  EXPECT_EQ(told["overlays"][0]["firmware"], "aes.bit.bin");
  EXPECT_TRUE(told["overlays"][1]["firmware"].is_null());
  EXPECT_TRUE(told["payload"].is_null());
}

}  // namespace
}  // namespace runx::bitstream
