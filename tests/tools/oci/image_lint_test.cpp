// SPDX-License-Identifier: Apache-2.0
#include "tools/lint.h"

#include <gmock/gmock.h>

#include "base/sha256.h"
#include "devtree/blob.h"
#include "tests/fake/bitstream.h"
#include "tests/fake/containers.h"
#include "tests/tools/oci/accelkit.h"
#include "tests/tools/oci/layout_maker.h"

namespace runx {
namespace {

using fake::LayoutMaker;
using testing::HasSubstr;
using namespace tools::oci;

struct Case {
  std::string bitstream = fake::make_bitstream();
  Json keys = {{"io.runx-accel.fpga.aes.bitstream", "/boot/aes.bit"}};
  std::vector<fake::TarEntry> more = {};
  Json labels = nullptr;       // unless given, the keys
  Json annotations = nullptr;  // the same
  bool with_digest = true;
};

std::string lint(Case c) {
  LayoutMaker maker;
  if (c.with_digest) c.keys.emplace("io.runx-accel.fpga.aes.digest", base::sha256_digest(base::bytes_of(c.bitstream)));
  auto entries = c.more;
  entries.push_back({".runx-accel.json", c.keys.dump()});
  if (!c.bitstream.empty()) entries.push_back({"boot/aes.bit", c.bitstream});
  if (c.labels.is_null()) c.labels = c.keys;
  if (c.annotations.is_null()) c.annotations = c.keys;
  maker.publish({to_json(maker.image({maker.layer(entries)}, "arm64", c.labels, c.annotations))});
  const auto said = fake::accelkit({"image", "lint", maker.path()});
  EXPECT_EQ(said.good, said.out.find("error: ") == std::string::npos);
  return said.out;
}

std::string overlay(const std::string& firmware) {
  devtree::DraftNode inner{"__overlay__"};
  inner.add("firmware-name", devtree::text_value(firmware));
  devtree::DraftNode fragment{"fragment@0"};
  fragment.children.push_back(inner);
  devtree::DraftNode root;
  root.children.push_back(fragment);
  return std::string(base::text_of(devtree::Draft::blob(root)->bytes()));
}

TEST(ImageLint, AGoodImageHasNoFindings) { EXPECT_EQ(lint({}), ""); }

TEST(ImageLint, AMissingFile) {
  Case c;
  c.keys["io.runx-accel.fpga.aes.bitstream"] = "/boot/other.bit";
  EXPECT_THAT(lint(c), HasSubstr("error: io.runx-accel.fpga.aes.bitstream: /boot/other.bit is not in the image"));
}

TEST(ImageLint, AnotherDigestAndNone) {
  Case c;
  c.keys["io.runx-accel.fpga.aes.digest"] = "sha256:" + std::string(64, '0');
  EXPECT_THAT(lint(c), HasSubstr("error: io.runx-accel.fpga.aes.digest is sha256:0000"));
  Case none;
  none.with_digest = false;
  EXPECT_THAT(lint(none), HasSubstr("warning: io.runx-accel.fpga.aes.digest is missing"));
}

TEST(ImageLint, BitstreamsThatTheRuntimeRefuses) {
  fake::BitstreamOptions options;
  Case c;
  options.partial = false;
  c.bitstream = fake::make_bitstream(options);
  EXPECT_THAT(lint(c), HasSubstr("full bitstream by its header"));
  options = {};
  options.encrypted = true;
  c.bitstream = fake::make_bitstream(options);
  EXPECT_THAT(lint(c), HasSubstr("is encrypted"));
  options = {};
  options.header = false;
  c.bitstream = fake::make_bitstream(options);
  EXPECT_THAT(lint(c), HasSubstr("use the .bit file"));
  c.bitstream = fake::make_xclbin({{0, fake::make_bitstream()}});
  EXPECT_THAT(lint(c), HasSubstr("is an .xclbin container, and runx-accel programs .bit and .bin files only"));
  c.bitstream = "no bitstream";
  EXPECT_THAT(lint(c), HasSubstr("error: io.runx-accel.fpga.aes.bitstream: "));
}

TEST(ImageLint, PlacesThatDisagree) {
  Case c;
  c.keys["io.runx-accel.domain.vcpus"] = "2";
  c.labels = Json::object();
  EXPECT_THAT(lint(c),
              HasSubstr("warning: io.runx-accel.domain.vcpus stands in /.runx-accel.json, but is not a label"));
  c.labels = {{"io.runx-accel.domain.vcpus", "3"}};
  EXPECT_THAT(lint(c),
              HasSubstr("error: io.runx-accel.domain.vcpus is \"2\" in /.runx-accel.json, but \"3\" as a label"));
  Case d;
  d.annotations = {{"io.runx-accel.domain.vcpus", "2"}};
  EXPECT_THAT(lint(d), HasSubstr("error: io.runx-accel.domain.vcpus is a manifest annotation, but does not stand in"));
}

TEST(ImageLint, AnnotationsThatAreWrong) {
  Case c;
  c.keys["io.runx-accel.domain.vcpus"] = "0";
  c.keys["io.runx-accel.fpga.fft.bitstream"] = "/boot/fft.bit";
  c.keys["io.runx-accel.fpga.fft.region"] = "pr0";
  c.keys["io.runx-accel.fpga.aes.region"] = "pr0";
  const auto said = lint(c);
  EXPECT_THAT(said, HasSubstr("error: in the metadata file: io.runx-accel.domain.vcpus = \"0\""));
  EXPECT_THAT(said, HasSubstr("the region that fpga."));
}

TEST(ImageLint, AnOverlayThatNamesAnotherBitstream) {
  Case c;
  c.more = {{"boot/aes.dtbo", overlay("opendfx_inst_1_partial.bit.bin")}};
  EXPECT_THAT(lint(c), HasSubstr("error: /boot/aes.dtbo names the bitstream opendfx_inst_1_partial.bit.bin "
                                 "(firmware-name), which is not beside it; there is aes.bit"));
  for (const char* same : {"aes.bit", "aes.bit.bin", "aes.bin", "xilinx/aes.bit.bin"}) {
    c.more = {{"boot/aes.dtbo", overlay(same)}};
    EXPECT_EQ(lint(c), "") << same;
  }
  c.more = {{"boot/aes.dtbo", "not a tree"}};
  EXPECT_THAT(lint(c), HasSubstr("error: /boot/aes.dtbo"));
}

TEST(ImageLint, NoMetadataFile) {
  LayoutMaker maker;
  maker.publish({to_json(maker.image({}))});
  const auto said = fake::accelkit({"image", "lint", maker.path(), "--json"});
  EXPECT_TRUE(said.good);
  const auto findings = Json::parse(said.out);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0]["severity"], "warning");
  EXPECT_EQ(findings[0]["platform"], "linux/arm64");
}

}  // namespace
}  // namespace runx
