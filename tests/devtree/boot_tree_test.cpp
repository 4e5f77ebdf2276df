// SPDX-License-Identifier: Apache-2.0
#include "devtree/boot_tree.h"

#include <gmock/gmock.h>

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
