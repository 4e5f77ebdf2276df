// SPDX-License-Identifier: Apache-2.0
#include "tools/oci/view.h"

#include <gmock/gmock.h>

#include "tests/tools/oci/layout_maker.h"

namespace runx::tools::oci {
namespace {

using fake::LayoutMaker;
using fake::TarEntry;
using testing::ElementsAre;
using testing::HasSubstr;

// An image of these layers, seen as a whole.
struct Seen {
  explicit Seen(const std::vector<std::vector<TarEntry>>& layers) {
    std::vector<Descriptor> descriptors;
    for (const auto& entries : layers) descriptors.push_back(maker.layer(entries));
    const auto image = maker.image(descriptors);
    maker.publish({LayoutMaker::tagged(image, "t")});
    layout.emplace(std::move(*Layout::open(maker.path())));
    auto made = View::of(*layout, *read_image(*layout, image));
    if (made) {
      view.emplace(std::move(*made));
    } else {
      error = made.error().what;
    }
  }
  std::string read(const std::string& path) const {
    const auto text = view->read(path, 1000);
    return text ? *text : "error: " + text.error().what;
  }
  LayoutMaker maker;
  std::optional<Layout> layout;
  std::optional<View> view;
  std::string error;
};

TEST(ImageView, TheLastLayerWins) {
  const Seen seen({{{"a", "old"}, {"b", "old"}, {"d", "", 'd'}, {"d/x", "1"}}, {{"a", "new"}, {"d", "", 'd'}}});
  EXPECT_EQ(seen.read("/a"), "new");
  EXPECT_EQ(seen.read("/b"), "old");
  EXPECT_EQ(seen.read("/d/x"), "1");
  EXPECT_THAT(seen.read("/c"), HasSubstr("/c is not in the image"));
  EXPECT_THAT(seen.read("/d"), HasSubstr("/d is in the image, but is a directory"));
  EXPECT_THAT(seen.view->list("/"), ElementsAre("a", "b", "d"));
}

TEST(ImageView, TheLastOfTwoEntriesOfOneNameWins) {
  const std::vector<TarEntry> layer{{"a", "1"}, {"a", "2"}};
  EXPECT_EQ(Seen({layer}).read("a"), "2");
}

TEST(ImageView, WhiteoutsHideLowerLayersOnly) {
  const Seen seen({{{"a", "1"}, {"d/x", "1"}, {"d/y", "1"}, {"e/x", "1"}},
                   {{".wh.a"}, {"d/new", "2"}, {"d/.wh..wh..opq"}, {"e/.wh.x"}, {"e/x", "2"}}});
  EXPECT_FALSE(seen.view->is_file("/a"));
  EXPECT_THAT(seen.view->list("/"), ElementsAre("d", "e"));
  EXPECT_THAT(seen.view->list("/d"), ElementsAre("new"));
  EXPECT_EQ(seen.read("/e/x"), "2");
}

TEST(ImageView, AFileOverADirectoryTakesItsPlace) {
  const Seen seen({{{"a/b/c", "1"}}, {{"a", "2"}}});
  EXPECT_EQ(seen.read("/a"), "2");
  EXPECT_FALSE(seen.view->is_file("/a/b/c"));
}

TEST(ImageView, LinksStayInside) {
  const Seen seen({{{"boot/real", "x"},
                    {"absolute", "", 'l', "/boot/real"},
                    {"up", "", 'l', "../../../boot/real"},
                    {"etc/folder", "", 'l', "../boot"},
                    {"loop", "", 'l', "loop2"},
                    {"loop2", "", 'l', "loop"},
                    {"nowhere", "", 'l', "/not/there"}}});
  EXPECT_EQ(seen.read("/absolute"), "x");
  EXPECT_EQ(seen.read("/up"), "x");
  EXPECT_EQ(seen.read("/etc/folder/real"), "x");
  EXPECT_EQ(seen.read("/etc/../etc/folder/../boot/real"), "x");
  EXPECT_FALSE(seen.view->is_file("/loop"));
  EXPECT_FALSE(seen.view->is_file("/nowhere"));
}

TEST(ImageView, ALayerWritesThroughALinkOfALowerOne) {
  const Seen seen({{{"usr/lib/x", "1"}, {"lib", "", 'l', "usr/lib"}}, {{"lib/y", "2"}}});
  EXPECT_EQ(seen.read("/usr/lib/y"), "2");
}

TEST(ImageView, HardLinksAreTheSameFile) {
  const Seen seen({{{"a", "content"}}, {{"b", "", 'h', "a"}, {".wh.a"}}, {{"a", "other"}}});
  // The whiteout speaks of layer 1 and is applied first, so the link has nothing to link to.
  EXPECT_THAT(seen.error, HasSubstr("b is a hard link to a, which is not there"));
  const Seen fine({{{"a", "content"}, {"b", "", 'h', "a"}}, {{"a", "other"}}});
  EXPECT_EQ(fine.read("/b"), "content");
  EXPECT_EQ(fine.read("/a"), "other");
}

TEST(ImageView, OnlyRegularFilesAreFiles) {
  const std::vector<TarEntry> layer{{"pipe", "", 'p'}};
  const Seen seen({layer});
  EXPECT_THAT(seen.read("/pipe"), HasSubstr("not a regular file"));
}

TEST(ImageView, ALargeFileIsNotRead) {
  const std::vector<TarEntry> layer{{"large", std::string(2000, 'x')}};
  const Seen seen({layer});
  EXPECT_THAT(seen.read("/large"), HasSubstr("more than 1000"));
}

TEST(ImageView, TheDiffIdIsChecked) {
  LayoutMaker maker;
  const auto image = maker.image({maker.layer({{"a", "1"}})});
  auto manifest = maker.read_json(image.digest);
  auto config = maker.read_json(manifest["config"]["digest"]);
  config["rootfs"]["diff_ids"][0] = "sha256:" + std::string(64, '0');
  manifest["config"] = to_json(maker.blob(config_type, config.dump()));
  const auto wrong = maker.blob(manifest_type, manifest.dump());
  maker.publish({LayoutMaker::tagged(wrong, "t")});
  auto layout = Layout::open(maker.path());
  const auto view = View::of(*layout, *read_image(*layout, wrong));
  ASSERT_FALSE(view);
  EXPECT_THAT(view.error().what, HasSubstr("rootfs.diff_ids"));
}

}  // namespace
}  // namespace runx::tools::oci
