// SPDX-License-Identifier: Apache-2.0
#include "bitstream/pdi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bitstream/bitstream.h"
#include "tests/fake/containers.h"

namespace runx::bitstream {
namespace {

using base::bytes_of;
using testing::HasSubstr;

constexpr std::size_t table = 0x10;  // of a partial one
constexpr std::size_t image = table + 128;
constexpr std::size_t header = image + 64;

Pdi read(const std::string& file) {
  const auto pdi = read_pdi(bytes_of(file), "a.pdi");
  EXPECT_TRUE(pdi) << pdi.error().what;
  return pdi.value_or(Pdi{});
}

std::string error_of(const std::string& file) {
  const auto pdi = read_pdi(bytes_of(file), "a.pdi");
  EXPECT_FALSE(pdi);
  return pdi ? "" : pdi.error().what;
}

std::string with_word(std::size_t begin, std::size_t size, std::size_t offset, std::uint32_t value) {
  auto file = fake::make_pdi();
  fake::patch_word(file, begin + offset, value);
  fake::mend_sum(file, begin, size);
  return file;
}

TEST(Pdi, TellsAPartialOne) {
  auto file = fake::make_pdi();
  fake::patch_word(file, image + 0x24, 0xABCD);
  fake::patch_word(file, image + 0x28, 0x1234);
  fake::mend_sum(file, image, 64);
  const auto pdi = read(file);
  EXPECT_TRUE(pdi.partial);
  EXPECT_EQ(pdi.idcode, 0x14CA8093U);
  EXPECT_EQ(pdi.id, 3U);
  EXPECT_EQ(pdi.parent_id, 2U);
  EXPECT_FALSE(pdi.encrypted);
  EXPECT_FALSE(pdi.authenticated);
  ASSERT_EQ(pdi.parts.size(), 1U);
  EXPECT_EQ(pdi.parts[0].name, "pl_rp0");
  EXPECT_EQ(pdi.parts[0].kind, "cdo");
  EXPECT_EQ(pdi.parts[0].id, 0x18700000U);
  EXPECT_EQ(pdi.parts[0].unique_id, 0xABCDU);
  EXPECT_EQ(pdi.parts[0].parent_unique_id, 0x1234U);
  EXPECT_EQ(file.substr(pdi.parts[0].offset, pdi.parts[0].length), "cdo and more");
}

TEST(Pdi, TellsAFullOne) {
  const auto pdi = read(
      fake::make_pdi({.partial = false, .parent_id = 0, .partitions = {{"a", "1234", 1, 3}, {"b", "12345678", 2, 4}}}));
  EXPECT_FALSE(pdi.partial);
  ASSERT_EQ(pdi.parts.size(), 2U);
  EXPECT_EQ(pdi.parts[0].kind, "cfi");
  EXPECT_EQ(pdi.parts[1].kind, "raw");
  EXPECT_EQ(pdi.parts[1].offset, pdi.parts[0].offset + 4);
  EXPECT_EQ(pdi.parts[0].unique_id, std::nullopt);
}

TEST(Pdi, KnowsWhatIsEncryptedAndSigned) {
  const auto encrypted = read(fake::make_pdi({.partitions = {{"a", "1234", 1, 2, 0x3A5C3C5A}}}));
  EXPECT_TRUE(encrypted.encrypted);
  EXPECT_TRUE(encrypted.parts[0].encrypted);
  const auto is_signed = read(fake::make_pdi({.partitions = {{"a", "1234", 1, 2, 0, 0x54}}}));
  EXPECT_TRUE(is_signed.authenticated);
  EXPECT_TRUE(is_signed.parts[0].authenticated);
  const auto hidden = read(fake::make_pdi({.hidden = true}));
  EXPECT_TRUE(hidden.hidden);
  EXPECT_TRUE(hidden.encrypted);
  EXPECT_TRUE(hidden.parts.empty());
  EXPECT_EQ(hidden.idcode, 0x14CA8093U);
}

TEST(Pdi, RefusesWhatDoesNotFitTogether) {
  const auto file = fake::make_pdi();
  const auto whole = fake::make_pdi({.partial = false});
  const struct {
    const char* why;
    std::string file;
    const char* sentence;
  } cases[] = {
      {"no magic", std::string(4096, 'x'), "does not begin like a PDI"},
      {"boot header cut", whole.substr(0, 0x900), "ends inside its boot header"},
      {"table cut", file.substr(0, image - 1), "has its image header table at offset 16"},
      {"image cut", file.substr(0, header - 1), "has its header of image 0 at offset 144"},
      {"header cut", file.substr(0, header + 127), "has its header of partition 0 at offset 208"},
      {"content cut", file.substr(0, file.size() - 1), "has 12 bytes of partition 0 at offset 336, and only 347 bytes"},
      {"old version", with_word(table, 128, 0, 0x01030000), "image header table of version 0x01030000"},
      {"other sizes", with_word(table, 128, 0x2C, 0x00101010), "headers of other sizes"},
      {"images", with_word(table, 128, 4, 33), "says that it has 33 images"},
      {"partitions", with_word(table, 128, 12, 33), "and 33 partitions"},
      {"fewer partitions", with_word(table, 128, 12, 0), "more partitions in its images than the 0"},
      {"more partitions", with_word(table, 128, 12, 2), "has 1 partitions in its images, and 2 in its table"},
      {"many of one image", with_word(image, 64, 4, 0xFFFFFFFF), "more partitions in its images"},
      {"far images", with_word(table, 128, 8, 0xFFFFFFFF), "has its header of image 0 at offset 17179869180"},
      {"far headers", with_word(table, 128, 16, 0xFFFFFFFF), "has its header of partition 0 at offset 17179869180"},
      {"long partition", with_word(header, 128, 0, 0xFFFFFFFF), "has 17179869180 bytes of partition 0"},
      {"far partition", with_word(header, 128, 0x20, 0xFFFFFFFF), "of partition 0 at offset 17179869180"},
  };
  for (const auto& [why, bytes, sentence] : cases) EXPECT_THAT(error_of(bytes), HasSubstr(sentence)) << why;
  auto neither = whole;
  fake::patch_word(neither, 0xF80 + 0x28, 0x41424344);
  fake::mend_sum(neither, 0xF80, 128);
  EXPECT_THAT(error_of(neither), HasSubstr("says neither FPDI nor PPDI (0x41424344)"));
}

TEST(Pdi, NoticesAFlippedBitInEveryTable) {
  for (const std::size_t at : {table + 0x18, image + 0x20, header + 0x30}) {
    auto file = fake::make_pdi();
    file[at] = static_cast<char>(file[at] ^ 1);
    EXPECT_THAT(error_of(file), HasSubstr("it is damaged")) << at;
  }
  auto whole = fake::make_pdi({.partial = false});
  whole[0x1C] = static_cast<char>(whole[0x1C] ^ 1);
  EXPECT_THAT(error_of(whole), HasSubstr("boot header whose checksum does not fit"));
}

TEST(Pdi, IsOneValueWithTheOthers) {
  const auto file = fake::make_pdi();
  const auto info = read_bitstream(bytes_of(file), "a.pdi");
  ASSERT_TRUE(info) << info.error().what;
  EXPECT_EQ(info->format, Format::pdi);
  EXPECT_EQ(to_text(info->format), "pdi");
  EXPECT_EQ(info->idcode, 0x04CA8093U) << "without the revision";
  EXPECT_EQ(info->device, "xcvc1902");
  EXPECT_EQ(info->partial, true);
  EXPECT_EQ(info->parent_id, 2U);
  EXPECT_FALSE(info->has_stream);
  EXPECT_EQ(info->payload_length, file.size());
  EXPECT_EQ(read_bitstream(bytes_of(fake::make_pdi({.partial = false})), "b.pdi")->partial, false);
}

TEST(Pdi, IsTruncatedAtEveryByte) {
  for (const bool partial : {true, false}) {
    const auto file = fake::make_pdi({.partial = partial});
    for (std::size_t size = 0; size < file.size(); ++size) {
      EXPECT_FALSE(read_pdi(bytes_of(std::string_view(file).substr(0, size)), "a")) << size;
    }
  }
}

}  // namespace
}  // namespace runx::bitstream
