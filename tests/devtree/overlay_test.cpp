// SPDX-License-Identifier: Apache-2.0
#include "devtree/overlay.h"

#include <gmock/gmock.h>

#include "tests/devtree/dtc.h"

namespace runx::devtree {
namespace {

using ::testing::HasSubstr;

Blob host() {
  return test::blob_of(
      R"(/dts-v1/; / { one: one { phandle = <7>; a = <1>; two: two { }; }; user { ref = <&one>; }; };)");
}

std::string error_of(const std::string& inside, const Blob& base = host()) {
  const auto read = Overlay::read(test::blob_of("/dts-v1/; / {" + inside + "};"), Tree::of(base), "x.dtbo");
  if (!read) return read.error().what;
  const auto applied = read->apply_to(base);
  return applied ? "no error" : applied.error().what;
}

TEST(Overlay, IsAppliedToACopy) {
  const Blob base = host();
  const auto before = std::string(base::text_of(base.bytes()));
  const auto overlay = test::blob_of(
      "/dts-v1/; /plugin/; / { fragment@0 { target = <&one>; label: __overlay__ { b = <2>; new: new { own = <&new>; "
      "theirs = <&two 5>; }; }; }; };");
  const auto read = Overlay::read(overlay, Tree::of(base), "x.dtbo");
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->place(*read->tree().find("/fragment@0/__overlay__/new")), "/one/new");
  EXPECT_EQ(read->place(*read->tree().find("/fragment@0/__overlay__")), "/one");
  EXPECT_FALSE(read->place(*read->tree().find("/__symbols__")));
  const auto applied = read->apply_to(base);
  ASSERT_TRUE(applied) << applied.error().what;
  EXPECT_EQ(base::text_of(base.bytes()), before);
  const Tree tree = Tree::of(*applied);
  // The label on the fragment does not take the target's phandle away.
  EXPECT_EQ(tree.find("/one")->phandle(), 7U);
  EXPECT_EQ(tree.find("/user")->cell("ref"), 7U);
  EXPECT_EQ(tree.find("/one")->cell("b"), 2U);
  EXPECT_EQ(tree.find("/one/new")->cell("own"), tree.find("/one/new")->phandle());
  EXPECT_EQ(tree.find("/one/new")->cells("theirs").at(0), tree.find("/one/two")->phandle());
  EXPECT_EQ(tree.with_label("new")->path(), "/one/new");
}

TEST(Overlay, WhatCannotBeAppliedIsNamed) {
  EXPECT_EQ(error_of("node { };"), "x.dtbo: not an overlay: it has no fragment with an __overlay__");
  EXPECT_EQ(error_of("f { __overlay__ { }; };"), "x.dtbo: /f: has neither a target nor a target-path");
  EXPECT_EQ(error_of("f { target = <99>; __overlay__ { }; };"),
            "x.dtbo: /f: the boot tree has no node with the phandle 99");
  EXPECT_EQ(error_of("f { target-path = \"/three\"; __overlay__ { }; };"),
            "x.dtbo: /f: the boot tree has no node /three");
  EXPECT_EQ(error_of("f { target = <7>; __overlay__ { }; };"), "no error");
  const std::string fragment = "f { target-path = \"/one\"; __overlay__ { n { p = <0>; phandle = <1>; }; }; };";
  EXPECT_EQ(error_of(fragment + "__fixups__ { gone = \"/f/__overlay__/n:p:0\"; };"),
            "x.dtbo: refers to the label gone, which the boot tree does not have: use an overlay for this board");
  EXPECT_EQ(error_of(fragment + "__fixups__ { two = \"/f/__overlay__/n:p:0\"; };",
                     Blob::parse(Draft::blob({}).value().bytes(), "bare").value()),
            "x.dtbo: refers to the label two, and the boot tree has no labels: compile it with dtc -@");
  for (const char* place : {"/f/__overlay__/n:p", "/f/__overlay__/n:p:x", "/f/__overlay__/m:p:0", "p", "::0", ""}) {
    EXPECT_EQ(error_of(fragment + "__fixups__ { one = \"" + place + "\"; };"),
              "x.dtbo: /__fixups__: one names a place that the overlay does not have")
        << place;
  }
  EXPECT_EQ(error_of(fragment + "__fixups__ { one = <1>; };"), "x.dtbo: /__fixups__: one is not a list of places");
  EXPECT_EQ(error_of(fragment + "__fixups__ { one = \"/f/__overlay__/n:p:1\"; };"),
            "x.dtbo: /f/__overlay__/n: a reference at byte 1 of p is outside that property");
  EXPECT_EQ(error_of(fragment + "__fixups__ { one = \"/f/__overlay__/n:phandle:0\"; };"),
            "x.dtbo: /f/__overlay__/n: its own phandle is a reference");
  EXPECT_EQ(error_of(fragment + "__local_fixups__ { f { __overlay__ { n { p = [00]; }; }; }; };"),
            "x.dtbo: /__local_fixups__/f/__overlay__/n: p is not a list of cells");
  EXPECT_EQ(error_of(fragment + "__local_fixups__ { f { __overlay__ { n { p = <4>; }; }; }; };"),
            "x.dtbo: /f/__overlay__/n: a reference at byte 4 of p is outside that property");
  EXPECT_EQ(error_of(fragment + "__local_fixups__ { g { }; };"), "x.dtbo: /__local_fixups__/g stands for no node");
}

TEST(Overlay, OneThatRefersToItsTargetByALabelOfItsOwnIsRefused) {
  const auto overlay = test::blob_of(
      "/dts-v1/; /plugin/; / { fragment@0 { target = <&one>; label: __overlay__ { n { own = <&label>; }; }; }; };");
  const auto read = Overlay::read(overlay, Tree::of(host()), "x.dtbo");
  ASSERT_TRUE(read);
  EXPECT_THAT(read->apply_to(host()).error().what,
              HasSubstr("x.dtbo: /fragment@0/__overlay__/n: own refers to the target of a fragment by a label"));
}

TEST(Overlay, TheWorkIsBounded) {
  std::string nodes;
  for (std::size_t i = 0; i < most_overlay_nodes; ++i) nodes += base::text("n", i, " { };");
  EXPECT_EQ(error_of("f { target-path = \"/one\"; __overlay__ { " + nodes + " }; };"),
            "x.dtbo: has more than 1024 nodes");
  std::string offsets;
  for (std::size_t i = 0; i <= most_overlay_references; ++i) offsets += "0 ";
  EXPECT_EQ(error_of("f { target-path = \"/one\"; __overlay__ { p = <1>; }; }; __local_fixups__ { f { __overlay__ { p "
                     "= <" +
                     offsets + ">; }; }; };"),
            "x.dtbo: has more than 4096 references");
}

}  // namespace
}  // namespace runx::devtree
