// SPDX-License-Identifier: Apache-2.0
// accelkit image on a root file system that the test lays out, and a board of dtc's making.
#include <filesystem>

#include <nlohmann/json.hpp>

#include "base/sha256.h"
#include "tests/fake/bitstream.h"
#include "tests/tools/accelkit.h"

namespace runx::tools {
namespace {

using base::test::Scratch;
using test::accelkit;
using test::expect_failure;
using ::testing::AllOf;
using ::testing::HasSubstr;

class Image : public ::testing::Test {
 protected:
  void SetUp() override {
    bitstream(fake::make_bitstream());
    folder_.file("rootfs/bin/program", "a program");
    metadata(
        "\"io.runx-accel.fpga.aes.bitstream\": \"/boot/aes.bit\", \"io.runx-accel.device.timer.path\": "
        "\"/axi/timer@ff110000\", \"io.runx-accel.domain.vcpus\": \"2\"");
    folder_.file("xen.dtb", test::compile(test::board_tree(true)));
    folder_.file("board.json", R"({"schema": 1, "name": "test", "bootTree": "/boot/xen.dtb",
      "regions": [{"name": "pr0", "manager": "Xilinx ZynqMP FPGA Manager", "idcodes": ["04A49093"],
                   "frames": ["0x00002500+64"]}]})");
  }
  void bitstream(const std::string& bytes) {
    folder_.file("rootfs/boot/aes.bit", bytes);
    digest_ = base::sha256_digest(base::bytes_of(bytes));
  }
  void metadata(const std::string& members) { folder_.file("rootfs/.runx-accel.json", "{" + members + "}"); }
  base::Outcome show(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"image", "show", folder_.at("rootfs")});
    return accelkit(std::move(more));
  }
  base::Outcome plan(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"image", "plan", folder_.at("rootfs"), "--board", folder_.at("board.json"), "--dtb",
                               folder_.at("xen.dtb")});
    return accelkit(std::move(more));
  }
  void expect_refused(const base::Outcome& done, const std::string& part) const {
    EXPECT_EQ(done.status, 1);
    EXPECT_EQ(done.output, "");
    EXPECT_THAT(done.errors,
                AllOf(::testing::StartsWith("accelkit: this board would refuse the image:\n  "), HasSubstr(part)));
  }

  Scratch folder_;
  std::string digest_;
};

TEST_F(Image, ShowPrintsWhatIsAsked) {
  const auto done = show();
  EXPECT_EQ(done.status, 0);
  EXPECT_EQ(done.output,
            "io.runx-accel.device.timer.path = /axi/timer@ff110000\n"
            "io.runx-accel.domain.vcpus = 2\n"
            "io.runx-accel.fpga.aes.bitstream = /boot/aes.bit\n"
            "io.runx-accel.schema = 1\n");
}

TEST_F(Image, ShowTakesRunTimeAnnotationsOverTheImages) {
  const auto done = show({"--annotation", "io.runx-accel.domain.vcpus=4", "--annotation", "foreign=a=b"});
  EXPECT_EQ(done.status, 0) << done.errors;
  EXPECT_THAT(done.output, HasSubstr("io.runx-accel.domain.vcpus = 4\n"));
  const auto wrong = show({"--annotation", "novalue"});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_THAT(wrong.errors, HasSubstr("--annotation: novalue: write KEY=VALUE\n"));
}

TEST_F(Image, AnImageWithoutMetadataAsksForNothing) {
  std::filesystem::remove(folder_.at("rootfs/.runx-accel.json"));
  EXPECT_EQ(show().output, "io.runx-accel.schema = 1\n");
}

TEST_F(Image, ShowTellsEveryComplaintInOneLine) {
  metadata(R"("io.runx-accel.domain.vcpus": "x", "io.runx-accel.domain.memroy": "64MiB", "n": 1)");
  const auto done = show();
  EXPECT_EQ(done.status, 1);
  EXPECT_THAT(done.errors, AllOf(HasSubstr("domain.vcpus = \"x\": not a number"), HasSubstr("did you mean"),
                                 HasSubstr("/.runx-accel.json = \"n\"")));
  EXPECT_EQ(std::count(done.errors.begin(), done.errors.end(), '\n'), 1);
}

TEST_F(Image, TheMetadataFileIsReadInsideTheImage) {
  folder_.file("outside.json", "{\"io.runx-accel.domain.vcpus\": \"9\"}");
  std::filesystem::remove(folder_.at("rootfs/.runx-accel.json"));
  std::filesystem::create_symlink("../outside.json", folder_.at("rootfs/.runx-accel.json"));
  EXPECT_EQ(show().output.find("vcpus"), std::string::npos);
}

TEST_F(Image, PlanTellsTheStepsInTheirOrder) {
  const auto done = plan();
  ASSERT_EQ(done.status, 0) << done.errors;
  std::size_t at = 0;
  for (const auto* step :
       {"1. take region pr0\n", "2. take device /axi/timer@ff110000\n", "3. program region pr0 with /boot/aes.bit (",
        "through \"Xilinx ZynqMP FPGA Manager\"\n", "4. create a domain with ", " and 2 vcpus",
        "   device /axi/timer@ff110000\n", "   iomem 0xff110000, 1 page,", "   irq 68\n", "   irq 69\n", "   irq 70\n",
        "5. start it"}) {
    const auto found = done.output.find(step, at);
    EXPECT_NE(found, std::string::npos) << "no \"" << step << "\" in its place in\n" << done.output;
    if (found != std::string::npos) at = found;
  }
}

TEST_F(Image, PlanChecksTheDigest) {
  EXPECT_EQ(plan({"--annotation", "io.runx-accel.fpga.aes.digest=" + digest_}).status, 0);
  const auto other = "sha256:" + std::string(64, '0');
  expect_refused(plan({"--annotation", "io.runx-accel.fpga.aes.digest=" + other}),
                 "bitstream /boot/aes.bit has digest " + digest_ + ", but the image asks for " + other);
}

TEST_F(Image, PlanRefusesABitstreamOfAnotherPart) {
  bitstream(fake::make_bitstream({.idcode = 0x04724093, .part = "xczu9eg"}));
  expect_refused(plan(), "is for the part with IDCODE 04724093 (xczu9eg), but region pr0 takes 04a49093");
}

TEST_F(Image, PlanRefusesADeviceWithoutTheMark) {
  folder_.file("xen.dtb", test::compile(test::board_tree(false)));
  expect_refused(plan(), "device /axi/timer@ff110000 ");
}

TEST_F(Image, PlanTellsAllRefusalsAtOnce) {
  bitstream(fake::make_bitstream({.partial = false}));
  folder_.file("xen.dtb", test::compile(test::board_tree(false)));
  const auto done = plan({"--annotation", "io.runx-accel.domain.memory=1MiB"});
  expect_refused(done, "is a full one");
  EXPECT_THAT(done.errors, AllOf(HasSubstr("domain.memory 1MiB is too small"), HasSubstr("device /axi/timer")));
}

TEST_F(Image, PlanAfterPrepareIsGranted) {
  folder_.file("board.dtb", test::compile(test::board_tree(false)));
  ASSERT_EQ(
      accelkit({"board", "prepare", folder_.at("board.dtb"), "--device", "ttc0", "-o", folder_.at("xen.dtb")}).status,
      0);
  EXPECT_EQ(plan().status, 0);
}

// Whatever an image's names hold, no terminal is steered by it: neither by C0 nor by C1, as a byte or as UTF-8.
TEST_F(Image, NothingThatIsPrintedSteersATerminal) {
  const auto expect_printable = [](const base::Outcome& done) {
    const auto all = done.output + done.errors;
    for (const char* raw : {"\x1b", "\xc2\x9b", "\x7f", "\r"}) EXPECT_THAT(all, ::testing::Not(HasSubstr(raw)));
  };
  // Controls below 0x20 and 0x7f make no path; C1 does.
  const std::string name =
      "/boot/\xc2\x9b"
      "31mgr\xc3\xbc.bit";
  folder_.file("rootfs" + name, fake::make_bitstream());
  metadata(R"("io.runx-accel.fpga.aes.bitstream": "/boot/\u009b31mgr\u00fc.bit")");
  for (const auto& done : {show(), plan()}) {
    expect_printable(done);
    EXPECT_EQ(done.status, 0) << done.errors;
    EXPECT_THAT(done.output, HasSubstr("/boot/\\u009b31mgr\xc3\xbc.bit"));
  }
  const auto machines = show({"--json"});
  expect_printable(machines);
  EXPECT_EQ(nlohmann::json::parse(machines.output)[0]["annotations"]["io.runx-accel.fpga.aes.bitstream"], name);
  metadata(R"("io.runx-accel.fpga.aes.bitstream": "/none/\u009b31m.bit")");
  const auto failed = plan();
  expect_printable(failed);
  EXPECT_THAT(failed.errors, HasSubstr("\\u009b31m.bit"));
  expect_printable(accelkit({"image", "show", folder_.at("no\x1b[31m\x7f\x9bsuch")}));
  expect_printable(accelkit({"image", "\x1b[31m"}));
}

TEST_F(Image, FailuresAreOneSentence) {
  expect_failure({"image", "show", folder_.at("no")},
                 "cannot open the root file system: cannot open " + folder_.at("no") + ": No such file or directory");
  std::filesystem::remove(folder_.at("rootfs/boot/aes.bit"));
  EXPECT_EQ(plan().errors, "accelkit: fpga.aes: cannot open /boot/aes.bit of the image: No such file or directory\n");
  bitstream(fake::make_bitstream());
  folder_.file("board.json", R"({"schema": 1, "name": "x", "bootTree": "/b", "region": []})");
  EXPECT_EQ(plan().errors,
            "accelkit: " + folder_.at("board.json") + " has the unknown key \"region\": did you mean \"regions\"?\n");
  folder_.file("xen.dtb", "no tree");
  EXPECT_EQ(plan().status, 1);
}

TEST_F(Image, PlanPrintsWhatAnotherRuntimeCanRead) {
  expect_failure({"image", "plan", folder_.at("rootfs"), "--board", folder_.at("board.json"), "--dtb",
                  folder_.at("xen.dtb"), "--hwconfig"},
                 "--hwconfig names the guest's device tree as a file: say where to write it with -o");
  const auto done = plan({"--hwconfig", "-o", folder_.at("guest.dtb")});
  ASSERT_EQ(done.status, 0) << done.errors;
  const auto memory = std::to_string(52ULL << 20);
  EXPECT_EQ(done.output, R"({
  "vm": {
    "hwConfig": {
      "deviceTree": ")" + folder_.at("guest.dtb") +
                             R"(",
      "vcpus": 2,
      "memory": )" + memory + R"(,
      "iomems": [
        {
          "firstGFN": 1044752,
          "firstMFN": 1044752,
          "nrMFNs": 1
        }
      ],
      "irqs": [
        68,
        69,
        70
      ]
    }
  }
}
)");
  EXPECT_FALSE(folder_.content("guest.dtb").empty());
}

}  // namespace
}  // namespace runx::tools
