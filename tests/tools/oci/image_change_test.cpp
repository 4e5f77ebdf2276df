// SPDX-License-Identifier: Apache-2.0
#include "tools/oci/change.h"

#include <gmock/gmock.h>

#include "base/sha256.h"
#include "tests/tools/oci/layout_maker.h"
#include "tools/oci/view.h"

namespace runx::tools::oci {
namespace {

using fake::LayoutMaker;

const annotations::Annotations asks{{"io.runx-accel.schema", "1"}, {"io.runx-accel.domain.vcpus", "2"}};

struct Changed {
  Json manifest;
  Json config;
  Descriptor descriptor;
};

// Applies the edit to the layout's only image, and writes it.
Changed change(const LayoutMaker& maker, const Edit& edit) {
  auto layout = Layout::open(maker.path());
  std::map<std::string, std::string> blobs;
  Changed out;
  const auto index = layout->change_images(
      "", {},
      [&](Image& image) {
        auto done = apply(image, edit, blobs);
        EXPECT_TRUE(done) << done.error().what;
        out.descriptor = *done;
        return done;
      },
      blobs);
  EXPECT_TRUE(index);
  EXPECT_TRUE(layout->store().commit(blobs, index->dump()));
  out.manifest = maker.read_json(out.descriptor.digest);
  out.config = maker.read_json(out.manifest["config"]["digest"]);
  return out;
}

TEST(ImageChange, WritesThreePlacesAndKeepsTheRest) {
  LayoutMaker maker;
  const auto base = maker.layer({{"a", "b"}});
  maker.publish(
      {LayoutMaker::tagged(maker.image({base}, "arm64", {{"mine", "1"}, {"io.runx-accel.domain.memory", "1GiB"}},
                                       {{"theirs", "2"}, {"io.runx-accel.domain.memory", "1GiB"}}),
                           "t")});
  const auto now = change(maker, {asks, {}, {}, 0});
  EXPECT_EQ(now.manifest["x-foreign"], "kept");
  EXPECT_EQ(now.config["x-foreign"], Json({1, 2.5, "three"}));
  EXPECT_EQ(now.manifest["annotations"],
            Json({{"theirs", "2"}, {"io.runx-accel.schema", "1"}, {"io.runx-accel.domain.vcpus", "2"}}));
  EXPECT_EQ(now.config["config"]["Labels"],
            Json({{"mine", "1"}, {"io.runx-accel.schema", "1"}, {"io.runx-accel.domain.vcpus", "2"}}));
  EXPECT_EQ(now.config["config"]["Env"], Json({"PATH=/bin"}));
  ASSERT_EQ(now.manifest["layers"].size(), 2U);
  EXPECT_EQ(now.manifest["layers"][0], to_json(base));
  EXPECT_EQ(now.config["rootfs"]["diff_ids"].size(), 2U);
  // a base, an env, and ours
  ASSERT_EQ(now.config["history"].size(), 3U);
  EXPECT_EQ(now.config["history"][2]["created_by"], "accelkit image: /.runx-accel.json");

  auto layout = Layout::open(maker.path());
  const auto view = View::of(*layout, *read_image(*layout, now.descriptor));
  ASSERT_TRUE(view) << view.error().what;
  EXPECT_EQ(*view->read("/.runx-accel.json", 1000), metadata_text(asks));
  EXPECT_EQ(*view->read("/a", 1000), "b");
}

TEST(ImageChange, TwiceIsOnce) {
  for (const auto compression : {Compression::none, Compression::gzip, Compression::zstd}) {
    LayoutMaker maker;
    maker.publish({to_json(maker.image({maker.layer({{"a", "b"}}, compression)}))});
    const Edit edit{asks, {{"/boot/a.bit", "bits"}}, {}, 0};
    const auto first = change(maker, edit);
    const auto before = maker.content();
    EXPECT_EQ(change(maker, edit).descriptor.digest, first.descriptor.digest);
    EXPECT_EQ(maker.content(), before);
    EXPECT_EQ(first.manifest["layers"].size(), 3U);
    EXPECT_EQ(first.manifest["layers"][2]["mediaType"], first.manifest["layers"][0]["mediaType"]);
  }
}

TEST(ImageChange, TheOrderOfAttachingDoesNotMatter) {
  const auto made = [](const std::vector<std::string>& order) {
    LayoutMaker maker;
    maker.publish({to_json(maker.image({}))});
    Changed last;
    for (const auto& path : order) last = change(maker, {asks, {{path, "of " + path}}, {}, 0});
    return last.descriptor.digest;
  };
  EXPECT_EQ(made({"/a", "/b"}), made({"/b", "/a"}));
  EXPECT_EQ(made({"/a", "/b"}), made({"/b", "/a", "/b"}));
}

TEST(ImageChange, AHistoryThatDoesNotCountItsLayersStaysAsItIs) {
  LayoutMaker maker;
  const auto image = maker.image({maker.layer({{"a", "b"}})});
  auto manifest = maker.read_json(image.digest);
  auto config = maker.read_json(manifest["config"]["digest"]);
  for (const Json& history : {Json::array(), Json("none"), Json(nullptr)}) {
    config["history"] = history;
    manifest["config"] = to_json(maker.blob(config_type, config.dump()));
    maker.publish({to_json(maker.blob(manifest_type, manifest.dump()))});
    const auto now = change(maker, {asks, {}, {}, 0});
    EXPECT_EQ(now.config["history"], history);
    EXPECT_EQ(now.manifest["layers"].size(), 2U);
  }
}

TEST(ImageChange, AnImageWithoutConfigObjectGetsLabels) {
  LayoutMaker maker;
  const auto image = maker.image({});
  auto manifest = maker.read_json(image.digest);
  auto config = maker.read_json(manifest["config"]["digest"]);
  config.erase("config");
  manifest["config"] = to_json(maker.blob(config_type, config.dump()));
  maker.publish({to_json(maker.blob(manifest_type, manifest.dump()))});
  EXPECT_EQ(change(maker, {asks, {}, {}, 0}).config["config"]["Labels"].size(), 2U);
}

}  // namespace
}  // namespace runx::tools::oci
