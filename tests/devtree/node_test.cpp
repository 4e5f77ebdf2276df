// SPDX-License-Identifier: Apache-2.0
#include "devtree/node.h"

#include <gmock/gmock.h>

#include "tests/devtree/dtc.h"

namespace runx::devtree {
namespace {

using test::tree_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Tree sample() {
  return tree_of(R"(
    aliases { serial1 = "/bus/uart@1"; broken = "/bus/gone"; };
    bus {
      first: uart@1 { compatible = "a,uart", "b,uart"; status = "okay"; phandle = <7>; };
      uart@2 { compatible = "b,uart"; status = "disabled"; number = <1 2>; text = "x"; odd = [01 02 03]; };
      timer@3 { compatible = "a,timer"; linux,phandle = <9>; };
      timer@4 { compatible = "a,timer"; xen,passthrough; child { }; };
    };
    off { status = "fail"; below { }; };)");
}

TEST(Node, HasThePathsOfTheTree) {
  const Tree tree = sample();
  EXPECT_EQ(tree.root().path(), "/");
  const Node uart = tree.find("/bus/uart@1").value();
  EXPECT_EQ(uart.path(), "/bus/uart@1");
  EXPECT_EQ(uart.name(), "uart@1");
  EXPECT_EQ(uart.base_name(), "uart");
  EXPECT_EQ(uart.parent()->path(), "/bus");
  EXPECT_FALSE(tree.root().parent());
  EXPECT_FALSE(tree.find("/bus/uart"));
  EXPECT_FALSE(tree.find("bus"));
}

TEST(Node, KnowsItsChildren) {
  const Tree tree = sample();
  std::vector<std::string> names;
  for (const Node& child : tree.find("/bus")->children()) names.emplace_back(child.name());
  EXPECT_THAT(names, ElementsAre("uart@1", "uart@2", "timer@3", "timer@4"));
  EXPECT_EQ(tree.find("/bus/timer@4")->with_descendants().size(), 2U);
  EXPECT_EQ(tree.find("/bus/timer@3")->with_descendants().size(), 1U);
  EXPECT_TRUE(tree.find("/bus/timer@4/child")->is_inside(*tree.find("/bus")));
  EXPECT_FALSE(tree.find("/off")->is_inside(*tree.find("/bus")));
}

TEST(Node, ReadsPropertiesAndNothingElse) {
  const Tree tree = sample();
  const Node node = tree.find("/bus/uart@2").value();
  EXPECT_EQ(node.number("number"), 0x1'0000'0002U);
  EXPECT_EQ(node.cell("number"), std::nullopt);
  EXPECT_THAT(node.cells("number"), ElementsAre(1, 2));
  EXPECT_TRUE(node.cells("odd").empty());
  EXPECT_TRUE(node.strings("number").empty() || node.strings("number").size() > 1);
  EXPECT_TRUE(node.strings("odd").empty());
  EXPECT_EQ(node.cell("absent"), std::nullopt);
  EXPECT_TRUE(node.is_compatible("b,uart"));
  EXPECT_FALSE(node.is_compatible("a,uart"));
}

TEST(Node, IsAvailableOnlyBelowWhatIs) {
  const Tree tree = sample();
  EXPECT_TRUE(tree.find("/bus/uart@1")->okay());
  EXPECT_FALSE(tree.find("/bus/uart@2")->okay());
  EXPECT_TRUE(tree.find("/off/below")->okay());
  EXPECT_FALSE(tree.find("/off/below")->available());
}

TEST(Tree, FindsByPhandleAliasAndLabel) {
  const Tree tree = sample();
  EXPECT_EQ(tree.with_phandle(7)->path(), "/bus/uart@1");
  EXPECT_EQ(tree.with_phandle(9)->path(), "/bus/timer@3");
  EXPECT_FALSE(tree.with_phandle(0));
  EXPECT_EQ(tree.with_alias("serial1")->path(), "/bus/uart@1");
  EXPECT_FALSE(tree.with_alias("broken"));
  EXPECT_EQ(tree.with_label("first")->path(), "/bus/uart@1");
}

TEST(Tree, ResolvesWhatPeopleWrite) {
  const Tree tree = sample();
  const auto path = [&tree](const std::string& name) {
    const auto node = tree.resolve(name);
    return node ? node->path() : node.error().what;
  };
  EXPECT_EQ(path("/bus/uart@2"), "/bus/uart@2");
  EXPECT_EQ(path("serial1"), "/bus/uart@1");
  EXPECT_EQ(path("first"), "/bus/uart@1");
  EXPECT_EQ(path("a,uart"), "/bus/uart@1");
  EXPECT_EQ(path("a,timer"), "/bus/timer@4");  // the marked one of two
  EXPECT_EQ(path("b,uart"), "b,uart: 2 nodes are compatible with it: name one by its path: /bus/uart@1, /bus/uart@2");
  EXPECT_THAT(path("c,uart"), HasSubstr("no node with this path, alias, label or compatible string"));
  EXPECT_EQ(path("/bus/uart@9"), "/bus/uart@9: the boot tree has no such node");
  EXPECT_THAT(path(""), HasSubstr("no node"));
}

TEST(Tree, OfNoBytesIsARootAlone) {
  const Tree tree = Tree::of(Blob());
  EXPECT_EQ(tree.nodes().size(), 1U);
  EXPECT_TRUE(tree.root().properties().empty());
}

}  // namespace
}  // namespace runx::devtree
