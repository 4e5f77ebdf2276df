// SPDX-License-Identifier: Apache-2.0
#include "devtree/address.h"

#include <gmock/gmock.h>

#include "tests/devtree/dtc.h"

namespace runx::devtree {
namespace {

using test::tree_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string error_at(const Tree& tree, const std::string& path) {
  const auto blocks = cpu_blocks(tree.find(path).value(), tree);
  return blocks ? "no error" : blocks.error().what;
}

TEST(Address, GoesThroughEveryBus) {
  const Tree tree = tree_of(R"(
    #address-cells = <2>; #size-cells = <2>;
    outer {
      #address-cells = <1>; #size-cells = <1>;
      ranges = <0x0 0x0 0xa0000000 0x100000>, <0x80000000 0x5 0x0 0x10000000>;
      inner {
        #address-cells = <2>; #size-cells = <1>;
        ranges = <0x1 0x0 0x80001000 0x1000>;
        device { reg = <0x1 0x100 0x200>, <0x1 0x0 0x1000>; };
      };
      plain { reg = <0x2000 0x1000>; ranges; #address-cells = <1>; #size-cells = <1>;
        same { reg = <0x3000 0x10>; }; };
    };)");
  EXPECT_THAT(cpu_blocks(*tree.find("/outer/inner/device"), tree).value(),
              ElementsAre(Block{0x5'0000'1100, 0x200}, Block{0x5'0000'1000, 0x1000}));
  EXPECT_THAT(cpu_blocks(*tree.find("/outer/plain"), tree).value(), ElementsAre(Block{0xa0002000, 0x1000}));
  EXPECT_THAT(cpu_blocks(*tree.find("/outer/plain/same"), tree).value(), ElementsAre(Block{0xa0003000, 0x10}));
  EXPECT_TRUE(cpu_blocks(*tree.find("/outer"), tree)->empty());
  const Block on_outer = translate({0x1'0000'0100, 0x200}, *tree.find("/outer/inner"), *tree.find("/outer")).value();
  EXPECT_EQ(on_outer, (Block{0x80001100, 0x200}));
}

TEST(Address, AssumesTwoAndOneCellsAsTheSpecificationDoes) {
  const Tree tree = tree_of("device { reg = <0x1 0x2 0x3>; };");
  EXPECT_THAT(cpu_blocks(*tree.find("/device"), tree).value(), ElementsAre(Block{0x1'0000'0002, 3}));
}

TEST(Address, NamesWhatItCannotFollow) {
  const Tree tree = tree_of(R"(
    #address-cells = <2>; #size-cells = <2>;
    i2c { #address-cells = <1>; #size-cells = <0>; sensor { reg = <0x40>; }; };
    window { #address-cells = <1>; #size-cells = <1>; ranges = <0x0 0x0 0xa0000000 0x1000>;
      outside { reg = <0x1000 0x10>; };
      across { reg = <0xff8 0x10>; };
      half { reg = <0x0>; };
      none { reg; };
    };
    ragged { #address-cells = <1>; #size-cells = <1>; ranges = <0x0 0x0>; device { reg = <0x0 0x1>; }; };
    pci { #address-cells = <3>; #size-cells = <2>; ranges; device { reg = <0 0 0 0 0>; }; };
    strange { #address-cells = <4>; #size-cells = <1>; ranges; device { reg = <0 0 0 0 0>; }; };
    wraps { reg = <0xffffffff 0xfffff000 0x0 0x1001>; };
    high { #address-cells = <1>; #size-cells = <1>; ranges = <0x0 0xffffffff 0xfffff000 0x10000>;
      device { reg = <0x1000 0x10>; };
      last { reg = <0xff0 0x20>; };
    };)");
  EXPECT_THAT(error_at(tree, "/i2c/sensor"), HasSubstr("/i2c has no ranges"));
  EXPECT_THAT(error_at(tree, "/window/outside"), HasSubstr("/window: no entry of ranges holds 0x1000 with 0x10 bytes"));
  EXPECT_THAT(error_at(tree, "/window/across"), HasSubstr("no entry of ranges holds 0xff8"));
  EXPECT_THAT(error_at(tree, "/window/half"), HasSubstr("reg has 4 bytes, not a whole number of entries of 8"));
  EXPECT_THAT(error_at(tree, "/window/none"), HasSubstr("reg has 0 bytes"));
  EXPECT_THAT(error_at(tree, "/ragged/device"), HasSubstr("ranges has 8 bytes, not a whole number of entries of 16"));
  EXPECT_THAT(error_at(tree, "/pci/device"), HasSubstr("/pci is a PCI bus"));
  EXPECT_THAT(error_at(tree, "/strange/device"), HasSubstr("#address-cells must be 0, 1 or 2"));
  EXPECT_THAT(error_at(tree, "/wraps"), HasSubstr("ends beyond 64 bits"));
  EXPECT_THAT(error_at(tree, "/high/device"), HasSubstr("ranges leads beyond 64 bits"));
  EXPECT_THAT(error_at(tree, "/high/last"), HasSubstr("ranges leads beyond 64 bits"));
}

}  // namespace
}  // namespace runx::devtree
