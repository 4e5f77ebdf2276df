// SPDX-License-Identifier: Apache-2.0
#include "bitstream/parts.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bitstream/bitstream.h"
#include "tests/fake/bitstream.h"

namespace runx::bitstream {
namespace {

using testing::HasSubstr;

std::string file_of(const std::string& rows) { return R"({"schema": 1, "parts": [)" + rows + "]}"; }

Parts parsed(const std::string& rows) {
  const auto parts = Parts::parse(file_of(rows), "parts.json");
  EXPECT_TRUE(parts) << parts.error().what;
  return parts.value_or(Parts{});
}

TEST(Parts, KnowsTheDevicesOfZynqUltraScale) {
  const auto& table = Parts::built_in();
  const auto* k26 = table.find(0x04A49093);
  ASSERT_NE(k26, nullptr);
  EXPECT_EQ(k26->name, "xck26");
  EXPECT_EQ(k26->frame_words, 93U);
  EXPECT_FALSE(k26->processor);
  EXPECT_EQ(table.find(0x14A49093), k26) << "another revision";
  const auto* silicon = table.find(0x04724093);
  ASSERT_NE(silicon, nullptr);
  EXPECT_EQ(silicon->name, "xck26");
  EXPECT_TRUE(silicon->processor);
  EXPECT_EQ(table.find(0x0FFFFFFF), nullptr);
  std::set<std::string> names;
  for (const auto& part : table.rows()) names.insert(part.name);
  for (const char* name : {"xczu2", "xczu5", "xczu9", "xczu19", "xczu28dr", "xczu48dr", "xck24", "xcvc1902"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

TEST(Parts, ReadsWhatAUserAdds) {
  const auto more = parsed(R"({"idcode": "3AB12093", "name": "xcnew", "frameWords": 93, "source": "the data sheet"},
                              {"idcode": "04a49093", "name": "my-k26"})");
  ASSERT_EQ(more.rows().size(), 2U);
  const auto table = Parts::built_in().with(more);
  EXPECT_EQ(table.find(0x0AB12093)->name, "xcnew") << "revisions are not compared";
  EXPECT_EQ(table.find(0x04A49093)->name, "my-k26") << "the user's row wins";
  EXPECT_EQ(table.rows().size(), Parts::built_in().rows().size() + 1);
}

TEST(Parts, RefusesWhatItDoesNotUnderstand) {
  const struct {
    std::string text;
    const char* sentence;
  } cases[] = {
      {"no JSON", "parts.json is not JSON"},
      {"[]", "parts.json has no \"schema\": 1"},
      {R"({"schema": 2, "parts": []})", "has no \"schema\": 1"},
      {R"({"schema": 1})", "has no list \"parts\""},
      {R"({"schema": 1, "parts": {}})", "has no list \"parts\""},
      {R"({"schema": 1, "parts": [], "more": 1})", "has an unknown key \"more\""},
      {file_of("7"), "parts.json: parts[0] is no object"},
      {file_of(R"({"idcode": "04A49093", "name": "a", "words": 93})"), "parts[0] has an unknown key \"words\""},
      {file_of(R"({"name": "a"})"), "has no \"idcode\" of 8 hexadecimal digits"},
      {file_of(R"({"idcode": "4A49093", "name": "a"})"), "has no \"idcode\" of 8 hexadecimal digits"},
      {file_of(R"({"idcode": "0x4A4909", "name": "a"})"), "has no \"idcode\" of 8 hexadecimal digits"},
      {file_of(R"({"idcode": 77, "name": "a"})"), "has no \"idcode\" of 8 hexadecimal digits"},
      {file_of(R"({"idcode": "04A49093"})"), "has no \"name\""},
      {file_of(R"({"idcode": "04A49093", "name": "XCK26\u001b"})"), "has no \"name\""},
      {file_of(R"({"idcode": "04A49093", "name": "a", "frameWords": 0})"), "has a \"frameWords\""},
      {file_of(R"({"idcode": "04A49093", "name": "a", "frameWords": "93"})"), "has a \"frameWords\""},
      {file_of(R"({"idcode": "04A49093", "name": "a", "tap": "pl"})"), "neither fabric nor processor"},
      {file_of(R"({"idcode": "04A49093", "name": "a", "source": 1})"), "\"source\" that is no string"},
      {file_of(R"({"idcode": "04A49093", "name": "a"}, {"idcode": "14A49093", "name": "b"})"),
       "the idcode 0x04a49093 stands twice"},
  };
  for (const auto& [text, sentence] : cases) {
    const auto parts = Parts::parse(text, "parts.json");
    ASSERT_FALSE(parts) << text;
    EXPECT_THAT(parts.error().what, HasSubstr(sentence)) << text;
  }
}

TEST(Parts, DecideWhichStreamsAreRead) {
  fake::BitstreamOptions options;
  options.header = false;
  options.idcode = 0x0AB12093;
  const auto file = fake::make_bitstream(options);
  const auto unknown = read_bitstream(base::bytes_of(file), "a.bin");
  ASSERT_TRUE(unknown) << unknown.error().what;
  EXPECT_EQ(unknown->device, "");
  const auto named =
      read_bitstream(base::bytes_of(file), "a.bin", parsed(R"({"idcode": "0AB12093", "name": "xcnew"})"));
  EXPECT_EQ(named->device, "xcnew");
  const auto refused = read_bitstream(base::bytes_of(file), "a.bin",
                                      parsed(R"({"idcode": "0AB12093", "name": "xcnew", "frameWords": 123})"));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what,
              HasSubstr("is for the device xcnew (idcode 0x0ab12093), whose frames have 123 words; only UltraScale+"));
}

}  // namespace
}  // namespace runx::bitstream
