// SPDX-License-Identifier: Apache-2.0
#include "devtree/interrupt_map.h"

#include <gmock/gmock.h>

#include "devtree/interrupt.h"
#include "tests/devtree/dtc.h"

namespace runx::devtree {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Tree sample(const std::string& inside) {
  return test::tree_of(R"(
    #address-cells = <1>; #size-cells = <1>;
    gic: gic { compatible = "arm,gic-v3"; #interrupt-cells = <3>; interrupt-controller; };
    off: off { #interrupt-cells = <1>; interrupt-controller; status = "disabled"; };
    msi: msi { #interrupt-cells = <1>; #address-cells = <2>; interrupt-controller; };
    )" + inside);
}

// The interrupts of /device (or another node) as "controller: cells via nexus", or the error.
std::string read(const Tree& tree, const std::string& path = "/device@10") {
  const auto all = interrupts(tree.find(path).value(), tree);
  if (!all) return all.error().what;
  std::string out;
  for (const Interrupt& interrupt : *all) {
    out += (out.empty() ? "" : "; ") + interrupt.controller.path() + ":";
    for (const std::uint32_t cell : interrupt.specifier) out += base::text(" ", cell);
    if (!interrupt.nexus.empty()) out += " via " + interrupt.nexus;
  }
  return out;
}

TEST(InterruptMap, FindsTheEntryOfTheSpecifier) {
  const Tree tree = sample(R"(
    nexus: nexus { #interrupt-cells = <1>; #address-cells = <0>;
      interrupt-map = <1 &gic 0 50 4>, <2 &msi 7 8 9>, <3 &off 5>, <3 &gic 0 51 1>; };
    device@10 { interrupt-parent = <&nexus>; interrupts = <2>, <1>, <3>; };
    extended { interrupts-extended = <&gic 0 9 4>, <&nexus 1>; };
    unknown { interrupts-extended = <&nexus 4>; };)");
  EXPECT_EQ(read(tree), "/msi: 9 via /nexus; /gic: 0 50 4 via /nexus; /gic: 0 51 1 via /nexus");
  EXPECT_EQ(read(tree, "/extended"), "/gic: 0 9 4; /gic: 0 50 4 via /nexus");
  EXPECT_EQ(read(tree, "/unknown"), "/unknown: /nexus: interrupt-map has no entry for <0x4>");
}

TEST(InterruptMap, ComparesTheUnitAddressUnderTheMask) {
  const Tree tree = sample(R"(
    nexus: nexus { #interrupt-cells = <2>; #address-cells = <1>;
      interrupt-map-mask = <0xff00 0 0xf>;
      interrupt-map = <0x1000 0 1 &gic 0 60 4>, <0x2000 0 1 &gic 0 61 4>; };
    device@2010 { reg = <0x2010 0x10>; interrupts-extended = <&nexus 99 0xf1>; };
    device@3010 { reg = <0x3010 0x10>; interrupts-extended = <&nexus 99 0xf1>; };
    nowhere { interrupts-extended = <&nexus 99 0xf1>; };)");
  EXPECT_EQ(read(tree, "/device@2010"), "/gic: 0 61 4 via /nexus");
  EXPECT_THAT(read(tree, "/device@3010"), HasSubstr("no entry for <0x3010 0x63 0xf1>"));
  EXPECT_EQ(
      read(tree, "/nowhere"),
      "/nowhere: has no unit address of 1 cells in reg, by which the interrupt-map of /nexus could find its entry");
}

TEST(InterruptMap, FollowsOneMapIntoTheNext) {
  const Tree tree = sample(R"(
    last: last { #interrupt-cells = <1>; #address-cells = <1>; interrupt-map = <0x20 3 &gic 0 70 4>; };
    first: first { #interrupt-cells = <1>; #address-cells = <0>; interrupt-map = <1 &last 0x20 3>, <2 &last 0x21 3>; };
    device@10 { interrupts-extended = <&first 1>; };
    other { interrupts-extended = <&first 2>; };)");
  EXPECT_EQ(read(tree), "/gic: 0 70 4 via /first");
  EXPECT_THAT(read(tree, "/other"), HasSubstr("/last: interrupt-map has no entry for <0x21 0x3>"));
}

TEST(InterruptMap, NamesMapsThatAreBroken) {
  const auto broken = [](const std::string& map, const std::string& address_cells = "0") {
    return read(sample("nexus: nexus { #interrupt-cells = <1>; #address-cells = <" + address_cells + ">; " + map +
                       " }; device@10 { reg = <1 2 3 4 5 6 7 8 9>; interrupts-extended = <&nexus 1>; };"));
  };
  EXPECT_THAT(broken("interrupt-map = <2 &gic 0 50>;"), HasSubstr("ends in the middle of an entry"));
  EXPECT_THAT(broken("interrupt-map = <2>;"), HasSubstr("ends in the middle of an entry"));
  EXPECT_THAT(broken("interrupt-map = <2 99 0 50>;"), HasSubstr("names phandle 99, which is no node's"));
  EXPECT_THAT(broken("interrupt-map = <1 &nexus 1>;"), HasSubstr("leads in a circle"));
  EXPECT_THAT(broken("interrupt-map = [00 01];"), HasSubstr("no entry for <0x1>"));
  EXPECT_THAT(broken("interrupt-map = <1 &{/} 1>;"), HasSubstr("#interrupt-cells must say 1 to 8"));
  EXPECT_THAT(broken("interrupt-map = <1 &gic 0 1 4>;", "9"), HasSubstr("/nexus: #address-cells is more than 8"));
}

TEST(InterruptMap, ListsWhereAllEntriesLead) {
  const Tree tree = sample(R"(
    nexus { #interrupt-cells = <1>; #address-cells = <0>; interrupt-map = <1 &gic 0 50 4>, <2 &gic 0 51 4>, <3 99 1>; };)");
  std::vector<std::uint32_t> lines;
  for (const Signal& target : map_targets(*tree.find("/nexus"), tree)) lines.push_back(target.specifier.at(1));
  EXPECT_THAT(lines, ElementsAre(50, 51));
}

}  // namespace
}  // namespace runx::devtree
