// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include <gmock/gmock.h>

#include "devtree/boot_tree.h"
#include "tests/fake/bitstream.h"
#include "tests/tools/oci/accelkit.h"
#include "tests/tools/oci/layout_maker.h"

namespace runx {
namespace {

namespace fs = std::filesystem;
using fake::accelkit;
using fake::LayoutMaker;
using testing::HasSubstr;
using namespace tools::oci;

// The same files as a layout and as a directory, and a board that takes them.
class ImagePlan : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(root + "/boot");
    const auto bitstream = fake::make_bitstream();
    const std::string keys =
        R"({"io.runx-accel.fpga.aes.bitstream": "/boot/aes.bit", "io.runx-accel.domain.vcpus": "2"})";
    const std::string large(3'000'000, 'x');
    fake::write_file(root + "/boot/aes.bit", bitstream);
    fake::write_file(root + "/.runx-accel.json", keys);
    fake::write_file(root + "/large", large);
    const auto layer = maker.layer({{"boot", "", 'd'}, {"boot/aes.bit", bitstream}, {"large", large}});
    maker.publish({LayoutMaker::tagged(maker.image({layer, maker.layer({{".runx-accel.json", keys}})}), "t")});
    fake::write_file(board, R"({"schema": 1, "name": "b", "bootTree": "/boot/xen.dtb",
      "guest": {"kernel": "/kernel", "commandLine": "quiet"},
      "regions": [{"name": "pr0", "manager": "m", "idcodes": ["04A49093"],
                   "frames": ["0x00002500+64"]}]})");
    fake::write_file(tree, std::string(base::text_of(devtree::Blob::empty()->bytes())));
  }
  void TearDown() override {
    fs::remove_all(root);
    fs::remove(board);
    fs::remove(tree);
  }

  LayoutMaker maker;
  std::string root = maker.path() + ".rootfs";
  std::string board = maker.path() + ".board.json";
  std::string tree = maker.path() + ".dtb";
};

TEST_F(ImagePlan, ALayoutAndItsRootFileSystemHaveOnePlan) {
  const auto of_layout = accelkit({"image", "plan", maker.path() + ":t", "--board", board, "--dtb", tree});
  ASSERT_TRUE(of_layout.good) << of_layout.error;
  EXPECT_THAT(of_layout.out, HasSubstr("program region pr0 with /boot/aes.bit"));
  EXPECT_THAT(of_layout.out, HasSubstr("2 vcpus"));
  EXPECT_THAT(of_layout.out, HasSubstr("56MiB"));  // 48 and twice 3 MB, in steps of 4
  EXPECT_EQ(of_layout.out, accelkit({"image", "plan", root, "--board", board, "--dtb", tree}).out);
  EXPECT_EQ(of_layout.out, accelkit({"image", "plan", maker.archive(), "--board", board, "--dtb", tree}).out);
}

TEST_F(ImagePlan, TheXlConfigurationIsShown) {
  const auto said = accelkit({"image", "plan", maker.path(), "--board", board, "--dtb", tree, "--tree"});
  EXPECT_THAT(said.out, HasSubstr("\nvcpus = 2\n"));
  EXPECT_THAT(said.out, HasSubstr("name = \"runx-<container>\""));
  const auto json = accelkit({"image", "plan", maker.path(), "--board", board, "--dtb", tree, "--json"});
  EXPECT_EQ(Json::parse(json.out)["claims"], Json({"region pr0"}));
}

TEST_F(ImagePlan, RefusalsAreTheBoards) {
  const auto said = accelkit({"image", "plan", maker.path(), "--board", board, "--dtb", tree, "--annotation",
                              "io.runx-accel.fpga.aes.region=pr9"});
  EXPECT_FALSE(said.good);
  EXPECT_THAT(said.error, HasSubstr("region pr9, which fpga.aes asks for, is not one of this board's regions (pr0)"));
  EXPECT_THAT(accelkit({"image", "plan", maker.path(), "--board", board, "--dtb", tree, "-o", root + "/x.dtb"}).error,
              HasSubstr("no tree to write"));
}

TEST_F(ImagePlan, OneOfSeveralPlatformsIsChosen) {
  const auto index = maker.index({to_json(maker.image({}, "arm64")), to_json(maker.image({}, "amd64"))});
  maker.publish({LayoutMaker::tagged(index, "t")});
  EXPECT_THAT(accelkit({"image", "plan", maker.path(), "--board", board, "--dtb", tree}).error,
              HasSubstr("has images for linux/arm64, linux/amd64: choose the board's with --platform"));
  EXPECT_TRUE(
      accelkit({"image", "plan", maker.path(), "--board", board, "--dtb", tree, "--platform", "linux/arm64"}).good);
}

}  // namespace
}  // namespace runx
