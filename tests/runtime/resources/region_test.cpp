// SPDX-License-Identifier: Apache-2.0
#include "runtime/resources/region.h"

#include <filesystem>

#include <sys/mman.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/sha256.h"
#include "bitstream/bitstream.h"
#include "fpga/manager.h"
#include "fpga/xrt.h"
#include "plan/image.h"
#include "plan/region_kind.h"
#include "runtime/resources/contents.h"
#include "tests/fake/bitstream.h"
#include "tests/fake/containers.h"
#include "tests/fake/fake_board.h"
#include "tests/fake/fake_fpga.h"
#include "tests/fake/fake_overlay.h"

namespace runx::resources {
namespace {

namespace fs = std::filesystem;
using plan::RegionStep;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr const char* uuid = "0d9fa4d0-2a6c-8b5e-9d3e-111111111111";
constexpr const char* other_uuid = "0d9fa4d0-2a6c-8b5e-9d3e-222222222222";
constexpr const char* blank = "/lib/firmware/blank.bit";

std::string digest_of(const std::string& stream) { return base::sha256_digest(base::bytes_of(stream)); }

class BitstreamTest : public testing::Test {
 protected:
  static RegionStep step(const std::string& region = "pr0") {
    return {.file = "/boot/aes.bit",
            .regions = {region},
            .manager = fake::fpga_name,
            .payload_digest = digest_of(fake::make_stream({}))};
  }
  static RegionStep aes() { return step(); }
  // With a blank that the board's owner put into Dom0.
  RegionStep with_blank() {
    fake::BitstreamOptions options;
    options.seed = 7;
    board_.file(blank, fake::make_bitstream(options));
    blank_digest_ = digest_of(fake::make_stream(options));
    auto board = base::parse_json(fake::fake_board_json(), "").value();
    board["regions"][0]["blank"] = blank;
    board_.file("/etc/runx-accel/board.json", base::json_text(board));
    auto wanted = step();
    wanted.blank = blank;
    return wanted;
  }
  // With a file that was checked, of an image somewhere else.
  base::Status acquire(const RegionStep& step, const std::string& content = fake::make_stream({})) {
    auto facts = plan::bitstream_facts(base::bytes_of(content), "file", runx::bitstream::Parts::built_in());
    EXPECT_TRUE(facts) << facts.error().what;
    auto file = std::make_shared<base::Fd>(::memfd_create("file", MFD_CLOEXEC));
    EXPECT_EQ(::write(file->get(), content.data(), content.size()), static_cast<ssize_t>(content.size()));
    plan::Bitstreams bitstreams;
    bitstreams.facts[step.file] = *facts;
    bitstreams.files[step.file] = std::move(file);
    Acquisition with{board_, container_, directory_, bitstreams, runx::bitstream::Parts::built_in()};
    return region_resource().acquire(with, {plan::region_kind(), step});
  }
  base::Status release(const RegionStep& step) {
    const plan::Step whole(plan::region_kind(), step);
    if (auto released = region_resource().release(board_, container_, whole); !released) return released;
    return region_resource().remove_files(board_, container_, whole);
  }
  // As a load that was killed does.
  void leave_firmware() { board_.file("/lib/firmware/runx-accel/" + std::string(uuid) + "-pr0.bin", "a stream"); }
  std::vector<std::string> firmware() { return board_.list("/lib/firmware").value(); }
  std::string flags() { return board_.content(std::string(fake::fpga_path) + "/flags"); }
  std::map<std::string, Content> contents() { return read_contents(board_).value(); }

  const Container container_{{"/run/a", "c1", "0123456789abcdef"}, uuid, "lab"};
  const std::string directory_ = "/run/a/c1";
  fake::FakeBoard board_;
  std::string blank_digest_;
};

TEST_F(BitstreamTest, ABitstreamIsTakenAndGivenBack) {
  const auto before = board_.rest();
  ASSERT_TRUE(acquire(aes()));
  EXPECT_EQ(board_.loads(), 1U);
  EXPECT_EQ(board_.content("/fake/fpga/last_flags"), "1");
  for (int time = 0; time < 3; ++time) EXPECT_TRUE(release(aes()));
  EXPECT_EQ(board_.rest(), before);
}

TEST_F(BitstreamTest, GivingBackResetsFlagsThatAKilledLoadLeft) {
  board_.file(std::string(fake::fpga_path) + "/flags", "1\n");
  ASSERT_TRUE(release(aes()));
  EXPECT_EQ(flags(), "0\n");
}

TEST_F(BitstreamTest, GivingBackTakesAwayHalfAFirmwareFile) {
  const auto path = "/lib/firmware/runx-accel/" + std::string(uuid) + "-pr0.bin.AbC123";
  board_.file(path, "half");
  board_.file("/lib/firmware/runx-accel/" + std::string(other_uuid) + "-pr0.bin.AbC123", "another's");
  ASSERT_TRUE(release(aes()));
  EXPECT_EQ(board_.list("/lib/firmware/runx-accel").value().size(), 1U);
}

TEST_F(BitstreamTest, AnAbsentManagerIsNoReasonToKeepTheFile) {
  leave_firmware();
  fs::remove_all(board_.real(fake::fpga_path));
  EXPECT_TRUE(release(aes()));
  EXPECT_TRUE(firmware().empty());
}

TEST_F(BitstreamTest, NorIsOneThatNeverCouldLoad) {
  for (const char* attribute : {"/firmware", "/flags"}) {
    fs::remove(board_.real(fake::fpga_path + std::string(attribute)));
    ASSERT_FALSE(acquire(aes()));
    EXPECT_TRUE(release(aes())) << attribute;
  }
}

TEST_F(BitstreamTest, ADirectoryThatAnotherContainerTakesAwayIsMadeAgain) {
  board_.fail("write", "/lib/firmware/runx-accel/" + std::string(uuid) + "-pr0.bin", ENOENT);
  EXPECT_TRUE(acquire(aes()));
  EXPECT_EQ(board_.loads(), 1U);
}

TEST_F(BitstreamTest, AManagerThatCannotBeAskedIs) {
  leave_firmware();
  for (const auto& [operation, path] :
       {std::pair{"list", "/sys/class/fpga_manager"}, {"read", "/sys/class/fpga_manager/fpga0/name"}}) {
    board_.fail(operation, path, EIO);
    EXPECT_FALSE(release(aes())) << operation;
    EXPECT_FALSE(firmware().empty());
  }
}

TEST_F(BitstreamTest, AFailedLoadNamesTheRegionAndTheState) {
  board_.file("/fake/fpga/fail_next", "110");
  const auto done = acquire(aes());
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().what, HasSubstr("region pr0: the fpga manager"));
  EXPECT_THAT(done.error().what, HasSubstr("its state is 'write error'"));
  EXPECT_EQ(flags(), "0\n");
}

TEST_F(BitstreamTest, ItsFirmwareFileIsGoneOnceTheKernelHasReadIt) {
  ASSERT_TRUE(acquire(aes()));
  EXPECT_THAT(firmware(), IsEmpty());
}

TEST_F(BitstreamTest, GivingBackOneLeavesTheOthersFile) {
  board_.file("/lib/firmware/runx-accel/" + std::string(other_uuid) + "-pr1.bin", "another's");
  leave_firmware();
  ASSERT_TRUE(release(aes()));
  EXPECT_THAT(board_.list("/lib/firmware/runx-accel").value(), ElementsAre(std::string(other_uuid) + "-pr1.bin"));
}

TEST_F(BitstreamTest, WhatTheRegionHoldsIsKnownAlsoAfterItIsGivenBack) {
  ASSERT_TRUE(acquire(aes()));
  const Content content{digest_of(fake::make_stream({})), "/boot/aes.bit", "c1", "/run/a", "lab", false};
  EXPECT_THAT(contents(), ElementsAre(Pair("pr0", content)));
  ASSERT_TRUE(release(aes()));
  EXPECT_THAT(contents(), ElementsAre(Pair("pr0", content)));
}

TEST_F(BitstreamTest, WhatTheRegionHoldsAlreadyIsNotProgrammed) {
  auto held = step();
  held.loaded = true;
  ASSERT_TRUE(acquire(held));
  EXPECT_EQ(board_.loads(), 0U);
}

TEST_F(BitstreamTest, AfterAFailedLoadNobodyKnowsWhatTheRegionHolds) {
  ASSERT_TRUE(acquire(aes()));
  board_.file("/fake/fpga/fail_next", "5");
  ASSERT_FALSE(acquire(aes()));
  EXPECT_THAT(contents(), IsEmpty());
}

TEST_F(BitstreamTest, AFullOneIsLoadedWithoutTheFlagOfAPartialOne) {
  RegionStep full = step();
  full.regions = {"pr0", "pr1"};
  full.full = true;
  ASSERT_TRUE(acquire(full));
  EXPECT_EQ(board_.content("/fake/fpga/last_flags"), "0");
  EXPECT_EQ(contents().size(), 2U);
}

TEST_F(BitstreamTest, ABlankIsLoadedOnceWhenTheRegionIsGivenBack) {
  const auto taken = with_blank();
  ASSERT_TRUE(acquire(taken));
  for (int time = 0; time < 3; ++time) EXPECT_TRUE(release(taken));
  EXPECT_EQ(board_.loads(), 2U);
  EXPECT_EQ("sha256:" + board_.content("/fake/fpga/last_sha256"), blank_digest_);
  EXPECT_EQ(board_.content("/fake/fpga/last_flags"), "1");
  EXPECT_THAT(contents(), ElementsAre(Pair("pr0", Content{blank_digest_, blank, "", "", "", false})));
  EXPECT_THAT(firmware(), ElementsAre("blank.bit"));
}

TEST_F(BitstreamTest, NoBlankWhereTheRecordBroughtNothing) {
  const Content another{"sha256:another", "/x.bit", "c0", "/run/a", "", false};
  ASSERT_TRUE(write_content(board_, "pr0", another));
  ASSERT_TRUE(release(with_blank()));
  EXPECT_EQ(board_.loads(), 0U);
  EXPECT_EQ(contents().at("pr0"), another);
}

TEST_F(BitstreamTest, ABlankThatIsNoneAnyMoreKeepsTheRegion) {
  const auto taken = with_blank();
  ASSERT_TRUE(acquire(taken));
  board_.file(blank, "no bitstream");
  const auto done = release(taken);
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().what, HasSubstr("region pr0 cannot be made blank: "));
  EXPECT_EQ(board_.loads(), 1U);
  fake::BitstreamOptions another;
  another.seed = 8;
  board_.file(blank, fake::make_bitstream(another));
  EXPECT_TRUE(release(taken)) << "the owner may have built another one";
  EXPECT_EQ(contents().at("pr0").digest, digest_of(fake::make_stream(another)));
}

TEST_F(BitstreamTest, ABlankThatTheBoardDoesNotNameAnyMoreIsNotLoaded) {
  const auto taken = with_blank();
  ASSERT_TRUE(acquire(taken));
  board_.file("/etc/runx-accel/board.json", fake::fake_board_json());
  EXPECT_TRUE(release(taken));
  EXPECT_EQ(board_.loads(), 1U);
}

TEST_F(BitstreamTest, ABlankThatTheManagerRefusesIsTriedAgain) {
  const auto taken = with_blank();
  ASSERT_TRUE(acquire(taken));
  board_.file("/fake/fpga/fail_next", "110");
  EXPECT_FALSE(release(taken));
  EXPECT_TRUE(release(taken));
  EXPECT_EQ(contents().at("pr0").file, blank);
}

class XclbinTest : public BitstreamTest {
 protected:
  XclbinTest() {
    board_.file("/sys/class/drm/renderD128/device/uevent", "DRIVER=zocl-drm\n");
    board_.on_program(fpga::xrt_load_path, [this](const base::Command& command) {
      loaded_ = base::Host().read(command.argv.at(1)).value();
      return base::Outcome{status_, "errno 16\n", "xrt-load: busy\n"};
    });
  }
  static RegionStep xclbin() {
    auto wanted = step();
    wanted.xclbin_uuid = "000102030405060708090a0b0c0d0e0f";
    return wanted;
  }
  std::vector<std::string> copies() { return board_.list("/run/runx-accel/xrt").value(); }

  int status_ = 0;
  std::string loaded_;
  std::string whole_ = fake::make_xclbin({{.kind = 0, .content = fake::make_bitstream()}});
};

TEST_F(XclbinTest, GoesToXrtAsACopyOfItsOwn) {
  ASSERT_TRUE(acquire(xclbin(), whole_));
  EXPECT_EQ(loaded_, whole_);
  EXPECT_EQ(board_.loads(), 0U);
  EXPECT_EQ(contents().size(), 1U);
  EXPECT_THAT(copies(), IsEmpty());
  for (int time = 0; time < 2; ++time) EXPECT_TRUE(release(xclbin()));
}

TEST_F(XclbinTest, ThatXrtRefusesLeavesNothing) {
  status_ = 1;
  const auto done = acquire(xclbin(), whole_);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, std::errc::device_or_resource_busy);
  EXPECT_THAT(done.error().what, testing::StartsWith("region pr0: XRT did not load"));
  EXPECT_THAT(contents(), IsEmpty());
  EXPECT_TRUE(release(xclbin()));
  EXPECT_THAT(copies(), IsEmpty());
}

class RegionNodeTest : public BitstreamTest {
 protected:
  RegionNodeTest() { fake::add_fake_overlays(board_); }
  RegionStep through_node() {
    auto wanted = step();
    wanted.node = fake::fake_region;
    wanted.overlay = true;
    return wanted;
  }
  std::string bridge() { return board_.content(std::string(fake::fake_bridges) + "0/state"); }
  std::vector<std::string> overlays() { return board_.list(fake::fake_overlays).value(); }
};

TEST_F(RegionNodeTest, IsProgrammedThroughItAndShutOffAfterwards) {
  const auto before = board_.rest();
  ASSERT_TRUE(acquire(through_node()));
  EXPECT_EQ(board_.loads(), 1U);
  EXPECT_EQ(board_.content("/fake/fpga/last_flags"), "1");
  EXPECT_EQ(bridge(), "enabled\n");
  EXPECT_THAT(overlays(), ElementsAre("runx-accel-pr0"));
  for (int time = 0; time < 3; ++time) EXPECT_TRUE(release(through_node()));
  EXPECT_EQ(bridge(), "disabled\n");
  EXPECT_THAT(overlays(), IsEmpty());
  EXPECT_THAT(firmware(), IsEmpty());
  board_.file(std::string(fake::fake_bridges) + "0/state", "enabled\n");
  EXPECT_EQ(board_.rest(), before);
}

TEST_F(RegionNodeTest, ItsBlankIsLoadedBehindTheBridges) {
  auto taken = with_blank();
  taken.node = fake::fake_region;
  taken.overlay = true;
  ASSERT_TRUE(acquire(taken));
  for (int time = 0; time < 2; ++time) EXPECT_TRUE(release(taken));
  EXPECT_EQ(board_.loads(), 2U);
  EXPECT_EQ(bridge(), "disabled\n");
  EXPECT_EQ(contents().at("pr0").file, blank);
}

TEST_F(RegionNodeTest, AFailureNamesTheRegionAndLeavesNothingOfTheOverlay) {
  board_.file("/fake/fpga/fail_next", "110");
  const auto done = acquire(through_node());
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().what, HasSubstr("region pr0: "));
  EXPECT_THAT(overlays(), IsEmpty());
  EXPECT_TRUE(release(through_node()));
  EXPECT_THAT(firmware(), IsEmpty());
}

TEST_F(RegionNodeTest, ANodeThatIsNotThereIsNotPassedOver) {
  auto wanted = step();
  wanted.node = "/elsewhere";
  wanted.overlay = true;
  EXPECT_FALSE(acquire(wanted));
  EXPECT_EQ(board_.loads(), 0U);
}

}  // namespace
}  // namespace runx::resources
