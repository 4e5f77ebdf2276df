// SPDX-License-Identifier: Apache-2.0
#include "tools/dts.h"

#include <gtest/gtest.h>

namespace runx::tools {
namespace {

TEST(ImageDts, ValuesLookLikeWhatTheyAre) {
  devtree::DraftNode child{"timer@ff110000"};
  child.add("compatible", {'a', ',', 'b', 0, 'c', '"', 0});
  child.add("reg", devtree::cells_value({0, 0xff110000, 0, 0x1000}));
  child.add("mac", {0, 1, 0xab});
  child.add("empty", {});
  child.add("zero", {0});
  devtree::DraftNode root;
  root.add("#address-cells", devtree::cells_value({2}));
  root.children.push_back(child);
  const auto blob = devtree::Draft::blob(root);
  ASSERT_TRUE(blob);
  EXPECT_EQ(dts_text(devtree::Tree::of(*blob)),
            "/dts-v1/;\n\n/ {\n\t#address-cells = <0x2>;\n\n\ttimer@ff110000 {\n"
            "\t\tcompatible = \"a,b\", \"c\\\"\";\n\t\treg = <0x0 0xff110000 0x0 0x1000>;\n\t\tmac = [00 01 ab];\n"
            "\t\tempty;\n\t\tzero = [00];\n\t};\n};\n");
}

}  // namespace
}  // namespace runx::tools
