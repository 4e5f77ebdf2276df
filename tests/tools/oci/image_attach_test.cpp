// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "base/sha256.h"
#include "tests/fake/bitstream.h"
#include "tests/tools/oci/accelkit.h"
#include "tests/tools/oci/layout_maker.h"
#include "tools/oci/view.h"

namespace runx {
namespace {

using fake::accelkit;
using fake::LayoutMaker;
using testing::HasSubstr;
using namespace tools::oci;

class ImageAttach : public testing::Test {
 protected:
  void SetUp() override {
    maker.publish({LayoutMaker::tagged(maker.image({maker.layer({{"a", "b"}})}), "t")});
    fake::write_file(bit, content);
  }
  void TearDown() override { std::remove(bit.c_str()); }

  LayoutMaker maker;
  std::string bit = maker.path() + ".bit";
  std::string content = fake::make_bitstream();
  std::string digest = base::sha256_digest(base::bytes_of(content));
};

TEST_F(ImageAttach, FillsPathDigestAndRegion) {
  ASSERT_TRUE(accelkit({"image", "annotate", maker.path(), "--set", "io.runx-accel.domain.vcpus=2"}).good);
  const auto said =
      accelkit({"image", "attach", maker.path(), "--bitstream", "aes=" + bit + ":/lib/aes.bit", "--region", "pr0"});
  ASSERT_TRUE(said.good) << said.error;
  EXPECT_EQ(accelkit({"image", "show", maker.path()}).out,
            "io.runx-accel.domain.vcpus = 2\nio.runx-accel.fpga.aes.bitstream = /lib/aes.bit\n"
            "io.runx-accel.fpga.aes.digest = " +
                digest +
                "\nio.runx-accel.fpga.aes.region = pr0\n"
                "io.runx-accel.schema = 1\n");
  auto layout = Layout::open(maker.path());
  const auto images = layout->images("t", {});
  const auto view = View::of(*layout, images->front());
  EXPECT_EQ(*view->read("/lib/aes.bit", 1 << 20), content);
  const auto lint = accelkit({"image", "lint", maker.path()});
  EXPECT_TRUE(lint.good) << lint.out;
  EXPECT_EQ(lint.out, "");
  EXPECT_EQ(accelkit({"image", "attach", maker.path(), "--bitstream", "aes=" + bit + ":/lib/aes.bit"}).out, said.out);
}

TEST_F(ImageAttach, AnotherFileForTheSamePathReplacesTheLayer) {
  ASSERT_TRUE(accelkit({"image", "attach", maker.path(), "--bitstream", "aes=" + bit + ":/lib/aes.bit"}).good);
  fake::BitstreamOptions other;
  other.seed = 7;
  fake::write_file(bit, fake::make_bitstream(other));
  ASSERT_TRUE(accelkit({"image", "attach", maker.path(), "--bitstream", "aes=" + bit + ":/lib/aes.bit"}).good);
  auto layout = Layout::open(maker.path());
  EXPECT_EQ(layout->images("t", {})->front().layers.size(), 3U);
  EXPECT_TRUE(accelkit({"image", "lint", maker.path()}).good);
}

TEST_F(ImageAttach, WithoutAPathTheFileStandsBelowBoot) {
  ASSERT_TRUE(accelkit({"image", "attach", maker.path(), "--bitstream", "aes=" + bit}).good);
  EXPECT_THAT(accelkit({"image", "show", maker.path()}).out, HasSubstr("bitstream = /boot/runx-layout-"));
}

TEST_F(ImageAttach, AnArtifactNamesTheImage) {
  const auto before = Json::parse(fake::read_file(maker.file("index.json")));
  const auto said = accelkit(
      {"image", "attach", maker.path(), "--artifact", "--bitstream", "aes=" + bit + ":/boot/aes.bit", "--json"});
  ASSERT_TRUE(said.good) << said.error;
  const auto artifact = Json::parse(said.out)["artifact"].get<std::string>();
  const auto manifest = maker.read_json(artifact);
  EXPECT_EQ(manifest["artifactType"], "application/vnd.runx-accel.bundle.v1");
  EXPECT_EQ(manifest["config"]["mediaType"], "application/vnd.oci.empty.v1+json");
  EXPECT_EQ(manifest["config"]["digest"], "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
  EXPECT_EQ(manifest["subject"]["digest"], before["manifests"][0]["digest"]);
  ASSERT_EQ(manifest["layers"].size(), 1U);
  EXPECT_EQ(manifest["layers"][0]["mediaType"], "application/vnd.runx-accel.bitstream.v1.bit");
  EXPECT_EQ(manifest["layers"][0]["digest"], digest);
  EXPECT_EQ(manifest["layers"][0]["annotations"]["org.opencontainers.image.title"], "aes.bit");
  EXPECT_EQ(manifest["annotations"]["io.runx-accel.fpga.aes.bitstream"], "/boot/aes.bit");
  EXPECT_EQ(fake::read_file(maker.file("blobs/sha256/" + digest.substr(7))), content);
  // The image is what it was, and its tag needs no more words than before; twice is once.
  const auto after = Json::parse(fake::read_file(maker.file("index.json")));
  EXPECT_EQ(after["manifests"][0], before["manifests"][0]);
  EXPECT_EQ(after["manifests"].size(), 2U);
  EXPECT_TRUE(accelkit({"image", "show", maker.path()}).good);
  ASSERT_TRUE(
      accelkit({"image", "attach", maker.path(), "--artifact", "--bitstream", "aes=" + bit + ":/boot/aes.bit"}).good);
  EXPECT_EQ(Json::parse(fake::read_file(maker.file("index.json"))), after);
}

// Whoever can guess what will be attached can put another blob under its digest first: it would stay there.
TEST_F(ImageAttach, APlantedBlobIsNotTakenForOurs) {
  const auto before = maker.content();
  const auto index = before.at("index.json");
  for (const bool artifact : {false, true}) {
    std::vector<std::string> attach{"image", "attach", maker.path(), "--bitstream", "aes=" + bit + ":/boot/aes.bit"};
    if (artifact) attach.push_back("--artifact");
    ASSERT_TRUE(accelkit(attach).good);
    const auto after = maker.content();
    for (const auto& [name, blob] : after) {
      if (before.contains(name)) continue;
      for (const auto& planted : {std::string(blob.size(), 'x'), blob + "x"}) {
        for (const auto& [other, text] : after) {
          if (!before.contains(other)) std::remove(maker.file(other).c_str());
        }
        fake::write_file(maker.file("index.json"), index);
        fake::write_file(maker.file(name), planted);
        attach[2] = maker.path();
        EXPECT_THAT(accelkit(attach).error, HasSubstr("has a corrupt blob"));
        attach[2] = maker.archive();
        EXPECT_THAT(accelkit(attach).error, HasSubstr("has a corrupt blob"));
        EXPECT_EQ(fake::read_file(maker.file("index.json")), index);
        std::remove(maker.file(name).c_str());
      }
    }
  }
}

TEST_F(ImageAttach, TheImageBelowMustBeWhole) {
  const auto before = maker.content();
  const auto layer =
      "blobs/sha256/" +
      maker.read_json(Json::parse(before.at("index.json"))["manifests"][0]["digest"])["layers"][0]["digest"]
          .get<std::string>()
          .substr(7);
  const std::vector<std::string> attach{"image", "attach", maker.path(), "--bitstream",
                                        "aes=" + bit + ":/boot/aes.bit"};
  // Labels say what it asks for, so that nothing but the check has to read the layer.
  ASSERT_TRUE(accelkit({"image", "annotate", maker.path(), "--set", "io.runx-accel.domain.vcpus=2"}).good);
  const auto index = fake::read_file(maker.file("index.json"));
  fake::write_file(maker.file(layer), std::string(before.at(layer).size(), 'x'));
  EXPECT_THAT(accelkit(attach).error, HasSubstr("holds bytes with the digest"));
  std::remove(maker.file(layer).c_str());
  EXPECT_THAT(accelkit(attach).error, HasSubstr("No such file"));
  EXPECT_THAT(accelkit({"image", "annotate", maker.path(), "--set", "io.runx-accel.domain.vcpus=3"}).error,
              HasSubstr("No such file"));
  EXPECT_EQ(fake::read_file(maker.file("index.json")), index);
}

TEST_F(ImageAttach, RefusesPlacesAndNamesThatAreNone) {
  const auto before = maker.content();
  const auto wrong = [&](std::vector<std::string> more) {
    std::vector<std::string> all{"image", "attach", maker.path()};
    all.insert(all.end(), more.begin(), more.end());
    const auto said = accelkit(all);
    EXPECT_FALSE(said.good);
    return said.error;
  };
  EXPECT_THAT(wrong({"--bitstream", "aes=" + bit + ":/../x"}), HasSubstr("not a place"));
  EXPECT_THAT(wrong({"--bitstream", "aes=" + bit + ":/.runx-accel.json"}), HasSubstr("not a place"));
  EXPECT_THAT(wrong({"--file", bit + ":/etc/.wh.passwd"}), HasSubstr("not a place"));
  EXPECT_THAT(wrong({"--bitstream", "Not A Name=" + bit}), HasSubstr("write NAME=FILE"));
  EXPECT_THAT(wrong({"--bitstream", "aes=/not/there"}), HasSubstr("/not/there"));
  EXPECT_THAT(wrong({}), HasSubstr("--file is required"));
  EXPECT_THAT(wrong({"--bitstream", "a=" + bit, "--bitstream", "b=" + bit}), HasSubstr("two files for"));
  EXPECT_THAT(wrong({"--bitstream", "a=" + bit + ":/a", "--bitstream", "b=" + bit + ":/b", "--region", "pr0"}),
              HasSubstr("write NAME=REGION"));
  EXPECT_THAT(wrong({"--bitstream", "a=" + bit, "--region", "No Region"}), HasSubstr("not a region's name"));
  EXPECT_EQ(maker.content(), before);
}

}  // namespace
}  // namespace runx
