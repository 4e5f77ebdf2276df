// SPDX-License-Identifier: Apache-2.0
#include "devtree/dma.h"

#include <gtest/gtest.h>

#include "tests/devtree/dtc.h"

namespace runx::devtree {
namespace {

TEST(Dma, IsToldByFourSigns) {
  const Tree tree = test::tree_of(R"(
    plain { compatible = "cdns,ttc"; };
    coherent { dma-coherent; };
    controller { #dma-cells = <1>; };
    gem { compatible = "vendor,new-gem", "cdns,gem"; };
    behind { compatible = "cdns,ttc"; iommus = <1 2>; };)");
  const auto sign = [&tree](const char* path) { return dma_sign(*tree.find(path)).value_or("none"); };
  EXPECT_EQ(sign("/plain"), "none");
  EXPECT_EQ(sign("/coherent"), "dma-coherent");
  EXPECT_EQ(sign("/controller"), "#dma-cells");
  EXPECT_EQ(sign("/gem"), "compatible cdns,gem");
  EXPECT_EQ(sign("/behind"), "iommus");
}

TEST(Dma, EveryStreamNeedsAnIommuThatIsOn) {
  const Tree tree = test::tree_of(R"(
    on: on { #iommu-cells = <1>; };
    off: off { #iommu-cells = <1>; status = "disabled"; };
    other: other { };
    yes { iommus = <&on 1>, <&on 2>; };
    disabled { iommus = <&on 1>, <&off 2>; };
    none { iommus = <&other 1>; };
    gone { iommus = <99 1>; };
    short { iommus = <&on>; };
    empty { iommus; };)");
  const auto safe = [&tree](const char* path) { return protected_by_iommu(*tree.find(path), tree); };
  EXPECT_TRUE(safe("/yes"));
  for (const char* path : {"/disabled", "/none", "/gone", "/short", "/empty"}) EXPECT_FALSE(safe(path)) << path;
}

}  // namespace
}  // namespace runx::devtree
