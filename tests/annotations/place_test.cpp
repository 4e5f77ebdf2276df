// SPDX-License-Identifier: Apache-2.0
// Aliases, what only a run may say, and places of one image that do not agree.
#include "annotations/place.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "annotations/alias.h"
#include "annotations/keys.h"

namespace runx::annotations {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

std::vector<std::string> sentences(const std::vector<Complaint>& complaints) {
  std::vector<std::string> out;
  for (const auto& complaint : complaints) out.push_back(sentence(complaint));
  return out;
}

const Annotations bitstream{{"io.runx-accel.fpga.aes.bitstream", "/a.bit"}, {"other", "x"}};

TEST(Conflicts, PlacesThatSayTheSameHaveNone) {
  EXPECT_THAT(conflicts({}), IsEmpty());
  EXPECT_THAT(conflicts({{"file", bitstream}}), IsEmpty());
  auto labels = bitstream;
  labels["other"] = "y";
  EXPECT_THAT(conflicts({{"file", bitstream}, {"labels", labels}}), IsEmpty()) << "foreign keys are nobody's business";
  EXPECT_THAT(conflicts({{"file", bitstream}, {"labels", {{"x", "y"}}}}), IsEmpty()) << "labels are not in use";
  EXPECT_THAT(
      conflicts({{"file", {{"io.runx-accel.resource.a", "pr0=/a"}}},
                 {"labels", {{"io.runx-accel.fpga.a.region", "pr0"}, {"io.runx-accel.fpga.a.bitstream", "/a"}}}}),
      IsEmpty())
      << "an alias says the same as its keys";
}

TEST(Conflicts, AnotherValueAndNoneAreTold) {
  auto labels = bitstream;
  labels["io.runx-accel.fpga.aes.bitstream"] = "/b.bit";
  labels["io.runx-accel.domain.vcpus"] = "2";
  EXPECT_THAT(
      sentences(conflicts({{"the file", bitstream}, {"labels", labels}})),
      ElementsAre(
          "io.runx-accel.domain.vcpus: labels says \"2\", but the file does not have it: say the same "
          "everywhere (accelkit image annotate does)",
          "io.runx-accel.fpga.aes.bitstream: labels says \"/b.bit\", but the file says \"/a.bit\": say the same "
          "everywhere (accelkit image annotate does)"));
}

TEST(NotForImages, TheConsoleIsChosenByWhoRunsIt) {
  EXPECT_THAT(not_for_images(bitstream), IsEmpty());
  EXPECT_THAT(sentences(not_for_images({{"io.runx-accel.domain.console", "none"}})),
              ElementsAre("io.runx-accel.domain.console = \"none\": not for an image to say: remove it from the image, "
                          "and set it when the container is run"));
}

TEST(Aliases, BecomeOurKeys) {
  EXPECT_THAT(without_aliases({{"io.runx-accel.resource.aes", "/amba/pr@01=/boot/bitstream"}, {"x", "y"}}),
              ElementsAre(Pair("io.runx-accel.fpga.aes.bitstream", "/boot/bitstream"),
                          Pair("io.runx-accel.fpga.aes.region", "/amba/pr@01"), Pair("x", "y")));
  EXPECT_THAT(without_aliases({{"remoteproc.name", "r5"}}),
              ElementsAre(Pair("io.runx-accel.rpu.remoteproc.processor", "r5"), Pair("io.runx-accel.target", "rpu")));
}

TEST(Aliases, OneThatContradictsAKeyStaysAndIsComplainedOf) {
  const Annotations both{{"io.runx-accel.target", "domain"}, {"remoteproc.name", "r5"}};
  EXPECT_EQ(without_aliases(both), both);
  EXPECT_THAT(sentences(parse(both).complaints),
              ElementsAre("remoteproc.name = \"r5\": not what the keys say that it is an alias of: remove the one that "
                          "is wrong"));
}

TEST(Merge, AKeyAtRunTimeWinsOverTheImagesAlias) {
  const auto merged = merge({{"io.runx-accel.resource.aes", "pr0=/a.bit"}}, {{"io.runx-accel.fpga.aes.region", "pr1"}});
  EXPECT_THAT(merged, ElementsAre(Pair("io.runx-accel.fpga.aes.bitstream", "/a.bit"),
                                  Pair("io.runx-accel.fpga.aes.region", "pr1")));
}

TEST(Merge, ADeviceThatTheOperatorNamesIsTheOperators) {
  const Annotations image{{"io.runx-accel.device.t.path", "/axi/u"},
                          {"io.runx-accel.device.t.required", "no"},
                          {"io.runx-accel.may.device.t.address", "0x1000"},
                          {"io.runx-accel.device.t2.path", "/axi/v"}};
  EXPECT_THAT(
      merge(image, {{"io.runx-accel.device.t.alias", "serial1"}}),
      ElementsAre(Pair("io.runx-accel.device.t.alias", "serial1"), Pair("io.runx-accel.device.t2.path", "/axi/v")));
  EXPECT_THAT(merge(image, {{"io.runx-accel.device.t.required", "yes"}}), testing::SizeIs(4))
      << "which device it is, the image says";
}

TEST(WithKeys, MarksAndUnknownKeysStay) {
  const Annotations place{{"io.runx-accel.may.domain.vcpus", "2"},
                          {"io.runx-accel.may.network.eth0", "x"},
                          {"io.runx-accel.resource.aes", "pr0=/a.bit"}};
  EXPECT_THAT(
      with_keys(place, {{"io.runx-accel.fpga.aes.region", "pr1"}}),
      ElementsAre(Pair("io.runx-accel.fpga.aes.bitstream", "/a.bit"), Pair("io.runx-accel.fpga.aes.region", "pr1"),
                  Pair("io.runx-accel.may.domain.vcpus", "2"), Pair("io.runx-accel.may.network.eth0", "x")));
}

TEST(WithKeys, AKeyTakesThePlaceOfAMarkedOne) {
  EXPECT_THAT(with_keys({{"io.runx-accel.may.domain.vcpus", "2"}}, {{"io.runx-accel.domain.vcpus", "4"}}),
              ElementsAre(Pair("io.runx-accel.domain.vcpus", "4")));
  EXPECT_THAT(with_keys({{"io.runx-accel.domain.vcpus", "2"}}, {{"io.runx-accel.may.domain.vcpus", "4"}}),
              ElementsAre(Pair("io.runx-accel.may.domain.vcpus", "4")));
}

TEST(Keys, ThatIdentifyADeviceAreFour) {
  std::vector<std::string> all;
  for (const auto& known : key_patterns()) {
    if (known.identifies) all.push_back(known.pattern);
  }
  EXPECT_THAT(all, ElementsAre("device.NAME.path", "device.NAME.alias", "device.NAME.label", "device.NAME.compatible"));
}

// Names of 30 characters fit every key but those of variants; there name and region share 33.
TEST(Keys, FitKubernetes) {
  for (const auto& known : key_patterns()) {
    auto key = std::string(prefix) + known.pattern;
    const bool variant = key.find("REGION") != std::string::npos;
    if (variant) key.replace(key.find("REGION"), 6, std::string(16, 'r'));
    if (const auto at = key.find("NAME"); at != std::string::npos)
      key.replace(at, 4, std::string(variant ? 17 : 30, 'n'));
    EXPECT_LE(key.size(), longest_key) << key;
  }
}

}  // namespace
}  // namespace runx::annotations
