// SPDX-License-Identifier: Apache-2.0
// What becomes of references, one property at a time; whole trees are in passthrough_test.cpp.
#include "devtree/closure.h"

#include <gmock/gmock.h>

#include "devtree/passthrough.h"
#include "tests/devtree/dtc.h"

namespace runx::devtree {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The derivation for /device with these properties, beside providers that stay with Dom0.
Passthrough derive(const std::string& properties, const ClockRates& rates = {}) {
  const Tree tree = test::tree_of(R"(
    #address-cells = <2>; #size-cells = <2>;
    one: one { #clock-cells = <0>; compatible = "fixed-clock"; clock-frequency = <1000>; };
    two: two { #clock-cells = <1>; };
    pin: pin@b0000000 { reg = <0x0 0xb0000000 0x0 0x1000>; #gpio-cells = <2>; };
    phy: phy { #phy-cells = <1>; };
    mac: mac { }; syscon: syscon { compatible = "syscon"; };
    power: power { #power-domain-cells = <1>; };
    nothing: nothing { };
    device@a0000000 { reg = <0x0 0xa0000000 0x0 0x1000>; xen,passthrough; )" +
                                  properties + "};");
  return derive_passthrough(tree, {.nodes = {"/device@a0000000"}, .clock_rates = rates, .guest_memory = 1 << 26})
      .value();
}

std::string refusal(const std::string& properties) {
  const Passthrough result = derive(properties);
  return result.refused.empty() ? "" : result.refused[0].reason;
}

std::vector<std::string> dropped(const std::string& properties) {
  const Passthrough result = derive(properties);
  EXPECT_TRUE(result.refused.empty()) << result.refused[0].reason;
  std::vector<std::string> out;
  const Tree tree = Tree::of(result.tree);
  for (const Change& change : result.dropped) {
    out.push_back(change.what);
    EXPECT_FALSE(tree.find("/passthrough/device@a0000000")->has(change.what)) << change.what;
  }
  return out;
}

Node guest_of(const Tree& tree) { return *tree.find("/passthrough/device@a0000000"); }

TEST(Closure, AFixedClockKeepsItsRateUnlessTheBoardSaysAnother) {
  Passthrough result = derive("clocks = <&one>, <0>; clock-names = \"a\", \"b\";");
  Tree tree = Tree::of(result.tree);
  EXPECT_THAT(guest_of(tree).cells("clocks"), ElementsAre(1, 0));
  EXPECT_THAT(guest_of(tree).strings("clock-names"), ElementsAre("a", "b"));
  EXPECT_EQ(tree.find("/passthrough/clock-1000")->cell("clock-frequency"), 1000U);

  result = derive("clocks = <&one>, <&two 5>;", {{"/device@a0000000", {2000, 3000}}});
  tree = Tree::of(result.tree);
  EXPECT_THAT(guest_of(tree).cells("clocks"), ElementsAre(1, 2));
  EXPECT_TRUE(tree.find("/passthrough/clock-2000"));
  EXPECT_TRUE(tree.find("/passthrough/clock-3000"));
}

TEST(Closure, OneUnknownRateTakesTheWholeListAway) {
  const Passthrough result = derive("clocks = <&one>, <&two 5>; clock-names = \"a\", \"b\";");
  ASSERT_EQ(result.dropped.size(), 1U);
  EXPECT_EQ(result.dropped[0].what, "clocks");
  EXPECT_EQ(result.dropped[0].why,
            "the rate of clock 1 (of /two, 5) is not known, and few drivers start without it: put it under clockRates, "
            "/device@a0000000, in the board file, "
            "one rate in Hz for each entry of clocks");
  const Tree tree = Tree::of(result.tree);
  EXPECT_FALSE(guest_of(tree).has("clocks"));
  EXPECT_FALSE(guest_of(tree).has("clock-names"));
}

TEST(Closure, DropsWhatDom0Keeps) {
  EXPECT_THAT(
      dropped("power-domains = <&power 3>; power-domain-names = \"a\"; pinctrl-names = \"x\"; pinctrl-0 = <&pin>;"
              "assigned-clocks = <&two 1>; assigned-clock-rates = <9>; scl-gpios = <&pin 1 2>;"),
      ElementsAre("power-domains", "pinctrl-names", "pinctrl-0", "assigned-clocks", "assigned-clock-rates",
                  "scl-gpios"));
  EXPECT_THAT(dropped("resets = <99 1>;"), ElementsAre("resets"));
  EXPECT_THAT(dropped("nvmem-cells = <&mac>; nvmem-cell-names = \"mac-address\";"), ElementsAre("nvmem-cells"));
}

TEST(Closure, NamesTheProviderThatStaysWithDom0) {
  EXPECT_EQ(
      refusal("reset-gpios = <&pin 1 2>;"),
      "needs a GPIO line (reset-gpios) of /pin@b0000000, which stays with Dom0: ask for /pin@b0000000 as well, or take "
      "reset-gpios out of the boot tree");
  EXPECT_THAT(refusal("phys = <&phy 1>;"), HasSubstr("needs a PHY (phys) of /phy"));
  EXPECT_THAT(refusal("xlnx,syscon-status = <&syscon 0x10>;"),
              HasSubstr("needs registers (xlnx,syscon-status) of /syscon"));
  EXPECT_THAT(refusal("nvmem-cells = <&mac>; nvmem-cell-names = \"calibration\";"), HasSubstr("of /mac"));
  EXPECT_THAT(refusal("other-handle = <&nothing>;"), HasSubstr("of /nothing"));
  EXPECT_THAT(refusal("phys = <&phy 1>;"), HasSubstr("which stays with Dom0: take phys out of the boot tree"));
  EXPECT_THAT(refusal("phy-handle = <&off>; mdio { off: off { status = \"disabled\"; }; };"),
              HasSubstr("/mdio/off, which is disabled in the boot tree: switch it on, or take phy-handle out of it"));
  EXPECT_THAT(refusal("msi-parent = <&nothing>;"), HasSubstr("message-signalled interrupts (MSI)"));
}

TEST(Closure, NamesReferencesThatAreBroken) {
  EXPECT_EQ(refusal("clocks = <99>;"), "cannot be given: clocks names phandle 99, which is no node's");
  EXPECT_EQ(refusal("clocks = <&nothing>;"), "cannot be given: clocks names /nothing, which has no #clock-cells");
  EXPECT_EQ(refusal("clocks = <&two>;"), "cannot be given: clocks ends in the middle of an entry");
}

TEST(Closure, CountsAndHogsAreNoReferences) {
  const Passthrough result =
      derive("snps,nr-gpios = <8>; gpio-controller; vendor,thing = <&nothing>; hog { gpio-hog; gpios = <7 0>; };");
  ASSERT_TRUE(result.refused.empty()) << result.refused[0].reason;
  const Tree tree = Tree::of(result.tree);
  EXPECT_EQ(guest_of(tree).cell("snps,nr-gpios"), 8U);
  EXPECT_THAT(tree.find("/passthrough/device@a0000000/hog")->cells("gpios"), ElementsAre(7, 0));
}

TEST(Closure, PhandlesNeverBecomeTheGics) {
  std::set<std::size_t> members;
  Report report;
  const ClockRates rates;
  // As many members as lead past 65000: every node of a wide tree.
  DraftNode root;
  for (int node = 0; node < 65'001; ++node) root.children.push_back({base::text("n", node)});
  const Tree wide = Tree::of(Draft::blob(root).value());
  Closure closure(wide, members, rates, report);
  std::set<std::uint32_t> seen;
  for (const Node& node : wide.nodes()) seen.insert(closure.phandle_for(node));
  EXPECT_EQ(seen.size(), 65'002U);
  EXPECT_FALSE(seen.contains(guest_gic_phandle));
  EXPECT_FALSE(seen.contains(0));
}

}  // namespace
}  // namespace runx::devtree
