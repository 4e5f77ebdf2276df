// SPDX-License-Identifier: Apache-2.0
#include "devtree/boot_tree.h"

#include <set>
#include <sstream>

#include <gmock/gmock.h>

#include "devtree/passthrough.h"
#include "tests/devtree/dtc.h"

namespace runx::devtree {
namespace {

using ::testing::HasSubstr;

Blob host() {
  return test::blob_of(R"(/dts-v1/; /memreserve/ 0x1000 0x2000; / {
    one@1 { status = "disabled"; before; reg = <1>; }; two@2 { reg = <2>; }; three@3 { xen,passthrough; status = "ok"; }; };)");
}

TEST(BootTree, MarksWhatIsNamedAndNothingElse) {
  const auto marked = mark_passthrough(host(), {"/one@1", "/three@3"});
  ASSERT_TRUE(marked);
  // Written by hand: the host's tree and what is different.
  const Blob expected = test::blob_of(R"(/dts-v1/; /memreserve/ 0x1000 0x2000; / {
    one@1 { xen,passthrough; status = "okay"; before; reg = <1>; }; two@2 { reg = <2>; };
    three@3 { xen,passthrough; status = "ok"; }; };)");
  EXPECT_EQ(test::decompile(*marked).source, test::decompile(expected).source);
  const Tree tree = Tree::of(*marked);
  EXPECT_TRUE(is_marked(*tree.find("/one@1")));
  EXPECT_FALSE(is_marked(*tree.find("/two@2")));
}

TEST(BootTree, MarkingNothingChangesNoByte) {
  EXPECT_EQ(base::text_of(mark_passthrough(host(), {})->bytes()), base::text_of(host().bytes()));
  EXPECT_EQ(base::text_of(mark_passthrough(host(), {"/three@3"})->bytes()), base::text_of(host().bytes()));
}

TEST(BootTree, ANodeThatIsNotThereIsAnError) {
  const auto marked = mark_passthrough(host(), {"/one@1", "/four@4"});
  ASSERT_FALSE(marked);
  EXPECT_EQ(marked.error().what, "/four@4: the tree has no such node to mark");
}

// A board with a GIC, memory, a device on a bus, and a node that is off.
constexpr const char* board = R"(#address-cells = <2>; #size-cells = <2>;
    memory@0 { device_type = "memory"; reg = <0 0 0 0x40000000>; };
    gic: interrupt-controller@f9010000 {
      compatible = "arm,gic-400"; interrupt-controller; #interrupt-cells = <3>; reg = <0 0xf9010000 0 0x10000>; };
    axi { compatible = "simple-bus"; #address-cells = <1>; #size-cells = <1>; ranges = <0 0 0xff000000 0x1000000>;
      interrupt-parent = <&gic>;
      timer@110000 { reg = <0x110000 0x1000>; interrupts = <0 36 4>; };
      off@200000 { status = "disabled"; reg = <0x200000 0x1000>; interrupts = <0 40 4>; }; };)";

Blob board_blob(const std::string& more = {}) {
  return test::blob_of(std::string("/dts-v1/; / {") + board + more + "};");
}

std::string declare_error(const std::vector<RegionSpace>& regions, const Blob& host = board_blob()) {
  const auto made = declare_regions(host, regions);
  return made ? "no error" : made.error().what;
}

const RegionSpace pr0{"pr0", "", {{0x80000000, 0x1000000}, {0x81000000, 0x1000}}, {{89, 4}, {90, 1}}};
const RegionSpace pr1{"pr1", "", {{0x4'0000'0000, 0x2000}}, {}};
const RegionSpace lines{"lines", "", {}, {{100, 4}}};

TEST(BootTree, DeclaresTheSpaceOfRegionsAndNothingElse) {
  const auto made = declare_regions(board_blob(), {pr0, {"nothing"}, pr1, lines});
  ASSERT_TRUE(made) << made.error().what;
  // Written by hand. dtc numbers the GIC 1.
  const Blob expected = test::blob_of(std::string("/dts-v1/; / {") + board + R"(
    region-window-lines { compatible = "runx-accel,region-window"; label = "lines"; interrupt-parent = <&gic>;
      interrupts = <0 100 4>; xen,passthrough; };
    region-window@400000000 { compatible = "runx-accel,region-window"; label = "pr1"; reg = <4 0 0 0x2000>;
      xen,passthrough; };
    region-window@80000000 { compatible = "runx-accel,region-window"; label = "pr0";
      reg = <0 0x80000000 0 0x1000000>, <0 0x81000000 0 0x1000>; interrupt-parent = <&gic>;
      interrupts = <0 89 4>, <0 90 1>; xen,passthrough; }; };)");
  std::multiset<std::string> got;
  std::multiset<std::string> wanted;
  const auto lines_of = [](const Blob& blob, std::multiset<std::string>& out) {
    std::istringstream text(test::decompile(blob).source);
    for (std::string line; std::getline(text, line);) out.insert(line);
  };
  lines_of(*made, got);
  lines_of(expected, wanted);
  EXPECT_EQ(got, wanted);
  EXPECT_EQ(test::decompile(*made).warnings, test::decompile(board_blob()).warnings);
  const Tree tree = Tree::of(*made);
  EXPECT_EQ(declared_window(tree, "pr0")->path(), "/region-window@80000000");
  EXPECT_FALSE(declared_window(tree, "nothing"));
  EXPECT_TRUE(is_window(*declared_window(tree, "lines")));
  EXPECT_FALSE(is_window(*tree.find("/axi")));
  for (const char* name : {"/region-window@80000000", "/region-window-lines"}) {
    const auto guest = derive_passthrough(tree, {.nodes = {name}, .guest_memory = 1 << 26});
    ASSERT_TRUE(guest);
    EXPECT_EQ(guest->refused.at(0).node, name);
    EXPECT_EQ(guest->refused.at(0).reason, "declares a region of the fabric and is no device: ask for the region");
  }
  // Again: not a byte.
  EXPECT_EQ(base::text_of(declare_regions(*made, {pr0, pr1, lines})->bytes()), base::text_of(made->bytes()));
}

TEST(BootTree, ASpaceThatSomebodyHasIsRefusedByName) {
  EXPECT_EQ(declare_error({{"a", "", {{0xff110000, 0x1000}}, {}}}),
            "region a: its aperture at 0xff110000 with 0x1000 bytes overlaps the registers of /axi/timer@110000 at "
            "0xff110000 with 0x1000 bytes: correct the board file, or take the node out of the tree");
  EXPECT_THAT(declare_error({{"a", "", {{0xff200000, 0x10000}}, {}}}), HasSubstr("/axi/off@200000"));
  EXPECT_THAT(declare_error({{"a", "", {{0x3ffff000, 0x1000}}, {}}}), HasSubstr("/memory@0"));
  EXPECT_EQ(declare_error({{"a", "", {}, {{36, 4}}}}),
            "region a: its interrupt SPI 36 is that of /axi/timer@110000: correct the board file, or take the node out "
            "of the tree");
  EXPECT_THAT(declare_error({{"a", "", {}, {{40, 4}}}}), HasSubstr("/axi/off@200000"));
  EXPECT_THAT(declare_error({pr0, {"a", "", {{0x80fff000, 0x1000}}, {}}}), HasSubstr("/region-window@80000000"));
  EXPECT_THAT(declare_error({pr0, {"a", "", {}, {{90, 1}}}}), HasSubstr("SPI 90 is that of /region-window@80000000"));
  EXPECT_THAT(declare_error({{"a", "", {{0x80000000, 0x2000}, {0x80001000, 0x1000}}, {}}}),
              HasSubstr("two of its apertures overlap"));
  EXPECT_THAT(declare_error({{"a", "", {}, {{90, 1}, {90, 4}}}}), HasSubstr("SPI 90 stands twice"));
}

TEST(BootTree, ARegionThatIsDeclaredOtherwiseIsAnError) {
  const auto made = declare_regions(board_blob(), {pr0}).value();
  EXPECT_EQ(declare_error({{"pr0", "", {{0x80000000, 0x1000}}, {}}}, made),
            "region pr0: /region-window@80000000 declares it already, in another way: start from the board's own tree");
}

TEST(BootTree, ATreeThatCannotSayItIsAnError) {
  const auto small = test::blob_of("/dts-v1/; / { #address-cells = <1>; #size-cells = <1>; };");
  EXPECT_THAT(declare_error({pr1}, small),
              HasSubstr("region pr1: the tree's root has cells too small for 0x400000000"));
  EXPECT_THAT(declare_error({lines}, small), HasSubstr("region lines: it has interrupts, and the tree has no GIC"));
}

TEST(BootTree, ChosenTellsXenWhatWasAsked) {
  EXPECT_EQ(base::text_of(write_chosen(board_blob(), {})->bytes()), base::text_of(board_blob().bytes()));
  const auto made = write_chosen(
      board_blob(), {"console=dtuart", "console=hvc0", Block{0x20000000, 0x1234}, Block{0x28000000, 0x10}});
  ASSERT_TRUE(made) << made.error().what;
  const Tree tree = Tree::of(*made);
  const auto chosen = *tree.find("/chosen");
  EXPECT_EQ(chosen.strings("xen,xen-bootargs"), std::vector<std::string>{"console=dtuart"});
  EXPECT_EQ(chosen.strings("xen,dom0-bootargs"), std::vector<std::string>{"console=hvc0"});
  const auto kernel = *tree.find("/chosen/module@20000000");
  EXPECT_EQ(kernel.strings("compatible"), (std::vector<std::string>{"multiboot,kernel", "multiboot,module"}));
  EXPECT_EQ(reg_blocks(kernel).value(), (std::vector<Block>{{0x20000000, 0x1234}}));
  EXPECT_EQ(reg_blocks(*tree.find("/chosen/module@28000000")).value(), (std::vector<Block>{{0x28000000, 0x10}}));
  EXPECT_EQ(test::decompile(*made).warnings, test::decompile(board_blob()).warnings);
  const auto again = write_chosen(*made, {{}, {}, Block{0x30000000, 1}, {}});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().what,
            "/chosen/module@20000000 says already where Dom0's kernel is: start from the board's own tree");
}

TEST(BootTree, ChosenKeepsWhatItHas) {
  const auto made = write_chosen(
      board_blob(R"(chosen { bootargs = "quiet"; stdout-path = "serial0:115200n8"; child { reg = <1 1>; }; };)"),
      {"dom0_mem=1G", {}, {}, Block{0x28000000, 0x10}});
  ASSERT_TRUE(made) << made.error().what;
  const Tree tree = Tree::of(*made);
  EXPECT_EQ(tree.find("/chosen")->strings("bootargs"), std::vector<std::string>{"quiet"});
  EXPECT_FALSE(tree.find("/chosen")->has("#address-cells"));
  // Two cells and one, as the child that was there has them.
  EXPECT_EQ(tree.find("/chosen/module@28000000")->cells("reg"), (std::vector<std::uint32_t>{0, 0x28000000, 0x10}));
}

TEST(BootTree, IsCheckedAgainstWhatDom0Sees) {
  const Tree tree = Tree::of(host());
  const Node marked = *tree.find("/three@3");
  EXPECT_TRUE(check_live(marked, {true, "disabled"}));
  EXPECT_TRUE(check_live(marked, {true, std::string("disabled\0", 9)}));
  EXPECT_THAT(check_live(marked, {true, "okay"}).error().what,
              HasSubstr("/three@3 is marked xen,passthrough in the boot tree, but Dom0 sees it with status okay"));
  EXPECT_THAT(check_live(marked, {true, std::nullopt}).error().what, HasSubstr("without a status"));
  EXPECT_THAT(check_live(marked, {}).error().what, HasSubstr("does not see the node at all"));
  EXPECT_TRUE(check_live(*tree.find("/two@2"), {true, "okay"}));
}

}  // namespace
}  // namespace runx::devtree
