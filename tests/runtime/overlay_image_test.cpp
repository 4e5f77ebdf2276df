// SPDX-License-Identifier: Apache-2.0
// A container whose image brings an overlay with its bitstream: Dom0's half is applied, the guest's half is in its
// tree.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "plan/space.h"
#include "runtime/container.h"
#include "tests/fake/fake_board.h"
#include "tests/fake/fake_fpga.h"
#include "tests/fake/fake_overlay.h"

namespace runx::runtime {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* overlay_source = R"(/dts-v1/; /plugin/;
/ {
  fragment@0 {
    target-path = "/axi";
    __overlay__ {
      #address-cells = <2>; #size-cells = <2>;
      afi0: afi0 { compatible = "xlnx,afi-fpga"; config-afi = <0 0>; };
      aes0: aes@80000000 { compatible = "acme,aes"; reg = <0 0x80000000 0 0x10000>; interrupts = <0 89 4>; };
    };
  };
};
)";

class OverlayImageTest : public testing::Test {
 protected:
  OverlayImageTest() {
    fake::add_fake_overlays(board_);
    auto file = base::parse_json(fake::fake_board_json(), "").value();
    auto& region = file["regions"][0];
    region["apertures"] = json::array({{{"address", "0x80000000"}, {"size", "0x1000000"}}});
    region["interrupts"] = json::array({{{"spi", 89}}});
    region["afi"] = {0};
    configure(file);
    image(
        {{"io.runx-accel.fpga.aes.bitstream", "/boot/aes.bit"}, {"io.runx-accel.fpga.aes.overlay", "/boot/aes.dtbo"}});
    board_.file("/bundle/rootfs/boot/aes.dtbo", fake::compile_tree(overlay_source));
  }

  // The board file, and the boot tree that declares its regions.
  void configure(const json& file) {
    board_.file("/etc/runx-accel/board.json", base::json_text(file));
    const auto board = plan::parse_board(base::json_text(file), "board.json").value();
    const auto source = fake::fake_boot_tree();
    auto tree = devtree::Blob::parse(base::bytes_of(source), "xen.dtb").value();
    devtree::DraftNode node{"fpga-region"};
    node.add("compatible", devtree::text_value("fpga-region"));
    node.add("phandle", devtree::cells_value({0x100}));
    ASSERT_TRUE(tree.add_node("/", node));
    ASSERT_TRUE(tree.set_property("/__symbols__", "fpga_full", devtree::text_value(fake::fake_region)));
    const auto declared = devtree::declare_regions(tree, {plan::space_of(board.regions[0])});
    ASSERT_TRUE(declared) << declared.error().what;
    board_.file("/boot/xen.dtb", std::string(base::text_of(declared->bytes())));
  }
  void image(const json& annotations) { board_.file("/bundle/rootfs/.runx-accel.json", base::json_text(annotations)); }
  base::Status create() { return runtime::create(caller_, {.id = "c1", .bundle = fake::fake_bundle, .pid_file = ""}); }
  std::string in_directory(const char* name) { return board_.content(fake::fake_root + std::string("/c1/") + name); }
  // The kernel's log stays.
  std::map<std::string, std::string> rest() {
    auto all = board_.rest();
    all.erase("/dev/kmsg");
    return all;
  }
  std::vector<std::string> overlays() { return board_.list(fake::fake_overlays).value(); }
  bool live(const std::string& node) { return board_.exists("/proc/device-tree" + node); }

  fake::FakeBoard board_;
  Caller caller_{board_, fake::fake_root, {}};
};

TEST_F(OverlayImageTest, IsSplitBetweenDom0AndTheGuest) {
  const auto before = board_.rest();
  const auto done = create();
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(board_.loads(), 1U);
  EXPECT_THAT(overlays(), ElementsAre("runx-accel-pr0"));
  EXPECT_TRUE(live("/axi/pr0_afi0"));
  EXPECT_FALSE(live("/axi/aes@80000000")) << "the accelerator is the guest's";
  const auto tree_text = in_directory("guest.dtb");
  const auto tree = devtree::Tree::of(devtree::Blob::parse(base::bytes_of(tree_text), "guest.dtb").value());
  const auto node = tree.find("/passthrough/axi/aes@80000000");
  const auto found = node ? node : tree.find("/passthrough/aes@80000000");
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->is_compatible("acme,aes"));
  EXPECT_THAT(in_directory("domain.cfg"),
              AllOf(HasSubstr("iomem = [ \"80000,10@80000\" ]"), HasSubstr("irqs = [ 121 ]")));
  ASSERT_TRUE(remove(caller_, "c1", true));
  EXPECT_THAT(overlays(), IsEmpty());
  EXPECT_FALSE(live("/axi/pr0_afi0"));
  EXPECT_EQ(board_.rest(), before);
}

TEST_F(OverlayImageTest, OfARegionWithANodeIsOneStepWithTheProgramming) {
  auto file = base::parse_json(board_.content("/etc/runx-accel/board.json"), "").value();
  file["regions"][0]["node"] = fake::fake_region;
  configure(file);
  const auto done = create();
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_TRUE(live("/axi/pr0_afi0"));
  EXPECT_EQ(board_.content("/proc/device-tree" + std::string(fake::fake_region) + "/firmware-name").empty(), false);
  EXPECT_THAT(overlays(), ElementsAre("runx-accel-pr0"));
  ASSERT_TRUE(remove(caller_, "c1", true));
  EXPECT_THAT(overlays(), IsEmpty());
  EXPECT_FALSE(live("/axi/pr0_afi0"));
}

// As the vendor's tools write it: by a label, with a file's name of their own.
TEST_F(OverlayImageTest, MayBeForTheRegionsNodeByLabel) {
  auto file = base::parse_json(board_.content("/etc/runx-accel/board.json"), "").value();
  file["regions"][0]["node"] = fake::fake_region;
  configure(file);
  auto source = std::string(overlay_source);
  source.insert(source.rfind("};"),
                "fragment@1 { target = <&fpga_full>; __overlay__ { partial-fpga-config; external-fpga-config;"
                " firmware-name = \"../../etc/shadow\"; region-unfreeze-timeout-us = <7>;"
                " fpga-PR0 { compatible = \"fpga-region\"; }; }; };\n");
  board_.file("/bundle/rootfs/boot/aes.dtbo", fake::compile_tree(source));
  const auto done = create();
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(board_.loads(), 1U);
  const std::string node = "/proc/device-tree" + std::string(fake::fake_region);
  EXPECT_THAT(board_.content(node + "/firmware-name"), AllOf(HasSubstr("runx-accel"), Not(HasSubstr("shadow"))));
  EXPECT_FALSE(board_.exists(node + "/external-fpga-config"));
  EXPECT_TRUE(board_.exists(node + "/partial-fpga-config"));
  EXPECT_TRUE(board_.exists(node + "/region-unfreeze-timeout-us"));
  EXPECT_TRUE(board_.exists(node + "/pr0_fpga-PR0"));
  ASSERT_TRUE(remove(caller_, "c1", true));
  EXPECT_THAT(overlays(), IsEmpty());
}

TEST_F(OverlayImageTest, WhatLiesOutsideTheRegionIsRefusedBeforeAnythingIsTouched) {
  auto source = std::string(overlay_source);
  source.replace(source.find("aes@80000000"), 12, "aes@ff110000");
  source.replace(source.find("0x80000000"), 10, "0xff110000");
  board_.file("/bundle/rootfs/boot/aes.dtbo", fake::compile_tree(source));
  const auto before = board_.tree();
  const auto done = create();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().what, AllOf(HasSubstr("overlay /boot/aes.dtbo: /axi/aes@ff110000"), Not(HasSubstr("\n"))));
  EXPECT_EQ(board_.tree(), before);
}

TEST_F(OverlayImageTest, SetsInDom0WhatTheBoardFileGivesTheRegion) {
  auto source = std::string(overlay_source);
  source.replace(source.find("<0 0>"), 5, "<1 0>");
  board_.file("/bundle/rootfs/boot/aes.dtbo", fake::compile_tree(source));
  const auto before = board_.tree();
  const auto done = create();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().what,
              HasSubstr("overlay /boot/aes.dtbo: /axi/afi0 sets AFI register 1, which region pr0 is not given"));
  EXPECT_EQ(board_.tree(), before);
}

TEST_F(OverlayImageTest, ThatDom0DoesNotTakeLeavesNothing) {
  const auto before = rest();
  board_.file("/fake/overlay_fails", "22 apply");
  const auto done = create();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().what, HasSubstr("region pr0: "));
  EXPECT_EQ(rest(), before);
}

TEST_F(OverlayImageTest, ThatIsNoOverlayOrIsMissing) {
  board_.file("/bundle/rootfs/boot/aes.dtbo", "no tree");
  EXPECT_THAT(create().error().what, HasSubstr("fpga.aes: /boot/aes.dtbo"));
  board_.file("/bundle/rootfs/boot/aes.dtbo", fake::compile_tree("/dts-v1/; / { };"));
  EXPECT_THAT(create().error().what, HasSubstr("overlay /boot/aes.dtbo"));
  image({{"io.runx-accel.fpga.aes.bitstream", "/boot/aes.bit"}, {"io.runx-accel.fpga.aes.overlay", "/boot/x.dtbo"}});
  EXPECT_THAT(create().error().what, HasSubstr("/boot/x.dtbo"));
}

TEST_F(OverlayImageTest, IsAppliedAgainWhenTheRegionHoldsTheDesignAlready) {
  ASSERT_TRUE(create());
  ASSERT_TRUE(remove(caller_, "c1", true));
  ASSERT_TRUE(create());
  EXPECT_EQ(board_.loads(), 1U);
  EXPECT_TRUE(live("/axi/pr0_afi0"));
}

}  // namespace
}  // namespace runx::runtime
