// SPDX-License-Identifier: Apache-2.0
#include "devtree/interrupt.h"

#include <gmock/gmock.h>

#include "tests/devtree/dtc.h"

namespace runx::devtree {
namespace {

using test::tree_of;
using ::testing::HasSubstr;

Tree sample(const std::string& devices) {
  return tree_of(R"(
    gic: gic { compatible = "arm,gic-v3"; #interrupt-cells = <3>; interrupt-controller; };
    four: four { compatible = "arm,gic-v3"; #interrupt-cells = <4>; interrupt-controller; };
    gpio: gpio { #interrupt-cells = <2>; interrupt-controller; child { interrupts = <5 1>; }; };
    )" + devices);
}

// Every interrupt as "controller: cells", or the error.
std::string read(const Tree& tree, const std::string& path) {
  const auto all = interrupts(tree.find(path).value(), tree);
  if (!all) return all.error().what;
  std::string out;
  for (const Interrupt& interrupt : *all) {
    out += (out.empty() ? "" : "; ") + interrupt.controller.path() + ":";
    for (const std::uint32_t cell : interrupt.specifier) out += base::text(" ", cell);
  }
  return out;
}

std::string spi(const Tree& tree, const std::string& path) {
  const Node node = tree.find(path).value();
  const auto found = gic_spi(interrupts(node, tree).value().at(0), node);
  return found ? base::text("irq ", found->irq(), " trigger ", found->trigger) : found.error().what;
}

TEST(Interrupt, FollowsTheParent) {
  const Tree tree = sample(R"(
    bus { interrupt-parent = <&gic>;
      inherits { interrupts = <0 1 4>, <0 2 1>; };
      own { interrupt-parent = <&gpio>; interrupts = <3 8>; };
      extended { interrupts = <9 9 9>; interrupts-extended = <&gic 0 7 4>, <&gpio 1 2>; };
      none { };
    };)");
  EXPECT_EQ(read(tree, "/bus/inherits"), "/gic: 0 1 4; /gic: 0 2 1");
  EXPECT_EQ(read(tree, "/bus/own"), "/gpio: 3 8");
  EXPECT_EQ(read(tree, "/bus/extended"), "/gic: 0 7 4; /gpio: 1 2");
  EXPECT_EQ(read(tree, "/bus/none"), "");
  EXPECT_EQ(read(tree, "/gpio/child"), "/gpio: 5 1");  // its own tree parent is the controller
}

TEST(Interrupt, NamesWhatItCannotFollow) {
  const Tree tree = sample(R"(
    lost { interrupts = <1>; };
    wrong { interrupt-parent = <99>; interrupts = <1>; };
    short { interrupt-parent = <&gic>; interrupts = <0 1>; };
    odd { interrupt-parent = <&gic>; interrupts = [00]; };
    gone { interrupts-extended = <99 1>; };
    circle { interrupt-parent = <&circle2>; interrupts = <1>; };
    circle2: circle2 { interrupt-parent = <&circle2>; };
    many: many { #interrupt-cells = <0>; }; zero { interrupt-parent = <&many>; interrupts = <1>; };)");
  EXPECT_EQ(read(tree, "/lost"), "/lost: has interrupts but no interrupt-parent");
  EXPECT_EQ(read(tree, "/wrong"), "/wrong: interrupt-parent is the phandle of no node");
  EXPECT_EQ(read(tree, "/short"), "/short: interrupts ends in the middle of an interrupt");
  EXPECT_EQ(read(tree, "/odd"), "/odd: interrupts is not made of cells");
  EXPECT_EQ(read(tree, "/gone"), "/gone: interrupts-extended names phandle 99, which is no node's");
  EXPECT_EQ(read(tree, "/circle"), "/circle: interrupt-parent leads in a circle");
  EXPECT_THAT(read(tree, "/zero"), HasSubstr("#interrupt-cells must say 1 to 8"));
}

TEST(Interrupt, OnlySharedLinesOfTheGicAreGiven) {
  const Tree tree = sample(R"(
    level { interrupts-extended = <&gic 0 36 4>; };
    edge { interrupts-extended = <&gic 0 0 0xf01>; };
    private { interrupts-extended = <&gic 1 13 0xf08>; };
    kind { interrupts-extended = <&gic 2 13 4>; };
    high { interrupts-extended = <&gic 0 988 4>; };
    cells { interrupts-extended = <&four 0 1 4 0>; };)");
  EXPECT_EQ(spi(tree, "/level"), "irq 68 trigger 4");
  EXPECT_EQ(spi(tree, "/edge"), "irq 32 trigger 1");
  EXPECT_EQ(spi(tree, "/private"),
            "/private: interrupt PPI 13 is private to each CPU, and Xen gives away none of these");
  EXPECT_EQ(spi(tree, "/kind"), "/kind: interrupt kind 2 of the GIC is not an SPI");
  EXPECT_EQ(spi(tree, "/high"), "/high: SPI 988 is more than a GIC has");
  EXPECT_THAT(spi(tree, "/cells"), HasSubstr("has 4 cells; Xen's guests know those of 3"));
}

}  // namespace
}  // namespace runx::devtree
