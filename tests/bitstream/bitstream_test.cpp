// SPDX-License-Identifier: Apache-2.0
#include "bitstream/bitstream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bitstream/kind.h"
#include "tests/fake/bitstream.h"

namespace runx::bitstream {
namespace {

using base::bytes_of;
using fake::BitstreamOptions;
using testing::ElementsAre;
using testing::HasSubstr;

BitstreamInfo read(const std::string& file) {
  const auto info = read_bitstream(bytes_of(file), "/boot/a");
  EXPECT_TRUE(info) << info.error().what;
  return info.value_or(BitstreamInfo{});
}

std::string error_of(const std::string& file) {
  const auto info = read_bitstream(bytes_of(file), "/boot/a");
  EXPECT_FALSE(info);
  return info ? "" : info.error().what;
}

TEST(Bitstream, ReadsABit) {
  const auto file = fake::make_bitstream();
  const auto info = read(file);
  EXPECT_EQ(info.format, Format::bit);
  EXPECT_EQ(to_text(info.format), "bit");
  EXPECT_EQ(info.design, "fake_design");
  EXPECT_EQ(info.part, "xck26-sfvc784-2LV-c");
  EXPECT_EQ(info.date, "2026/11/22");
  EXPECT_EQ(info.time, "12:00:00");
  EXPECT_EQ(info.tool_version, "2022.1");
  EXPECT_EQ(info.idcode, 0x04A49093U);
  EXPECT_EQ(info.partial, true);
  EXPECT_FALSE(info.compressed);
  EXPECT_FALSE(info.encrypted);
  EXPECT_FALSE(info.byte_swapped);
  EXPECT_EQ(info.payload_offset + info.payload_length, file.size());
  EXPECT_EQ(file.substr(info.payload_offset), fake::make_stream({}));
  EXPECT_EQ(info.frames, 4U);
  EXPECT_THAT(info.footprint, ElementsAre(FrameRun{{0x2500}, 4, 4, 0}));
}

TEST(Bitstream, ReadsABin) {
  BitstreamOptions options;
  options.header = false;
  for (const bool swapped : {false, true}) {
    options.byte_swapped = swapped;
    const auto file = fake::make_bitstream(options);
    const auto info = read(file);
    EXPECT_EQ(info.format, Format::bin);
    EXPECT_EQ(to_text(info.format), "bin");
    EXPECT_EQ(info.part, "");
    EXPECT_EQ(info.device, "xck26") << "by its IDCODE";
    EXPECT_EQ(info.idcode, 0x04A49093U);
    EXPECT_EQ(info.partial, std::nullopt) << "a .bin does not say";
    EXPECT_EQ(info.byte_swapped, swapped);
    EXPECT_EQ(info.payload_offset, 0U);
    EXPECT_EQ(info.payload_length, file.size());
    EXPECT_EQ(info.frames, 4U);
  }
}

TEST(Bitstream, TellsFullCompressedAndEncrypted) {
  BitstreamOptions options;
  options.partial = false;
  EXPECT_EQ(read(fake::make_bitstream(options)).partial, false);
  options.repeated = {0x100, 0x200};
  EXPECT_TRUE(read(fake::make_bitstream(options)).compressed);
  EXPECT_EQ(read(fake::make_bitstream(options)).repeats, 2U);
  options.header = false;
  EXPECT_TRUE(read(fake::make_bitstream(options)).compressed) << "the stream tells it too";
  options.encrypted = true;
  EXPECT_TRUE(read(fake::make_bitstream(options)).encrypted);
}

TEST(Bitstream, BelievesEitherWordThatItIsEncrypted) {
  BitstreamOptions options;
  const auto clear = fake::make_stream(options);
  options.encrypted = true;
  EXPECT_TRUE(read(fake::make_bit(options, clear)).encrypted) << "header alone";
  const auto cipher = fake::make_stream(options);
  options.encrypted = false;
  EXPECT_TRUE(read(fake::make_bit(options, cipher)).encrypted) << "stream alone";
}

TEST(Bitstream, NamesTheFileInEveryError) {
  BitstreamOptions options;
  EXPECT_THAT(error_of(fake::make_bit(options, "no stream at all")), HasSubstr("/boot/a does not begin like a conf"));
  const auto file = fake::make_bitstream();
  EXPECT_THAT(error_of(file.substr(0, 20)), HasSubstr("/boot/a"));
  EXPECT_THAT(error_of(file.substr(0, file.size() - 1)), HasSubstr("/boot/a"));
  options.header = false;
  EXPECT_THAT(error_of(fake::make_bitstream(options) + "behind"), HasSubstr("/boot/a"));
}

TEST(Bitstream, NamesOtherKindsOfFile) {
  const struct {
    std::string file;
    const char* kind;
  } cases[] = {
      {"", "an empty file"},
      {"\x7F"
       "ELF and more",
       "an ELF file"},
      {"\x1F\x8B\x08", "a gzip file"},
      {std::string("\xFD"
                   "7zXZ\0",
                   6),
       "an xz file"},
      {"\x28\xB5\x2F\xFD", "a zstd file"},
      {"PK\x03\x04", "a zip archive"},
  };
  for (const auto& [file, kind] : cases) {
    EXPECT_THAT(kind_of(bytes_of(file)), HasSubstr(kind));
    EXPECT_THAT(error_of(file), HasSubstr(std::string("/boot/a is ") + kind));
    EXPECT_THAT(error_of(file), HasSubstr("a .bit, .bin, .pdi, .xclbin, .dtbo or boot image is read"));
  }
  EXPECT_EQ(kind_of(bytes_of("just text")), "");
  EXPECT_THAT(error_of("just text"), HasSubstr("/boot/a is not a bitstream: neither"));
}

TEST(Bitstream, IsTruncatedAtEveryByte) {
  BitstreamOptions options;
  options.writes = {{0x100, 1}};
  const auto file = fake::make_bitstream(options);
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(read_bitstream(bytes_of(std::string_view(file).substr(0, size)), "a.bit")) << size;
  }
}

TEST(Bitstream, ReadsContainersByWhatTheyBeginWith) {
  EXPECT_THAT(error_of(std::string("xclbin2\0 and more", 17)), HasSubstr("the .xclbin /boot/a ends inside its header"));
  EXPECT_THAT(error_of("\xD0\x0D\xFE\xED"), HasSubstr("/boot/a is no sound device tree blob"));
  const std::string sync(
      "\x66\x55\x99\xAA"
      "XNLX");
  EXPECT_THAT(error_of(std::string(0x20, '\x14') + sync),
              HasSubstr("the boot image /boot/a ends inside its boot header"));
  EXPECT_THAT(error_of(std::string(0x10, '\0') + sync), HasSubstr("the PDI /boot/a ends inside its boot header"));
}

TEST(Bitstream, SaysWhichFormatsAreStreams) {
  EXPECT_TRUE(is_stream_file(Format::bit) && is_stream_file(Format::bin));
  for (const auto other : {Format::boot, Format::pdi, Format::xclbin, Format::dtbo})
    EXPECT_FALSE(is_stream_file(other));
  EXPECT_EQ(sentence_name(Format::bit), "a .bit");
  EXPECT_EQ(sentence_name(Format::xclbin), "an .xclbin container");
}

// Any byte may be any other: the reader answers something, and stays inside (the sanitizers' builds look).
TEST(Bitstream, SurvivesEveryBrokenByte) {
  BitstreamOptions options;
  options.writes = {{0x100, 1}};
  options.repeated = {0x200};
  auto file = fake::make_bitstream(options);
  unsigned refused = 0;
  for (auto& byte : file) {
    const char was = byte;
    for (const char other : {'\x00', '\xFF', static_cast<char>(was ^ 0x80), static_cast<char>(was + 1)}) {
      byte = other;
      if (!read_bitstream(bytes_of(file), "a.bit")) ++refused;
    }
    byte = was;
  }
  EXPECT_GT(refused, 400U);
}

TEST(FirmwareImage, HasWholeWords) {
  EXPECT_EQ(firmware_image(base::bytes_of("")), "");
  EXPECT_EQ(firmware_image(base::bytes_of("abcd")), "abcd");
  EXPECT_EQ(firmware_image(base::bytes_of("abcde")), "abcde\xFF\xFF\xFF");
}

}  // namespace
}  // namespace runx::bitstream
