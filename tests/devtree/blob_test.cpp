// SPDX-License-Identifier: Apache-2.0
#include "devtree/blob.h"

#include <gmock/gmock.h>
#include <libfdt.h>

#include "tests/devtree/dtc.h"

namespace runx::devtree {
namespace {

using test::compile;
using ::testing::HasSubstr;

const std::string& small_tree() {
  static const std::string tree = compile("/dts-v1/; / { model = \"small\"; a { b = <1 2>; c@1 { reg = <1>; }; }; };");
  return tree;
}

std::string error_of(const std::string& bytes) {
  const auto blob = Blob::parse(base::bytes_of(bytes), "x.dtb");
  return blob ? "no error" : blob.error().what;
}

// A node inside a node, `depth` times.
std::string nested(int depth) {
  std::string source = "/dts-v1/; / {";
  for (int level = 0; level < depth; ++level) source += "n {";
  for (int level = 0; level < depth; ++level) source += "};";
  return compile(source + "};");
}

TEST(Blob, KeepsForeignBytesAsTheyAre) {
  const auto blob = Blob::parse(base::bytes_of(small_tree() + "what follows"), "x.dtb");
  ASSERT_TRUE(blob);
  EXPECT_EQ(base::text_of(blob->bytes()), small_tree());
}

TEST(Blob, SaysWhatIsWrong) {
  EXPECT_EQ(error_of(""), "x.dtb: 0 bytes are too few for a device tree");
  EXPECT_THAT(error_of(std::string(64, 'x')), HasSubstr("x.dtb: not a device tree"));
  std::string large = small_tree();
  large[4] = 0x7f;  // totalsize
  EXPECT_THAT(error_of(large), HasSubstr("more than the 2097152 that Xen takes"));
  std::string old = small_tree();
  old[23] = 16;  // version
  EXPECT_THAT(error_of(old), HasSubstr("version 16 is older than 17"));
}

// libfdt 1.6.1 lets both pass.
TEST(Blob, RefusesAPropertyThatIsLongerThanTheTree) {
  std::string tree = small_tree();
  const auto value = tree.find(std::string("\0\0\0\1\0\0\0\2", 8));
  for (std::size_t byte = value - 8; byte < value - 4; ++byte) tree[byte] = '\xff';
  EXPECT_NE(error_of(tree), "no error");
}

TEST(Blob, RefusesAPropertyThatANodeHasTwice) {
  std::string tree = compile("/dts-v1/; / { n { first = <1>; other = <2>; }; m { first = <1>; }; };");
  EXPECT_EQ(error_of(tree), "no error");
  tree.replace(tree.find("other"), 5, "first");
  EXPECT_EQ(error_of(tree), "x.dtb: node n has the property first twice");
}

TEST(Blob, RefusesEveryTruncation) {
  for (std::size_t size = 0; size < small_tree().size(); ++size) {
    EXPECT_FALSE(Blob::parse(base::bytes_of(small_tree().substr(0, size)), "x.dtb")) << size;
  }
}

// What is cut and says so itself must still be found out by its structure.
TEST(Blob, RefusesTruncationsWithASizeThatFits) {
  for (std::size_t size = sizeof(fdt_header); size < small_tree().size(); ++size) {
    std::string cut = small_tree().substr(0, size);
    for (int byte = 0; byte < 4; ++byte)
      cut[static_cast<std::size_t>(4 + byte)] = static_cast<char>(size >> (24 - 8 * byte));
    EXPECT_FALSE(Blob::parse(base::bytes_of(cut), "x.dtb")) << size;
  }
}

TEST(Blob, SurvivesEveryFlippedByte) {
  for (std::size_t at = 0; at < small_tree().size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string bent = small_tree();
      bent[at] = static_cast<char>(bent[at] ^ flip);
      const auto blob = Blob::parse(base::bytes_of(bent), "x.dtb");
      if (!blob) continue;
      const Tree tree = Tree::of(*blob);
      for (const Node& node : tree.nodes()) EXPECT_FALSE(node.path().empty());
    }
  }
}

TEST(Blob, LimitsDepth) {
  EXPECT_EQ(error_of(nested(64)), "no error");
  EXPECT_EQ(error_of(nested(65)), "x.dtb: nodes nest deeper than 64 levels");
}

TEST(Blob, RefusesNamesThatCannotBePrinted) {
  std::string bent = small_tree();
  bent[bent.find("c@1")] = '\n';
  EXPECT_THAT(error_of(bent), HasSubstr("has a name that no node can have"));
  bent = small_tree();
  bent[bent.find("model")] = '"';
  EXPECT_THAT(error_of(bent), HasSubstr("has a property with a name that no property can have"));
}

TEST(Blob, GrowsWhenAPropertyIsSet) {
  Blob blob = Blob::parse(base::bytes_of(small_tree()), "x.dtb").value();
  const std::vector<std::uint8_t> value(100'000, 7);
  ASSERT_TRUE(blob.set_property("/a/c@1", "large", value));
  const Tree tree = Tree::of(blob);
  EXPECT_EQ(tree.find("/a/c@1")->bytes("large")->size(), value.size());
  EXPECT_EQ(tree.root().strings("model"), std::vector<std::string>{"small"});
  EXPECT_EQ(tree.find("/a")->cells("b"), (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(fdt_check_full(blob.fdt(), blob.bytes().size()), 0);
}

TEST(Blob, StopsGrowingWhereXenWouldNotTakeIt) {
  Blob blob = Blob::empty().value();
  const auto set = blob.set_property("/", "large", std::vector<std::uint8_t>(largest_tree));
  ASSERT_FALSE(set);
  EXPECT_THAT(set.error().what, HasSubstr("larger than the 2097152 bytes"));
  EXPECT_FALSE(blob.set_property("/nowhere", "x", {}));
}

TEST(Draft, WritesWhatWasDrawn) {
  DraftNode root;
  root.add("model", text_value("drawn"));
  root.children.push_back({"child@1"});
  root.children.back().add("reg", cells_value({1}));
  root.children.back().add("large", std::vector<std::uint8_t>(50'000, 1));
  const auto blob = Draft::blob(root);
  ASSERT_TRUE(blob);
  const Tree tree = Tree::of(*blob);
  EXPECT_EQ(tree.find("/child@1")->cell("reg"), 1U);
  EXPECT_EQ(tree.root().strings("model"), std::vector<std::string>{"drawn"});
}

TEST(Draft, RefusesWhatXenWouldNotTake) {
  DraftNode root;
  root.add("large", std::vector<std::uint8_t>(largest_tree));
  const auto blob = Draft::blob(root);
  ASSERT_FALSE(blob);
  EXPECT_EQ(blob.error().code, std::errc::file_too_large);
}

}  // namespace
}  // namespace runx::devtree
