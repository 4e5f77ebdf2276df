// SPDX-License-Identifier: Apache-2.0
#include "bitstream/bit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fake/bitstream.h"

namespace runx::bitstream {
namespace {

using base::bytes_of;
using testing::HasSubstr;

const std::string magic("\x00\x09\x0F\xF0\x0F\xF0\x0F\xF0\x0F\xF0\x00\x00\x01", 13);

std::string record(char key, std::string text) {
  text += '\0';
  std::string out(1, key);
  out += static_cast<char>(text.size() >> 8);
  out += static_cast<char>(text.size() & 0xFF);
  return out + text;
}

std::string payload(const std::string& bytes) {
  std::string out("e\0\0", 3);
  out += static_cast<char>(bytes.size() >> 8);
  out += static_cast<char>(bytes.size() & 0xFF);
  return out + bytes;
}

const std::string b = record('b', "xck26-sfvc784-2LV-c");
const std::string c = record('c', "2026/11/22");
const std::string d = record('d', "12:00:00");

std::string with_design(const std::string& design) {
  return magic + record('a', design) + b + c + d + payload("stream");
}

BitHeader read(const std::string& file) {
  const auto header = read_bit_header(bytes_of(file), "a.bit");
  EXPECT_TRUE(header) << header.error().what;
  return header.value_or(BitHeader{});
}

std::string error_of(const std::string& file) {
  const auto header = read_bit_header(bytes_of(file), "a.bit");
  EXPECT_FALSE(header);
  return header ? "" : header.error().what;
}

TEST(BitHeader, TellsWhatTheToolWrote) {
  const auto file = with_design("top;PARTIAL=TRUE;UserID=0XFFFFFFFF;Version=2022.1");
  const auto header = read(file);
  EXPECT_EQ(header.design, "top");
  EXPECT_EQ(header.part, "xck26-sfvc784-2LV-c");
  EXPECT_EQ(header.date, "2026/11/22");
  EXPECT_EQ(header.time, "12:00:00");
  EXPECT_EQ(header.tool_version, "2022.1");
  EXPECT_EQ(header.user_id, "0XFFFFFFFF");
  EXPECT_TRUE(header.partial);
  EXPECT_FALSE(header.compressed);
  EXPECT_FALSE(header.encrypted);
  EXPECT_EQ(file.substr(header.payload_offset, header.payload_length), "stream");
}

TEST(BitHeader, TakesOptionsInAnyOrderAndCase) {
  const auto header = read(with_design("top;Version=2023.2;COMPRESS=TRUE;Partial=true;Encrypt=YES;NOTHING;=;"));
  EXPECT_EQ(header.design, "top");
  EXPECT_EQ(header.tool_version, "2023.2");
  EXPECT_TRUE(header.partial);
  EXPECT_TRUE(header.compressed);
  EXPECT_TRUE(header.encrypted);
}

TEST(BitHeader, IsFullWithoutTheOption) {
  EXPECT_FALSE(read(with_design("top;UserID=0;Version=2022.1")).partial);
  EXPECT_FALSE(read(with_design("PARTIAL=TRUE")).partial) << "the design may be called so";
  EXPECT_FALSE(read(with_design("top;PARTIAL=FALSE;XPARTIAL=TRUE")).partial);
  EXPECT_EQ(read(with_design("")).design, "");
}

TEST(BitHeader, CannotTakeAnOptionBack) { EXPECT_TRUE(read(with_design("top;PARTIAL=TRUE;PARTIAL=FALSE")).partial); }

TEST(BitHeader, TakesRecordsInAnyOrder) {
  EXPECT_EQ(read(magic + d + c + b + record('a', "top") + payload("")).part, "xck26-sfvc784-2LV-c");
}

TEST(BitHeader, RefusesWhatIsNotOne) {
  const auto a = record('a', "top");
  const struct {
    const char* why;
    std::string file;
    const char* sentence;
  } cases[] = {
      {"empty", "", "does not begin like a Xilinx .bit file"},
      {"other magic", "xclbin2 and more to read", "does not begin like a Xilinx .bit file"},
      {"magic alone", magic, "ends before its payload"},
      {"no payload", magic + a + b + c + d, "ends before its payload"},
      {"no part", magic + a + c + d + payload(""), "lacks one of"},
      {"two parts", magic + a + b + b + c + d + payload(""), "has two part records"},
      {"unknown record", magic + a + record('f', "x") + b + c + d + payload(""), "unknown kind 0x66 at offset 20"},
      {"no NUL", magic + std::string("a\0\3top", 6) + b + c + d + payload(""), "the design record of a.bit is not"},
      {"length zero", magic + std::string("b\0\0", 3) + a + c + d + payload(""), "the part record of a.bit is not"},
      {"NUL inside", magic + record('c', std::string("a\0b", 3)) + a + b + d + payload(""), "the date record"},
      {"line break", magic + record('d', "1\n2") + a + b + c + payload(""), "the time record"},
      {"beyond ASCII", magic + record('a', "t\xC3\xB6p") + b + c + d + payload(""), "the design record"},
      {"length cut", magic + std::string("a\0", 2), "ends inside its design record"},
      {"text cut", magic + std::string("a\xFF\xFFtop\0", 7), "ends inside its design record"},
      {"payload length cut", magic + a + b + c + d + std::string("e\0\0\0", 4),
       "ends inside the length of its payload"},
      {"payload short", magic + a + b + c + d + std::string("e\0\0\0\5abcd", 9), "is truncated"},
      {"payload length at the limit", magic + a + b + c + d + "e\xFF\xFF\xFF\xFFxyz", "says 4294967295"},
      {"something behind", with_design("top") + "x", "is followed by something else"},
  };
  for (const auto& [why, file, sentence] : cases) EXPECT_THAT(error_of(file), HasSubstr(sentence)) << why;
}

TEST(BitHeader, IsTruncatedAtEveryByte) {
  const auto file = with_design("top;PARTIAL=TRUE");
  for (std::size_t size = 0; size < file.size(); ++size) EXPECT_NE(error_of(file.substr(0, size)), "") << size;
}

}  // namespace
}  // namespace runx::bitstream
