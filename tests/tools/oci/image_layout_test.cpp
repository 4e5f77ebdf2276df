// SPDX-License-Identifier: Apache-2.0
#include "tools/oci/layout.h"

#include <gmock/gmock.h>

#include "tests/tools/oci/layout_maker.h"

namespace runx::tools::oci {
namespace {

using fake::LayoutMaker;
using testing::HasSubstr;

std::string images(const std::string& path, const std::string& tag, const std::string& platform = {}) {
  auto layout = Layout::open(path);
  if (!layout) return layout.error().what;
  std::optional<Platform> wanted;
  if (!platform.empty()) wanted = *parse_platform(platform);
  const auto found = layout->images(tag, wanted);
  if (!found) return found.error().what;
  std::string out;
  for (const auto& image : *found) out += to_text(image.platform) + " ";
  return out;
}

TEST(ImageLayout, OfOneImageNeedsNoTag) {
  LayoutMaker maker;
  maker.publish({LayoutMaker::tagged(maker.image({}), "t")});
  EXPECT_EQ(images(maker.path(), ""), "linux/arm64 ");
  EXPECT_EQ(images(maker.path(), "t"), "linux/arm64 ");
  EXPECT_EQ(images(maker.archive(), "t"), "linux/arm64 ");
  EXPECT_THAT(images(maker.path(), "u"), HasSubstr("has no tag u; it has t"));
}

TEST(ImageLayout, OfSeveralImagesNeedsATag) {
  LayoutMaker maker;
  maker.publish({LayoutMaker::tagged(maker.image({}), "a"), LayoutMaker::tagged(maker.image({}, "amd64"), "b")});
  EXPECT_THAT(images(maker.path(), ""), HasSubstr("several images"));
  EXPECT_THAT(images(maker.path(), ""), HasSubstr("it has a, b"));
  EXPECT_EQ(images(maker.path(), "b"), "linux/amd64 ");
}

TEST(ImageLayout, AnArtifactBesideTheImageIsNoSecondImage) {
  LayoutMaker maker;
  auto artifact = to_json(maker.blob(manifest_type, "{}"));
  artifact["artifactType"] = "application/x";
  maker.publish({LayoutMaker::tagged(maker.image({}), "a"), artifact});
  EXPECT_EQ(images(maker.path(), ""), "linux/arm64 ");
}

TEST(ImageLayout, AnIndexHasAnImageForEachPlatform) {
  LayoutMaker maker;
  auto attestation = LayoutMaker::with_platform(maker.blob(manifest_type, "{}"), "unknown");
  attestation["annotations"] = {{"vnd.docker.reference.type", "attestation-manifest"}};
  const auto index = maker.index({LayoutMaker::with_platform(maker.image({}), "arm64"),
                                  LayoutMaker::with_platform(maker.image({}, "amd64"), "amd64"), attestation});
  maker.publish({LayoutMaker::tagged(maker.index({to_json(index)}), "t")});
  EXPECT_EQ(images(maker.path(), "t"), "linux/arm64 linux/amd64 ");
  EXPECT_EQ(images(maker.path(), "t", "linux/amd64"), "linux/amd64 ");
  EXPECT_THAT(images(maker.path(), "t", "linux/riscv64"),
              HasSubstr("has no image for linux/riscv64; it has linux/arm64, linux/amd64"));
}

TEST(ImageLayout, APlatformIsFoundInTheConfigToo) {
  LayoutMaker maker;
  maker.publish({LayoutMaker::tagged(maker.image({}), "t"), LayoutMaker::tagged(maker.image({}, "amd64"), "t")});
  EXPECT_EQ(images(maker.path(), "t"), "linux/arm64 linux/amd64 ");
  EXPECT_EQ(images(maker.path(), "t", "linux/arm64"), "linux/arm64 ");
}

TEST(ImageLayout, WhatIsNoLayoutIsSaidSo) {
  LayoutMaker maker;
  EXPECT_THAT(images(maker.path(), ""), HasSubstr("is not an OCI image layout: it has no index.json"));
  EXPECT_THAT(images(maker.path() + "/nowhere", ""), HasSubstr("No such file"));
  EXPECT_THAT(images("/dev/null", ""), HasSubstr("neither a directory nor a file"));
  EXPECT_NE(images(maker.file("oci-layout"), ""), "");
  maker.publish({});
  EXPECT_THAT(images(maker.path(), ""), HasSubstr("has no image in it"));
  fake::write_file(maker.file("oci-layout"), R"({"imageLayoutVersion":"2.0.0"})");
  EXPECT_THAT(images(maker.path(), ""), HasSubstr("a layout of version \"2.0.0\""));
}

TEST(ImageLayout, AReferenceIsAPathAndATag) {
  EXPECT_EQ(parse_reference("/a/b:tag").path, "/a/b");
  EXPECT_EQ(parse_reference("/a/b:tag").tag, "tag");
  EXPECT_EQ(parse_reference("/a:b/c").path, "/a:b/c");
  LayoutMaker maker;
  fake::write_file(maker.file("a:b"), "");
  EXPECT_EQ(parse_reference(maker.file("a:b")).path, maker.file("a:b"));
  EXPECT_EQ(parse_reference(maker.file("a:b:c")).path, maker.file("a:b"));
}

TEST(ImageLayout, PlatformsAreParsed) {
  EXPECT_EQ(to_text(*parse_platform("linux/arm64/v8")), "linux/arm64/v8");
  for (const char* bad : {"", "linux", "/arm64", "linux/"}) EXPECT_FALSE(parse_platform(bad)) << bad;
  EXPECT_TRUE(matches(*parse_platform("linux/arm64"), *parse_platform("linux/arm64/v8")));
  EXPECT_FALSE(matches(*parse_platform("linux/arm64/v9"), *parse_platform("linux/arm64/v8")));
}

}  // namespace
}  // namespace runx::tools::oci
