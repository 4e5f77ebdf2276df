// SPDX-License-Identifier: Apache-2.0
#include "bitstream/xclbin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libfdt.h>

#include "bitstream/bitstream.h"
#include "tests/fake/bitstream.h"
#include "tests/fake/containers.h"

namespace runx::bitstream {
namespace {

using base::bytes_of;
using testing::ElementsAre;
using testing::HasSubstr;

Xclbin read(const std::string& file) {
  const auto xclbin = read_xclbin(bytes_of(file), "a.xclbin");
  EXPECT_TRUE(xclbin) << xclbin.error().what;
  return xclbin.value_or(Xclbin{});
}

std::string error_of(const std::string& file) {
  const auto xclbin = read_xclbin(bytes_of(file), "a.xclbin");
  EXPECT_FALSE(xclbin);
  return xclbin ? "" : xclbin.error().what;
}

std::string number(std::uint64_t value, unsigned bytes) {
  std::string out;
  for (unsigned i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

// ip_layout with one entry, whose name fills its 64 bytes when asked.
std::string ip_layout(std::uint32_t count, bool endless = false) {
  std::string name = endless ? std::string(64, 'k') : "kernel:kernel_1";
  name.resize(64);
  return number(count, 4) + std::string(4, '\0') + std::string(16, '\0') + name;
}

const std::string build_metadata =
    R"({"build_metadata":{"dsa":{"board":{"part":"XCK26-SFVC784-2LV-C"}},"xclbin":{"generated_by":{"version":"2022.1"}}}})";

// As xclbinutil writes PARTITION_METADATA.
std::string partition_metadata() {
  std::string out(1024, '\0');
  fdt_create(out.data(), static_cast<int>(out.size()));
  fdt_finish_reservemap(out.data());
  fdt_begin_node(out.data(), "");
  fdt_begin_node(out.data(), "interfaces");
  fdt_begin_node(out.data(), "@0");
  const std::string uuid = "00112233445566778899aabbccddeeff";
  fdt_property(out.data(), "interface_uuid", uuid.c_str(), static_cast<int>(uuid.size()) + 1);
  for (int i = 0; i < 3; ++i) fdt_end_node(out.data());
  fdt_finish(out.data());
  out.resize(fdt_totalsize(out.data()));
  return out;
}

TEST(Xclbin, TellsWhatItIs) {
  const auto file = fake::make_xclbin({{8, ip_layout(1), "iplayout"}, {14, build_metadata, "build"}});
  const auto xclbin = read(file);
  EXPECT_EQ(xclbin.uuid, "1112131415161718191a1b1c1d1e1f20");
  EXPECT_EQ(xclbin.platform, "vendor_board_name_1_0");
  EXPECT_EQ(xclbin.platform_uuid, "0102030405060708090a0b0c0d0e0f10");
  EXPECT_EQ(xclbin.part, "XCK26-SFVC784-2LV-C");
  EXPECT_EQ(xclbin.tool_version, "2022.1");
  EXPECT_EQ(xclbin.date, "2022/05/13");
  EXPECT_EQ(xclbin.time, "21:05:12");
  EXPECT_FALSE(xclbin.authenticated);
  EXPECT_EQ(xclbin.bitstream, std::nullopt);
  ASSERT_EQ(xclbin.parts.size(), 2U);
  EXPECT_EQ(xclbin.parts[0].kind, "IP_LAYOUT");
  EXPECT_EQ(xclbin.parts[0].name, "iplayout");
  EXPECT_EQ(file.substr(xclbin.parts[1].offset, xclbin.parts[1].length), build_metadata);
}

TEST(Xclbin, TellsTheInterfacesOfItsShell) {
  EXPECT_THAT(read(fake::make_xclbin({{20, partition_metadata()}})).interfaces,
              ElementsAre("00112233445566778899aabbccddeeff"));
  EXPECT_THAT(error_of(fake::make_xclbin({{20, partition_metadata().substr(0, 90)}})),
              HasSubstr("section 0 (PARTITION_METADATA) of the .xclbin a.xclbin is no sound device tree blob"));
}

TEST(Xclbin, TakesMetadataThatTellsNothing) {
  EXPECT_EQ(read(fake::make_xclbin({{14, "no JSON"}})).part, "");
  EXPECT_EQ(read(fake::make_xclbin({{14, R"({"build_metadata":7})"}})).part, "");
  EXPECT_EQ(read(fake::make_xclbin({{77, "1"}})).parts[0].kind, "kind 77");
}

TEST(Xclbin, RefusesWhatXrtDiesOf) {
  const auto file = fake::make_xclbin({{0, std::string(64, 'b')}, {8, ip_layout(1)}});
  const auto with = [&](std::size_t at, const std::string& bytes) {
    auto out = file;
    out.replace(at, bytes.size(), bytes);
    return out;
  };
  const struct {
    const char* why;
    std::string file;
    const char* sentence;
  } cases[] = {
      {"no magic", std::string(600, 'x'), "does not begin like an .xclbin"},
      {"header cut", file.substr(0, 455), "ends inside its header"},
      {"cut", file.substr(0, file.size() - 1), "it is truncated"},
      {"more", file + "x", "followed by something else"},
      {"short length", with(304, number(8, 4)), "damaged"},
      {"platform", with(352, std::string(64, 'p')), "platform name without an end"},
      {"many sections", with(448, number(1025, 4)), "says that it has 1025 sections"},
      {"sections cut", with(448, number(100, 4)), "ends inside the list of its 100 sections"},
      {"offset in header", with(456 + 24, number(400, 8)), "section 0 (BITSTREAM) at offset 400, which is outside"},
      {"offset outside", with(456 + 24, number(100000, 4)), "at offset 100000, which is outside of its"},
      {"offset far", with(456 + 24, std::string(8, '\xF8')), "which is outside of its"},
      {"size far", with(456 + 32, std::string(8, '\xFF')), "has 18446744073709551615 bytes of section 0"},
      {"odd offset", with(456 + 24, number(540, 4)), "which is no multiple of 8"},
      {"two in one place", with(456 + 24, number(552, 4)), "has two sections in one place: BITSTREAM and IP_LAYOUT"},
      {"two bitstreams", with(496, number(0, 4)), "has two bitstreams, the second one in section 1 (BITSTREAM)"},
      {"endless name", fake::make_xclbin({{8, ip_layout(1, true)}}), "entry 0 has a name without an end"},
      {"count", fake::make_xclbin({{8, ip_layout(2)}}), "section 0 (IP_LAYOUT) of 2 entries, and 88 bytes for them"},
      {"huge count", fake::make_xclbin({{6, number(0xFFFFFFFF, 4) + "1234"}}), "of 4294967295 entries"},
      {"no count", fake::make_xclbin({{7, "12"}}), "too short for its own count"},
      {"16 bits", fake::make_xclbin({{11, number(3, 2)}}), "section 0 (CLOCK_FREQ_TOPOLOGY) of 3 entries"},
  };
  for (const auto& [why, bytes, sentence] : cases) EXPECT_THAT(error_of(bytes), HasSubstr(sentence)) << why;
}

TEST(Xclbin, KnowsASignatureBehindIt) {
  auto file = fake::make_xclbin({{16, "12345678"}});
  file.replace(8, 4, number(100, 4));
  EXPECT_TRUE(read(file).authenticated);
  EXPECT_TRUE(read(file + std::string(100, 's')).authenticated);
  EXPECT_THAT(error_of(file + std::string(99, 's')), HasSubstr("followed by something else"));
}

TEST(Xclbin, LeavesOutSectionsThatAreNotThere) {
  auto file = fake::make_xclbin({{0, "12345678"}, {16, "12345678"}});
  file.replace(456 + 24, 16, std::string(16, '\0'));
  const auto xclbin = read(file);
  EXPECT_EQ(xclbin.parts.size(), 1U);
  EXPECT_EQ(xclbin.bitstream, std::nullopt);
}

TEST(Xclbin, ItsBitstreamIsReadForWhatItIs) {
  const auto bit = fake::make_bitstream();
  const auto file = fake::make_xclbin({{8, ip_layout(1)}, {0, bit}, {14, build_metadata}});
  const auto info = read_bitstream(bytes_of(file), "a.xclbin");
  ASSERT_TRUE(info) << info.error().what;
  EXPECT_EQ(info->format, Format::xclbin);
  EXPECT_EQ(to_text(info->format), "xclbin");
  EXPECT_EQ(info->contains, Format::bit);
  EXPECT_EQ(info->design, "fake_design");
  EXPECT_EQ(info->part, "xck26-sfvc784-2LV-c") << "the .bit header's word";
  EXPECT_EQ(info->idcode, 0x04A49093U);
  EXPECT_EQ(info->partial, true);
  EXPECT_EQ(info->frames, 4U);
  EXPECT_EQ(file.substr(info->payload_offset, info->payload_length), fake::make_stream({}));
  EXPECT_EQ(info->uuid, "1112131415161718191a1b1c1d1e1f20");
  EXPECT_THAT(info->shells, ElementsAre("0102030405060708090a0b0c0d0e0f10"));
  EXPECT_EQ(info->parts.size(), 3U);

  const auto versal = fake::make_xclbin({{19, fake::make_pdi()}, {20, partition_metadata()}});
  const auto pdi = read_bitstream(bytes_of(versal), "a.xclbin");
  ASSERT_TRUE(pdi) << pdi.error().what;
  EXPECT_EQ(pdi->contains, Format::pdi);
  EXPECT_EQ(pdi->partial, true);
  EXPECT_EQ(pdi->device, "xcvc1902");
  EXPECT_EQ(versal.substr(pdi->payload_offset, pdi->payload_length), fake::make_pdi());
  EXPECT_THAT(pdi->shells, ElementsAre("00112233445566778899aabbccddeeff"));
}

TEST(Xclbin, ItsBitstreamMayBeMissingBadOrOfTheWrongKind) {
  const auto none = fake::make_xclbin({{8, ip_layout(1)}});
  const auto metadata = read_bitstream(bytes_of(none), "a.xclbin");
  ASSERT_TRUE(metadata) << metadata.error().what;
  EXPECT_EQ(metadata->payload_length, 0U);
  EXPECT_EQ(metadata->partial, std::nullopt);

  const auto error = [](const std::string& content) {
    const auto file = fake::make_xclbin({{0, content}});
    const auto info = read_bitstream(bytes_of(file), "a.xclbin");
    EXPECT_FALSE(info);
    return info ? "" : info.error().what;
  };
  const auto bit = fake::make_bitstream();
  EXPECT_THAT(error(bit.substr(0, bit.size() - 8)), HasSubstr("the section BITSTREAM of a.xclbin holds"));
  EXPECT_THAT(error("text"), HasSubstr("the section BITSTREAM of a.xclbin holds neither a .bit nor a .bin nor a PDI"));
  EXPECT_THAT(error(fake::make_xclbin({{0, bit}})), HasSubstr("holds neither")) << "no container in a container";
}

TEST(Xclbin, IsTruncatedAtEveryByte) {
  const auto file = fake::make_xclbin({{8, ip_layout(1)}, {0, "12345678"}});
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(read_xclbin(bytes_of(std::string_view(file).substr(0, size)), "a")) << size;
  }
}

}  // namespace
}  // namespace runx::bitstream
