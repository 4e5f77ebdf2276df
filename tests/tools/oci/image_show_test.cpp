// SPDX-License-Identifier: Apache-2.0
// What an image says in its three places, and what of it `accelkit image show` tells.
#include <gmock/gmock.h>

#include "tests/tools/oci/accelkit.h"
#include "tests/tools/oci/layout_maker.h"

namespace runx {
namespace {

using fake::accelkit;
using fake::LayoutMaker;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace tools::oci;

class ImageShow : public testing::Test {
 protected:
  void image(const std::string& metadata, const Json& labels, const Json& annotations = nullptr) {
    std::vector<Descriptor> layers;
    if (!metadata.empty()) layers.push_back(maker_.layer({{".runx-accel.json", metadata}}));
    maker_.publish({to_json(maker_.image(layers, "arm64", labels, annotations))});
  }
  auto show(const std::string& more = "") {
    std::vector<std::string> command{"image", "show", maker_.path()};
    if (!more.empty()) command.push_back(more);
    return accelkit(command);
  }
  LayoutMaker maker_;
};

const Json two{{"io.runx-accel.domain.vcpus", "2"}, {"other", "x"}};

TEST_F(ImageShow, LabelsAlone) {
  image("", two);
  const auto done = show();
  EXPECT_EQ(done.out, "io.runx-accel.domain.vcpus = 2  (labels)\nio.runx-accel.schema = 1\n");
  EXPECT_THAT(done.error, HasSubstr("there is no /.runx-accel.json"));
}

TEST_F(ImageShow, ManifestAnnotationsAlone) {
  image("", nullptr, two);
  EXPECT_THAT(show().out, HasSubstr("vcpus = 2  (manifest annotations)\n"));
  image("", two, two);
  EXPECT_THAT(show().out, HasSubstr("vcpus = 2  (labels, manifest annotations)\n"));
}

TEST_F(ImageShow, PlacesThatAgreeAreNotTold) {
  image(R"({"io.runx-accel.domain.vcpus":"2"})", two, two);
  const auto done = show();
  EXPECT_EQ(done.out, "io.runx-accel.domain.vcpus = 2\nio.runx-accel.schema = 1\n");
  EXPECT_THAT(done.error, IsEmpty());
}

TEST_F(ImageShow, PlacesThatDoNot) {
  image(R"({"io.runx-accel.domain.vcpus":"4"})", two, {{"io.runx-accel.domain.memory", "1GiB"}});
  const auto done = show();
  EXPECT_EQ(done.out, "io.runx-accel.domain.vcpus = 4  (/.runx-accel.json)\nio.runx-accel.schema = 1\n")
      << "the file is what the runtime reads";
  EXPECT_THAT(done.error, HasSubstr("io.runx-accel.domain.memory = 1GiB is in manifest annotations and not in "
                                    "/.runx-accel.json, so no runtime reads it there\n"));
}

TEST_F(ImageShow, JsonHasThePlacesAsTheyStand) {
  image(R"({"io.runx-accel.may.domain.vcpus":"4"})", two);
  const auto all = Json::parse(show("--json").out);
  EXPECT_EQ(all[0]["annotations"]["io.runx-accel.domain.vcpus"], "4");
  EXPECT_EQ(all[0]["places"]["/.runx-accel.json"]["io.runx-accel.may.domain.vcpus"], "4");
  EXPECT_EQ(all[0]["places"]["labels"]["io.runx-accel.domain.vcpus"], "2");
  EXPECT_EQ(all[0]["places"]["labels"].size(), 1U) << "other people's labels are not ours to show";
}

TEST_F(ImageShow, WhatLabelsGetWrongIsTold) {
  image("", {{"io.runx-accel.domain.vcpus", "many"}});
  EXPECT_THAT(show().error, HasSubstr("not a number of virtual CPUs"));
  image("", {{"io.runx-accel.domain.cmdline", "rdinit=/bin/sh"}});
  EXPECT_THAT(show().error, HasSubstr("sets rdinit, which is the runtime's"));
}

TEST_F(ImageShow, TooManyAnnotationsAreRefused) {
  auto many = Json::object();
  for (int i = 0; i < 60'000; ++i) many["io.runx-accel.k" + std::to_string(i)] = "x";
  image("", nullptr, many);
  const auto done = show();
  EXPECT_FALSE(done.good);
  EXPECT_THAT(done.error, HasSubstr("has 60000 annotations, more than the 4096"));
}

TEST_F(ImageShow, AttachKeepsTheMark) {
  image(R"({"io.runx-accel.may.domain.vcpus":"2","io.runx-accel.may.network.eth0.bridge":"br0"})", nullptr);
  const auto file = maker_.path() + ".bit";
  fake::write_file(file, "x");
  ASSERT_TRUE(accelkit({"image", "attach", maker_.path(), "--bitstream", "aes=" + file}).good);
  std::remove(file.c_str());
  const auto all = Json::parse(show("--json").out);
  EXPECT_EQ(all[0]["places"]["labels"]["io.runx-accel.may.network.eth0.bridge"], "br0");
  EXPECT_EQ(all[0]["places"]["labels"]["io.runx-accel.may.domain.vcpus"], "2");
}

TEST_F(ImageShow, AnnotateRefusesWhatIsNotForImages) {
  image("", nullptr);
  EXPECT_THAT(accelkit({"image", "annotate", maker_.path(), "--set", "io.runx-accel.domain.console=none"}).error,
              HasSubstr("not for an image to say"));
}

}  // namespace
}  // namespace runx
