// SPDX-License-Identifier: Apache-2.0
// Real partial bitstreams of Vivado for the K26 (two regions), where they are at hand.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bitstream/bitstream.h"

namespace runx::bitstream {
namespace {

using testing::HasSubstr;

class RealBitstreams : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(folder))
      GTEST_SKIP() << "the real bitstreams are not here: there is no folder " << folder;
  }

  static std::string load(const std::string& name) {
    std::ifstream in(std::string(folder) + "/" + name, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
  }

  static BitstreamInfo read(const std::string& name) {
    const auto file = load(name);
    const auto info = read_bitstream(base::bytes_of(file), name);
    EXPECT_TRUE(info) << info.error().what;
    return info.value_or(BitstreamInfo{});
  }

  static void expect_overlay(const std::string& name, const std::string& target, const std::string& firmware) {
    const auto info = read(name);
    EXPECT_EQ(info.format, Format::dtbo);
    EXPECT_EQ(info.partial, true);
    ASSERT_EQ(info.overlays.size(), 1U) << name;
    EXPECT_EQ(info.overlays[0].target, target);
    EXPECT_EQ(info.overlays[0].firmware, firmware);
    EXPECT_FALSE(info.encrypted);
  }

  static constexpr const char* folder = RUNX_REAL_BITSTREAMS;
};

TEST_F(RealBitstreams, TellWhatTheyAre) {
  for (const char* name : {"aes128-slot0.bit", "aes128-slot1.bit", "fft-slot0.bit"}) {
    const auto info = read(name);
    EXPECT_EQ(info.format, Format::bit);
    EXPECT_EQ(info.design, "opendfx_shell_wrapper");
    EXPECT_EQ(info.part, "xck26-sfvc784-2LV-c");
    EXPECT_EQ(info.tool_version, "2022.1");
    EXPECT_EQ(info.idcode, 0x04A49093U);
    EXPECT_EQ(info.partial, true);
    EXPECT_FALSE(info.compressed);
    EXPECT_FALSE(info.encrypted);
    EXPECT_EQ(info.repeats, 0U);
  }
}

TEST_F(RealBitstreams, WriteTheFramesOfTheirSlot) {
  const auto slot0 = read("aes128-slot0.bit");
  EXPECT_EQ(slot0.frames, 10'790U);
  const auto rows0 = rows_of(slot0.footprint);
  ASSERT_EQ(rows0.size(), 4U);
  const auto shape = [](const FootprintRow& row) {
    return base::text(row.block, ":", row.row, ":", row.columns.front().first, "-", row.columns.back().last, ":",
                      row.frames);
  };
  EXPECT_EQ(shape(rows0[0]), "0:0:0-133:4625");
  EXPECT_EQ(shape(rows0[1]), "0:1:4-133:4532");
  EXPECT_EQ(shape(rows0[2]), "0:3:0-0:93");
  EXPECT_EQ(shape(rows0[3]), "1:0:0-0:1540");

  const auto slot1 = read("aes128-slot1.bit");
  EXPECT_EQ(slot1.frames, 8'922U);
  const auto rows1 = rows_of(slot1.footprint);
  ASSERT_EQ(rows1.size(), 3U);
  EXPECT_EQ(shape(rows1[0]), "0:2:32-133:3687");
  EXPECT_EQ(shape(rows1[1]), "0:3:32-133:3695");
  EXPECT_EQ(shape(rows1[2]), "1:2:0-0:1540");
}

TEST_F(RealBitstreams, StayInTheSlotTheyWereMadeFor) {
  const auto trusted = read("aes128-slot0.bit").footprint;
  const auto other_slot = read("aes128-slot1.bit").footprint;
  EXPECT_EQ(first_outside(read("fft-slot0.bit").footprint, trusted), std::nullopt);
  const auto outside = first_outside(other_slot, trusted);
  ASSERT_TRUE(outside);
  EXPECT_EQ(outside->start.row(), 2U);
  EXPECT_EQ(first_shared_column(trusted, other_slot), std::nullopt);
}

TEST_F(RealBitstreams, AreReadAsABinInBothOrders) {
  const auto file = load("aes128-slot0.bit");
  const auto info = read("aes128-slot0.bit");
  auto bin = file.substr(info.payload_offset);
  const auto plain = read_bitstream(base::bytes_of(bin), "plain.bin");
  ASSERT_TRUE(plain) << plain.error().what;
  for (std::size_t at = 0; at + 4 <= bin.size(); at += 4) std::reverse(&bin[at], &bin[at] + 4);
  const auto swapped = read_bitstream(base::bytes_of(bin), "swapped.bin");
  ASSERT_TRUE(swapped) << swapped.error().what;
  EXPECT_EQ(plain->footprint, info.footprint);
  EXPECT_EQ(swapped->footprint, info.footprint);
  EXPECT_TRUE(swapped->byte_swapped);
  EXPECT_EQ(swapped->frames, 10'790U);
}

TEST_F(RealBitstreams, HaveOverlaysThatNameThem) {
  expect_overlay("aes128-slot0.dtbo", "fpga_PR0", "opendfx_shell_i_RP_0_AES128_inst_0_partial.bit.bin");
  expect_overlay("aes128-slot1.dtbo", "fpga_PR1", "opendfx_shell_i_RP_1_AES128_inst_1_partial.bit.bin");
  expect_overlay("fft-slot0.dtbo", "fpga_PR0", "opendfx_shell_i_RP_0_FFT_4channel_inst_0_partial.bit.bin");
  const auto shell = read("shell.dtbo");
  EXPECT_EQ(shell.partial, false);
  EXPECT_EQ(shell.overlays.at(0).target, "fpga_full");
  EXPECT_EQ(shell.overlays.at(0).firmware, "opendfx_shell_wrapper.bit.bin");
}

TEST_F(RealBitstreams, HaveAnXclbinThatTellsXrtOfThem) {
  const auto file = load("dpu-slot0.xclbin");
  const auto info = read("dpu-slot0.xclbin");
  EXPECT_EQ(info.format, Format::xclbin);
  EXPECT_EQ(info.uuid, "7176c9a79b3310d70d279f9cacc41b6a");
  EXPECT_EQ(info.platform, "xilinx_kv260_ispMipiRx_vcu_DP_kv260_ispMipiRx_vcu_DP_1_0");
  EXPECT_EQ(info.part, "XCK26-SFVC784-2LV-C");
  EXPECT_EQ(info.tool_version, "2022.1");
  EXPECT_EQ(info.date, "2022/05/16");
  EXPECT_TRUE(info.shells.empty());
  EXPECT_EQ(info.payload_length, 0U) << "the bitstream is loaded on its own";
  std::string kinds;
  for (const auto& part : info.parts) kinds += part.kind + " ";
  EXPECT_EQ(kinds,
            "MEM_TOPOLOGY IP_LAYOUT CONNECTIVITY BUILD_METADATA EMBEDDED_METADATA SYSTEM_METADATA "
            "ASK_GROUP_CONNECTIVITY ASK_GROUP_TOPOLOGY ");
  for (std::size_t size = 0; size < file.size(); size += 997) {
    EXPECT_FALSE(read_bitstream(base::bytes_of(std::string_view(file).substr(0, size)), "cut")) << size;
  }
}

TEST_F(RealBitstreams, AreNotTakenForTheirNeighbours) {
  const auto refused = [](const std::string& name) {
    const auto file = load(name);
    const auto info = read_bitstream(base::bytes_of(file), name);
    EXPECT_FALSE(info) << name;
    return info ? "" : info.error().what;
  };
  EXPECT_THAT(refused("shell.json"), HasSubstr("is not a bitstream"));
}

}  // namespace
}  // namespace runx::bitstream
