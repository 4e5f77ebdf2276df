// SPDX-License-Identifier: Apache-2.0
// What good annotations mean, and whose value wins.
#include "annotations/request.h"
#include "annotations/place.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace runx::annotations {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

const std::string digest = "sha256:" + std::string(64, 'a');

std::vector<std::string> sentences(const Parsed& parsed) {
  std::vector<std::string> out;
  for (const auto& complaint : parsed.complaints) out.push_back(sentence(complaint));
  return out;
}

TEST(Request, EveryKeyHasItsPlace) {
  const auto parsed = parse({{"io.runx-accel.schema", "1"},
                             {"io.runx-accel.domain.memory", "128MiB"},
                             {"io.runx-accel.domain.vcpus", "2"},
                             {"io.runx-accel.fpga.aes.bitstream", "/boot/aes.bit"},
                             {"io.runx-accel.fpga.aes.digest", digest},
                             {"io.runx-accel.fpga.aes.region", "pr0"},
                             {"io.runx-accel.device.timer.path", "/axi/timer@ff110000"}});
  EXPECT_THAT(sentences(parsed), IsEmpty());
  AcceleratorRequest expected;
  expected.bitstreams = {{"aes", "/boot/aes.bit", digest, "pr0"}};
  expected.devices = {{"timer", "/axi/timer@ff110000"}};
  expected.domain = {std::uint64_t{128} << 20, 2U};
  EXPECT_EQ(parsed.request, expected);
}

TEST(Request, NothingOfOursIsAnEmptyRequest) {
  const auto parsed = parse({{"org.opencontainers.image.title", "x"},
                             {"io.runx-accel", "not our prefix"},
                             {"io.runx-accelx.domain.memory", "x"},
                             {"IO.RUNX-ACCEL.domain.memory", "x"},
                             {"", ""}});
  EXPECT_THAT(sentences(parsed), IsEmpty());
  EXPECT_EQ(parsed.request, AcceleratorRequest{});
}

TEST(Request, AnyRegionIsNoRegion) {
  const auto parsed = parse({{"io.runx-accel.fpga.a.bitstream", "/a"},
                             {"io.runx-accel.fpga.a.region", "any"},
                             {"io.runx-accel.fpga.b.bitstream", "/b"},
                             {"io.runx-accel.fpga.b.region", "any"}});
  EXPECT_THAT(sentences(parsed), IsEmpty()) << "any twice is no conflict";
  EXPECT_EQ(parsed.request.bitstreams.at(0).region, std::nullopt);
}

// In the order of their keys "a-b." would stand before "a.".
TEST(Request, EntriesStandByName) {
  const auto parsed = parse({{"io.runx-accel.device.a-b.path", "/1"},
                             {"io.runx-accel.device.a.path", "/2"},
                             {"io.runx-accel.device.a0.path", "/3"},
                             {"io.runx-accel.fpga.z-1.bitstream", "/z-1"},
                             {"io.runx-accel.fpga.z.bitstream", "/z"}});
  ASSERT_THAT(sentences(parsed), IsEmpty());
  EXPECT_THAT(parsed.request.devices,
              ElementsAre(DeviceRequest{"a", "/2"}, DeviceRequest{"a-b", "/1"}, DeviceRequest{"a0", "/3"}));
  EXPECT_EQ(parsed.request.bitstreams.at(0).name, "z");
}

TEST(Request, ThirtyTwoNamesAreTakenAndTheNextIsNot) {
  Annotations many;
  for (int i = 0; i < 33; ++i) {
    const auto number = std::to_string(100 + i);
    many["io.runx-accel.device.d" + number + ".path"] = "/axi/d" + number;
  }
  const auto parsed = parse(many);
  EXPECT_THAT(sentences(parsed), ElementsAre("io.runx-accel.device.d132.path = \"/axi/d132\": more than 32 names of "
                                             "this kind: ask for fewer"));
  EXPECT_EQ(parsed.request.devices.size(), 32U);
}

TEST(Merge, WhatIsSaidAtRunTimeWinsKeyByKey) {
  const auto merged = merge({{"a", "image"}, {"b", "image"}}, {{"b", "run time"}, {"c", "run time"}});
  EXPECT_THAT(merged, ElementsAre(Pair("a", "image"), Pair("b", "run time"), Pair("c", "run time")));
  EXPECT_THAT(merge({}, {}), IsEmpty());
}

TEST(Merge, RunTimeMayMendWhatTheImageGotWrong) {
  const auto parsed =
      parse(merge({{"io.runx-accel.domain.memory", "lots"}}, {{"io.runx-accel.domain.memory", "64MiB"}}));
  EXPECT_THAT(sentences(parsed), IsEmpty());
  EXPECT_EQ(parsed.request.domain.memory, std::uint64_t{64} << 20);
}

}  // namespace
}  // namespace runx::annotations
