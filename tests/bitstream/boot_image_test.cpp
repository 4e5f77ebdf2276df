// SPDX-License-Identifier: Apache-2.0
#include "bitstream/boot_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bitstream/bitstream.h"
#include "tests/fake/bitstream.h"
#include "tests/fake/containers.h"

namespace runx::bitstream {
namespace {

using base::bytes_of;
using testing::HasSubstr;

constexpr std::size_t table = 0x8C0;
constexpr std::size_t headers = 0x1100;

// As a tool would put it in: little-endian words, no .bit header.
std::string stream() {
  fake::BitstreamOptions options;
  options.header = false;
  options.byte_swapped = true;
  return fake::make_stream(options);
}

std::string usual() {
  return fake::make_boot_image({{"fsbl.elf", std::string(48, 'x'), 0x116}, {"design.bit", stream()}});
}

BootImage read(const std::string& file) {
  const auto image = read_boot_image(bytes_of(file), "BOOT.BIN");
  EXPECT_TRUE(image) << image.error().what;
  return image.value_or(BootImage{});
}

std::string error_of(const std::string& file) {
  const auto image = read_boot_image(bytes_of(file), "BOOT.BIN");
  EXPECT_FALSE(image);
  return image ? "" : image.error().what;
}

// The usual image with one word of a table changed, and the table's sum made right again.
std::string with_word(std::size_t begin, std::size_t offset, std::uint32_t value) {
  auto file = usual();
  fake::patch_word(file, begin + offset, value);
  fake::mend_sum(file, begin, 64);
  return file;
}

TEST(BootImage, ListsItsPartitions) {
  const auto file = usual();
  const auto image = read(file);
  ASSERT_EQ(image.parts.size(), 2U);
  EXPECT_EQ(image.parts[0].name, "fsbl.elf");
  EXPECT_EQ(image.parts[0].kind, "program for a53-0");
  EXPECT_EQ(image.parts[1].name, "design.bit");
  EXPECT_EQ(image.parts[1].kind, "bitstream");
  EXPECT_EQ(file.substr(image.parts[1].offset, image.parts[1].length), stream());
  EXPECT_FALSE(image.encrypted);
  EXPECT_FALSE(image.authenticated);
}

TEST(BootImage, KnowsWhatIsEncryptedAndSigned) {
  const auto encrypted = read(fake::make_boot_image({{"a", "1234", 0xA6}, {"b", "1234", 0x116}}));
  EXPECT_TRUE(encrypted.encrypted);
  EXPECT_TRUE(encrypted.parts[0].encrypted);
  EXPECT_FALSE(encrypted.parts[1].encrypted);
  const auto is_signed = read(fake::make_boot_image({{"a", "1234", 0x8026}}));
  EXPECT_TRUE(is_signed.authenticated);
  EXPECT_TRUE(is_signed.parts[0].authenticated);
  EXPECT_TRUE(read(with_word(table, 0x10, 0x650)).authenticated) << "the headers are";
}

TEST(BootImage, NamesKindsOfPartitions) {
  const auto image = read(fake::make_boot_image({{"", "", 0x16}, {"", "", 0x516}, {"", "", 0x836}, {"", "", 0xF16}}));
  EXPECT_EQ(image.parts[0].kind, "data");
  EXPECT_EQ(image.parts[1].kind, "program for r5-0");
  EXPECT_EQ(image.parts[2].kind, "program for the pmu");
  EXPECT_EQ(image.parts[3].kind, "program for processor 15");
}

TEST(BootImage, MakesNamesPrintable) {
  EXPECT_EQ(read(fake::make_boot_image({{"a\x1B[2J", "1234"}})).parts[0].name, "a\\x1b[2J");
}

TEST(BootImage, RefusesWhatDoesNotFitTogether) {
  const auto file = usual();
  const struct {
    const char* why;
    std::string file;
    const char* sentence;
  } cases[] = {
      {"no magic", std::string(4096, 'x'), "does not begin like a boot image"},
      {"header cut", file.substr(0, 0x60), "ends inside its boot header"},
      {"table cut", file.substr(0, table + 63), "has its image header table at offset 2240, and only 2303 bytes"},
      {"headers cut", file.substr(0, headers + 100), "has 48 bytes of partition 0 at offset 4480, and only 4452"},
      {"first header cut", file.substr(0, headers + 60), "has its header of partition 0 at offset 4352, and only 4412"},
      {"content cut", file.substr(0, file.size() - 4), "bytes of partition 1 at offset"},
      {"no partitions", with_word(table, 4, 0), "says that it has 0 partitions"},
      {"too many", with_word(table, 4, 33), "says that it has 33 partitions"},
      {"far headers", with_word(table, 8, 0xFFFFFFFF), "has its header of partition 0 at offset 17179869180"},
      {"far partition", with_word(headers, 0x20, 0xFFFFFFFF), "bytes of partition 0 at offset 17179869180"},
      {"long partition", with_word(headers, 4, 0xFFFFFFFF), "has 17179869180 bytes of partition 0"},
      {"certificate cut", with_word(headers + 64, 8, 0xFFFF), "has 262140 bytes of partition 1"},
      {"other order", with_word(headers, 0x0C, 0x440), "does not point to the one behind it"},
      {"goes on", with_word(headers + 64, 0x0C, 0x460), "header of partition 1 that does not point"},
  };
  for (const auto& [why, bytes, sentence] : cases) EXPECT_THAT(error_of(bytes), HasSubstr(sentence)) << why;
}

TEST(BootImage, NoticesAFlippedBitInEveryTable) {
  for (const std::size_t at : {std::size_t{0x30}, table + 0x14, headers + 0x18, headers + 64 + 0x1C}) {
    auto file = usual();
    file[at] = static_cast<char>(file[at] ^ 4);
    EXPECT_THAT(error_of(file), HasSubstr("it is damaged")) << at;
  }
}

TEST(BootImage, LeavesZynq7000Alone) {
  auto file = usual();
  fake::patch_word(file, 0x2C, 0x01010000);
  EXPECT_THAT(error_of(file), HasSubstr("is one of Zynq-7000, which is not read"));
}

TEST(BootImage, ItsBitstreamIsReadLikeAnyOther) {
  const auto file = usual();
  const auto info = read_bitstream(bytes_of(file), "BOOT.BIN");
  ASSERT_TRUE(info) << info.error().what;
  EXPECT_EQ(info->format, Format::boot);
  EXPECT_EQ(to_text(info->format), "boot");
  EXPECT_TRUE(info->has_stream);
  EXPECT_TRUE(info->byte_swapped);
  EXPECT_EQ(info->idcode, 0x04A49093U);
  EXPECT_EQ(info->device, "xck26");
  EXPECT_EQ(info->partial, std::nullopt);
  EXPECT_EQ(info->frames, 4U);
  EXPECT_EQ(file.substr(info->payload_offset, info->payload_length), stream());
}

TEST(BootImage, ItsBitstreamMayBeBadSecretOrOneOfTwo) {
  const auto broken = fake::make_boot_image({{"a.bit", stream().substr(0, 400)}});
  const auto bad = read_bitstream(bytes_of(broken), "BOOT.BIN");
  ASSERT_FALSE(bad);
  EXPECT_THAT(bad.error().what, HasSubstr("of the bitstream 'a.bit' in BOOT.BIN has a packet"));

  const auto cipher = fake::make_boot_image({{"a.bit", std::string(64, 'x'), 0xA6}});
  const auto secret = read_bitstream(bytes_of(cipher), "BOOT.BIN");
  ASSERT_TRUE(secret) << secret.error().what;
  EXPECT_TRUE(secret->encrypted);
  EXPECT_FALSE(secret->has_stream);
  EXPECT_EQ(secret->payload_length, 64U);

  const auto both = fake::make_boot_image({{"a.bit", stream()}, {"b.bit", stream()}});
  const auto two = read_bitstream(bytes_of(both), "BOOT.BIN");
  ASSERT_TRUE(two) << two.error().what;
  EXPECT_EQ(two->payload_length, 0U) << "nobody says which one is meant";
  EXPECT_EQ(two->parts.size(), 2U);
}

TEST(BootImage, IsTruncatedAtEveryByte) {
  const auto file = fake::make_boot_image({{"a", "12345678"}, {"b", "1234"}});
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(read_boot_image(bytes_of(std::string_view(file).substr(0, size)), "a")) << size;
  }
}

}  // namespace
}  // namespace runx::bitstream
