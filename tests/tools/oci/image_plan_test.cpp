// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include <gmock/gmock.h>

#include "devtree/boot_tree.h"
#include "tests/fake/bitstream.h"
#include "tests/fake/signer.h"
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

TEST_F(ImagePlan, RefusalsAreJsonToo) {
  const auto said = accelkit({"image", "plan", maker.path(), "--board", board, "--dtb", tree, "--json", "--annotation",
                              "io.runx-accel.fpga.aes.region=pr9"});
  EXPECT_FALSE(said.good);
  const auto refusals = Json::parse(said.out)["refusals"];
  ASSERT_EQ(refusals.size(), 1U);
  EXPECT_THAT(refusals[0].get<std::string>(), HasSubstr("region pr9"));
}

class ImagePlanPolicy : public ImagePlan {
 protected:
  void TearDown() override {
    fs::remove(policy);
    fs::remove(key);
    ImagePlan::TearDown();
  }
  fake::Said plan(const std::string& rules, std::vector<std::string> more = {}, const std::string& image = "") {
    fake::write_file(policy, R"({"schema": 1, "rules": [)" + rules + "]}");
    more.insert(more.begin(), {"image", "plan", image.empty() ? maker.path() + ":t" : image, "--board", board, "--dtb",
                               tree, "--policy", policy});
    return accelkit(std::move(more));
  }
  std::string policy = maker.path() + ".policy.json";
  std::string key = maker.path() + ".pub";
};

TEST_F(ImagePlanPolicy, SaysWhatTheRuleOfTheNamespaceSays) {
  const std::string rules = R"({"namespaces": ["vision"], "give": ["region pr0"]}, {"give": []})";
  EXPECT_TRUE(plan(rules, {"--namespace", "vision"}).good);
  EXPECT_THAT(plan(rules, {"--namespace", "audio"}).error,
              HasSubstr("region pr0 is not given to namespace audio: no glob of its rule"));
  EXPECT_THAT(plan(rules).error, HasSubstr("region pr0 is not given to a container without a namespace"));
  EXPECT_THAT(plan("5").error, HasSubstr(policy + ": rule 1 is not an object"));
  EXPECT_THAT(accelkit({"image", "plan", maker.path(), "--board", board, "--dtb", tree, "--namespace", "x"}).error,
              HasSubstr("usage: --namespace requires --policy"));
}

// In the layout as in the root file system.
TEST_F(ImagePlanPolicy, ChecksSignaturesWithTheKeysOfThePolicy) {
  const fake::Signer signer;
  const auto bitstream = fake::make_bitstream();
  const auto rule = R"({"give": ["region *"], "signedBy": [")" + key + "\"]}";
  EXPECT_THAT(plan(rule).error, HasSubstr("the policy needs a public key: cannot open " + key));
  fake::write_file(key, signer.public_key());
  EXPECT_THAT(plan(rule).error, HasSubstr("bitstream /boot/aes.bit is not signed (/boot/aes.bit.sig)"));
  for (const auto& [signature, good] : {std::pair{signer.sign(bitstream), true},
                                        {fake::Signer::base64(signer.sign(bitstream)), true},
                                        {fake::Signer().sign(bitstream), false},
                                        {std::string(20'000, 'x'), false}}) {
    fake::write_file(root + "/boot/aes.bit.sig", signature);
    const auto layer = maker.layer({{"boot", "", 'd'},
                                    {"boot/aes.bit", bitstream},
                                    {"boot/aes.bit.sig", signature},
                                    {".runx-accel.json", R"({"io.runx-accel.fpga.aes.bitstream": "/boot/aes.bit"})"}});
    maker.publish({LayoutMaker::tagged(maker.image({layer}), "t")});
    EXPECT_EQ(plan(rule).good, good);
    EXPECT_EQ(plan(rule, {}, root).good, good);
  }
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
