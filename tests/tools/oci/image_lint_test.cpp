// SPDX-License-Identifier: Apache-2.0
#include "tools/lint.h"

#include <filesystem>

#include <gmock/gmock.h>

#include "base/host.h"
#include "base/sha256.h"
#include "devtree/blob.h"
#include "tests/fake/bitstream.h"
#include "tests/fake/containers.h"
#include "tests/fake/signer.h"
#include "tests/tools/oci/accelkit.h"
#include "tests/tools/oci/layout_maker.h"

namespace runx {
namespace {

using fake::LayoutMaker;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
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

// Every key that the table of keys says to name a file.
TEST(ImageLint, EveryKindOfFileIsLookedFor) {
  Case c;
  c.keys["io.runx-accel.fpga.aes.bitstream.pr1"] = "/boot/none-pr1.bit";
  c.keys["io.runx-accel.fpga.aes.overlay"] = "/boot/none.dtbo";
  c.keys["io.runx-accel.rpu.r5.firmware"] = "/boot/none.elf";
  c.keys["io.runx-accel.domain.kernel"] = "/boot/none-Image";
  c.keys["io.runx-accel.domain.ramdisk"] = "/boot/none-initrd";
  const auto said = lint(c);
  for (const char* missing :
       {"fpga.aes.bitstream.pr1: /boot/none-pr1.bit", "fpga.aes.overlay: /boot/none.dtbo",
        "rpu.r5.firmware: /boot/none.elf", "domain.kernel: /boot/none-Image", "domain.ramdisk: /boot/none-initrd"}) {
    EXPECT_THAT(said, HasSubstr("error: io.runx-accel." + std::string(missing) + " is not in the image"));
  }
}

TEST(ImageLint, AnotherDigestAndNone) {
  Case c;
  c.keys["io.runx-accel.fpga.aes.digest"] = "sha256:" + std::string(64, '0');
  EXPECT_THAT(lint(c), HasSubstr("error: bitstream /boot/aes.bit has digest sha256:"));
  Case none;
  none.with_digest = false;
  EXPECT_THAT(lint(none), HasSubstr("warning: io.runx-accel.fpga.aes.digest is missing"));
}

TEST(ImageLint, DigestsOfVariantsAndFirmwares) {
  const auto zeros = "sha256:" + std::string(64, '0');
  Case c;
  c.keys["io.runx-accel.fpga.aes.bitstream.pr1"] = "/boot/aes.bit";
  c.keys["io.runx-accel.fpga.aes.digest.pr1"] = zeros;
  c.keys["io.runx-accel.rpu.r5.firmware"] = "/boot/r5.elf";
  c.keys["io.runx-accel.rpu.r5.digest"] = zeros;
  c.more = {{"boot/r5.elf", "firmware"}};
  auto said = lint(c);
  EXPECT_THAT(said, HasSubstr("error: bitstream /boot/aes.bit has digest sha256:"));
  EXPECT_THAT(said, HasSubstr("error: io.runx-accel.rpu.r5.digest is sha256:0000"));
  c.keys.erase("io.runx-accel.fpga.aes.digest.pr1");
  c.keys.erase("io.runx-accel.rpu.r5.digest");
  said = lint(c);
  EXPECT_THAT(said, HasSubstr("warning: io.runx-accel.fpga.aes.digest.pr1 is missing"));
  EXPECT_THAT(said, HasSubstr("warning: io.runx-accel.rpu.r5.digest is missing"));
}

TEST(ImageLint, FlagsAgainstTheFile) {
  Case c;
  c.keys["io.runx-accel.fpga.aes.partial"] = "no";
  EXPECT_THAT(lint(c), HasSubstr("error: bitstream /boot/aes.bit is a partial one, but fpga.aes.partial says no"));
  c.keys["io.runx-accel.fpga.aes.partial"] = "yes";
  EXPECT_EQ(lint(c), "");
  c.bitstream = fake::make_bitstream({.partial = false});
  EXPECT_THAT(lint(c), HasSubstr("error: bitstream /boot/aes.bit is a full one, but fpga.aes.partial says yes"));
  c.bitstream = fake::make_bitstream({.header = false});
  EXPECT_THAT(lint(c), AllOf(HasSubstr("warning: bitstream /boot/aes.bit does not say whether it is partial"),
                             HasSubstr("(headerless)"), Not(HasSubstr("error"))));
  c.keys["io.runx-accel.fpga.aes.partial"] = "no";
  EXPECT_THAT(lint(c), AllOf(HasSubstr("warning: bitstream /boot/aes.bit"), Not(HasSubstr("error"))));
  Case format;
  format.keys["io.runx-accel.fpga.aes.format"] = "bin";
  EXPECT_THAT(lint(format), HasSubstr("error: bitstream /boot/aes.bit is a .bit, but fpga.aes.format says bin"));
  Case encrypted;
  encrypted.keys["io.runx-accel.fpga.aes.encrypted"] = "yes";
  EXPECT_THAT(lint(encrypted),
              HasSubstr("error: bitstream /boot/aes.bit is not encrypted, but fpga.aes.encrypted says yes"));
  encrypted.bitstream = fake::make_bitstream({.encrypted = true});
  EXPECT_THAT(lint(encrypted),
              AllOf(HasSubstr("warning: bitstream /boot/aes.bit is encrypted"), Not(HasSubstr("error"))));
}

TEST(ImageLint, ASignatureThatIsNone) {
  Case c;
  c.more = {{"boot/aes.bit.sig", fake::Signer().sign(c.bitstream)}};
  EXPECT_EQ(lint(c), "");
  c.more = {{"boot/aes.bit.sig", "signed: me"}};
  EXPECT_THAT(lint(c), AllOf(HasSubstr("warning: /boot/aes.bit.sig is not a signature"), Not(HasSubstr("error"))));
}

TEST(ImageLint, BitstreamsThatTheRuntimeRefuses) {
  fake::BitstreamOptions options;
  Case c;
  options.encrypted = true;
  c.bitstream = fake::make_bitstream(options);
  EXPECT_THAT(lint(c), HasSubstr("error: bitstream /boot/aes.bit is encrypted, and fpga.aes.encrypted does not"));
  options = {};
  options.header = false;
  c.bitstream = fake::make_bitstream(options);
  EXPECT_THAT(lint(c), HasSubstr("use the .bit file"));
  c.bitstream = "no bitstream";
  EXPECT_THAT(lint(c), HasSubstr("error: io.runx-accel.fpga.aes: "));
  c.bitstream = fake::make_bitstream();
  c.keys["io.runx-accel.fpga.aes.format"] = "pdi";
  EXPECT_THAT(lint(c), HasSubstr("error: io.runx-accel.fpga.aes.format: this version of runx-accel programs no pdi"));
}

// Only some boards refuse these: by their policy, or because they have XRT.
TEST(ImageLint, WhatABoardMayTakeIsAWarning) {
  const auto only_warned = [](const Case& c, const std::string& of) {
    EXPECT_THAT(lint(c), AllOf(HasSubstr("warning: bitstream /boot/aes.bit " + of), Not(HasSubstr("error"))));
  };
  Case full;
  full.bitstream = fake::make_bitstream({.partial = false});
  only_warned(full, "is a full one and would replace the whole device");
  Case xclbin;
  xclbin.bitstream = fake::make_xclbin({{0, fake::make_bitstream()}, {23, "soft kernel"}});
  only_warned(xclbin, "has a section SOFT_KERNEL");
}

// And these none: a full bitstream has no region, and so no overlay for one.
TEST(ImageLint, WhatNoBoardTakesIsAnError) {
  Case c;
  c.bitstream = fake::make_bitstream({.partial = false});
  c.keys["io.runx-accel.fpga.aes.region"] = "pr0";
  EXPECT_THAT(lint(c), HasSubstr("error: bitstream /boot/aes.bit is a full one, which has no region, but fpga.aes "
                                 "names one: remove that key"));
  c.keys.erase("io.runx-accel.fpga.aes.region");
  c.keys["io.runx-accel.fpga.aes.overlay"] = "/boot/aes.dtbo";
  c.more = {{"boot/aes.dtbo", overlay("aes.bit")}};
  EXPECT_THAT(lint(c), HasSubstr("error: overlay /boot/aes.dtbo is for a region"));
  Case small;
  small.keys["io.runx-accel.domain.memory"] = "8MiB";
  EXPECT_THAT(lint(small), HasSubstr("error: domain.memory 8MiB is too small for this image"));
  Case kernel;
  kernel.keys["io.runx-accel.domain.kernel"] = "/boot/Image";
  kernel.more = {{"boot/Image", "kernel"}};
  EXPECT_THAT(lint(kernel), HasSubstr("error: io.runx-accel.domain.kernel: this version of runx-accel boots"));
}

// A region, a shell and a place for each of several bitstreams are what boards differ in.
TEST(ImageLint, WhatOnlyABoardKnowsIsNoFinding) {
  Case c;
  c.keys["io.runx-accel.fpga.aes.region"] = "/fpga-region";
  c.keys["io.runx-accel.fpga.aes.shell"] = "0123456789abcdef0123456789abcdef";
  EXPECT_EQ(lint(c), "");
  Case two;
  const auto digest = base::sha256_digest(base::bytes_of(two.bitstream));
  for (const char* name : {"fft", "fir"}) {
    two.keys["io.runx-accel.fpga." + std::string(name) + ".bitstream.pr0"] = "/boot/aes.bit";
    two.keys["io.runx-accel.fpga." + std::string(name) + ".digest.pr0"] = digest;
  }
  EXPECT_THAT(lint(two), AllOf(HasSubstr("warning: no region is left for fpga.fir"), Not(HasSubstr("error"))));
}

TEST(ImageLint, PlacesThatDisagree) {
  Case c;
  c.keys["io.runx-accel.domain.vcpus"] = "2";
  c.labels = Json::object();  // not in use, so that it disagrees with nobody
  EXPECT_EQ(lint(c), "");
  c.labels = c.keys;
  c.labels["io.runx-accel.domain.vcpus"] = "3";
  EXPECT_THAT(lint(c), HasSubstr("error: io.runx-accel.domain.vcpus: the config says \"3\", but /.runx-accel.json says "
                                 "\"2\": say the same everywhere"));
  Case d;
  d.annotations = {{"io.runx-accel.domain.vcpus", "2"}};
  EXPECT_THAT(lint(d), HasSubstr("error: io.runx-accel.domain.vcpus: the manifest says \"2\", but /.runx-accel.json "
                                 "does not have it"));
}

TEST(ImageLint, LabelsAloneAreLookedAtToo) {
  Case c;
  c.labels = {{"io.runx-accel.fpga.aes.bitstream", "/boot/other.bit"}};
  c.annotations = c.labels;
  c.keys = {{"org.example.foreign", "x"}};
  c.with_digest = false;
  EXPECT_THAT(lint(c), HasSubstr("error: io.runx-accel.fpga.aes.bitstream: /boot/other.bit is not in the image"));
}

TEST(ImageLint, KeysThatOnlyAHostMaySet) {
  Case c;
  c.keys["io.runx-accel.domain.console"] = "none";
  for (const char* place : {"/.runx-accel.json", "the config", "the manifest"}) {
    EXPECT_THAT(lint(c), HasSubstr("error: in " + std::string(place) +
                                   ": io.runx-accel.domain.console = \"none\": not for an image to say"));
  }
}

TEST(ImageLint, AnnotationsThatAreWrong) {
  Case c;
  c.keys["io.runx-accel.domain.vcpus"] = "0";
  c.keys["io.runx-accel.fpga.fft.bitstream"] = "/boot/fft.bit";
  c.keys["io.runx-accel.fpga.fft.region"] = "pr0";
  c.keys["io.runx-accel.fpga.aes.region"] = "pr0";
  const auto said = lint(c);
  EXPECT_THAT(said, HasSubstr("error: in /.runx-accel.json: io.runx-accel.domain.vcpus = \"0\""));
  EXPECT_THAT(said, HasSubstr("the region that fpga."));
}

TEST(ImageLint, AnOverlayThatNamesAnotherBitstream) {
  Case c;
  c.keys["io.runx-accel.fpga.aes.overlay"] = "/boot/aes.dtbo";
  c.more = {{"boot/aes.dtbo", overlay("opendfx_inst_1_partial.bit.bin")}};
  EXPECT_EQ(lint(c),
            "warning: /boot/aes.dtbo was made for the bitstream opendfx_inst_1_partial.bit.bin (firmware-name), and "
            "fpga.aes has aes: see that the two belong together\n");
  for (const char* same : {"aes.bit", "aes.bit.bin", "aes.bin", "xilinx/aes.bit.bin"}) {
    c.more = {{"boot/aes.dtbo", overlay(same)}};
    EXPECT_EQ(lint(c), "") << same;
  }
  c.more = {{"boot/aes.dtbo", "not a tree"}};
  EXPECT_THAT(lint(c), HasSubstr("error: io.runx-accel.fpga.aes: "));
}

// The overlays of the K26's collection, where they are at hand: under the names of their bitstreams all is well, and
// with another instance's file beside it, which the collection has for its DPU, it is not.
TEST(ImageLint, RealOverlays) {
  const std::string folder = RUNX_REAL_BITSTREAMS "/";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "the real overlays are not here: there is no folder " << folder;
  base::Host files;
  Case c;
  c.bitstream.clear();
  c.with_digest = false;
  const auto bitstream = files.read(folder + "aes128-slot0.bit").value();
  c.keys = {{"io.runx-accel.fpga.aes.overlay", "/boot/aes.dtbo"},
            {"io.runx-accel.fpga.aes.digest", base::sha256_digest(base::bytes_of(bitstream))}};
  const auto with = [&](const std::string& name) {
    c.keys["io.runx-accel.fpga.aes.bitstream"] = "/boot/" + name;
    c.more = {{"boot/aes.dtbo", files.read(folder + "aes128-slot0.dtbo").value()}, {"boot/" + name, bitstream}};
    return lint(c);
  };
  EXPECT_EQ(with("opendfx_shell_i_RP_0_AES128_inst_0_partial.bit"), "");
  EXPECT_THAT(with("opendfx_shell_i_RP_0_AES128_inst_1_partial.bit"),
              HasSubstr("warning: /boot/aes.dtbo was made for the bitstream "
                        "opendfx_shell_i_RP_0_AES128_inst_0_partial.bit.bin (firmware-name)"));
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
