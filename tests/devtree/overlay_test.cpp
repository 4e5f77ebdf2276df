// SPDX-License-Identifier: Apache-2.0
#include "devtree/overlay.h"

#include <gmock/gmock.h>
#include <libfdt.h>

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

// An overlay for /one with a node of so many properties, whose names have `digits` digits. libfdt's writer is told not
// to look for a name's earlier use: that takes minutes by itself.
Blob with_properties(std::size_t count, int digits = 6) {
  std::string bytes(count * (static_cast<std::size_t>(digits) + 20) + 4096, '\0');
  void* fdt = bytes.data();
  EXPECT_EQ(fdt_create_with_flags(fdt, static_cast<int>(bytes.size()), FDT_CREATE_FLAG_NO_NAME_DEDUP), 0);
  fdt_finish_reservemap(fdt);
  fdt_begin_node(fdt, "");
  fdt_begin_node(fdt, "f");
  fdt_property_string(fdt, "target-path", "/one");
  fdt_begin_node(fdt, "__overlay__");
  fdt_begin_node(fdt, "n");
  for (std::size_t i = 0; i < count; ++i) {
    auto name = std::to_string(i);
    name.insert(0, static_cast<std::size_t>(digits) - name.size(), '0');
    EXPECT_EQ(fdt_property_u32(fdt, name.c_str(), 1), 0);
  }
  for (int node = 0; node < 4; ++node) fdt_end_node(fdt);
  EXPECT_EQ(fdt_finish(fdt), 0);
  return Blob::parse(base::bytes_of(bytes), "x.dtbo").value();
}

// Applying one takes time in proportion to the properties and to the tree: 60,000 took minutes.
TEST(Overlay, HasALimitOfProperties) {
  const Blob base = host();
  const auto read = [&](const Blob& overlay) { return Overlay::read(overlay, Tree::of(base), "x.dtbo"); };
  const auto hostile = with_properties(60'000);
  EXPECT_GT(hostile.bytes().size(), 1'000'000U);
  EXPECT_EQ(read(hostile).error().what, "x.dtbo: has more than 4096 properties");
  const auto most = read(with_properties(most_overlay_properties - 1));  // and target-path
  ASSERT_TRUE(most) << most.error().what;
  EXPECT_TRUE(most->apply_to(base));
  EXPECT_EQ(read(with_properties(most_overlay_properties)).error().what, "x.dtbo: has more than 4096 properties");
  EXPECT_EQ(read(with_properties(1000, 100)).error().what,
            "x.dtbo: the names of its properties have more than 65536 bytes");
  EXPECT_TRUE(read(with_properties(600, 100)));
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
