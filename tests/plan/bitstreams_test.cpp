// SPDX-License-Identifier: Apache-2.0
// What a region's frames, a policy's word and what a region holds already mean for where a bitstream goes. Where it
// goes otherwise: plan_test.cpp.
#include "plan/bitstreams.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/image.h"
#include "tests/fake/bitstream.h"
#include "tests/fake/fake_board.h"

namespace runx::plan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string digest(char digit) { return "sha256:" + std::string(64, digit); }

class PlaceTest : public testing::Test {
 protected:
  PlaceTest() {
    host_.board = parse_board(fake::fake_board_json(), "board.json").value();
    request_.bitstreams = {{"aes", "/boot/aes.bit", std::nullopt, std::nullopt}};
    auto& facts = image_.bitstreams["/boot/aes.bit"];
    facts.digest = digest('a');
    facts.payload_digest = digest('b');
    facts.info.has_stream = true;
    facts.info.idcode = 0x04A49093;
    facts.info.partial = true;
    writes({{{0x00002500}, 4, 4, 0}});
  }

  bitstream::BitstreamInfo& info() { return image_.bitstreams.at("/boot/aes.bit").info; }
  void writes(std::vector<bitstream::FrameRun> runs) { info().footprint = bitstream::normalized(std::move(runs)); }
  annotations::BitstreamRequest& asked() { return request_.bitstreams.at(0); }
  Region& region(std::size_t number) { return host_.board.regions.at(number); }
  void rule(const PolicyRule& rule) { host_.policy = Policy{{rule}}; }
  static PolicyRule giving_all() {
    PolicyRule all;
    all.give = {"region *"};
    return all;
  }

  // Left there by another container of the same asker.
  void holds(const std::string& region, char digit) { host_.contents[region] = {digest(digit), "c0", "", ""}; }

  Blank check(const std::string& blank) { return check_blank(region(0), base::bytes_of(blank)); }
  PlacedBitstreams place() { return place_bitstreams(request_, host_, image_); }
  RegionStep placed() {
    auto out = place();
    EXPECT_THAT(out.refusals, IsEmpty());
    return out.steps.empty() ? RegionStep{} : out.steps.front();
  }

  annotations::AcceleratorRequest request_;
  HostFacts host_;
  ImageFacts image_;
};

TEST_F(PlaceTest, InsideItsRegion) {
  EXPECT_THAT(placed().regions, ElementsAre("pr0"));
  writes({{{0x00002500}, 2, 2, 0}});
  EXPECT_THAT(placed().regions, ElementsAre("pr0"));
}

TEST_F(PlaceTest, AFrameThatTheRegionHasNot) {
  writes({{{0x00002500}, 4, 4, 0}, {{0x00082500}, 2, 2, 0}});
  EXPECT_THAT(place().refusals,
              ElementsAre("bitstream /boot/aes.bit writes outside region pr0: the first such frame is block 0, row 2, "
                          "column 37, minor 0 (0x00082500): build it for this region"));
}

TEST_F(PlaceTest, ARunThatGoesOnForTooLong) {
  asked().region = "pr0";
  writes({{{0x00002500}, 5, 5, 0}});
  EXPECT_THAT(place().refusals,
              ElementsAre("bitstream /boot/aes.bit writes outside region pr0: the first such frame is number 5 from "
                          "block 0, row 0, column 37, minor 0 (0x00002500): build it for this region"));
}

TEST_F(PlaceTest, ARegionWithoutFramesTakesNothingAndOneWithAnyTakesAll) {
  asked().region = "pr0";
  region(0).frames.clear();
  EXPECT_THAT(place().refusals, ElementsAre(HasSubstr("let the board's owner run accelkit fpga learn pr0 with")));
  region(0).any_frames = true;
  EXPECT_THAT(placed().regions, ElementsAre("pr0"));
}

TEST_F(PlaceTest, AnyTakesTheRegionWhoseFramesItWrites) {
  region(1).frames = {{{0x00082500}, 4, 4, 0}};
  writes({{{0x00082500}, 4, 4, 0}});
  EXPECT_THAT(placed().regions, ElementsAre("pr1"));
}

TEST_F(PlaceTest, OfAnEncryptedOneTheFramesAreNotKnown) {
  info().encrypted = true;
  info().footprint.clear();
  asked().encrypted = true;
  auto let_in = giving_all();
  let_in.encrypted = true;
  rule(let_in);
  EXPECT_THAT(placed().regions, ElementsAre("pr0"));
}

TEST_F(PlaceTest, WhatARegionHoldsIsLeftThere) {
  EXPECT_FALSE(placed().loaded);
  holds("pr1", 'b');
  EXPECT_TRUE(placed().loaded);
  EXPECT_THAT(placed().regions, ElementsAre("pr1"));
  holds("pr0", 'b');
  EXPECT_THAT(placed().regions, ElementsAre("pr0"));
  host_.holders["region pr0"] = "other";
  EXPECT_THAT(placed().regions, ElementsAre("pr1"));
}

TEST_F(PlaceTest, WhatARegionHoldsButHasAnotherDigestIsNot) {
  holds("pr0", 'c');
  EXPECT_FALSE(placed().loaded);
}

TEST_F(PlaceTest, APolicyMayWantAFreshLoad) {
  holds("pr1", 'b');
  auto fresh = giving_all();
  fresh.fresh_load = true;
  rule(fresh);
  EXPECT_FALSE(placed().loaded);
  EXPECT_THAT(placed().regions, ElementsAre("pr0"));
}

TEST_F(PlaceTest, AnotherNamespaceGetsAFreshLoad) {
  host_.contents["pr1"] = {digest('b'), "c0", "/run/a", "lab"};
  host_.root = "/run/a";
  for (const char* asker : {"", "shop"}) {
    host_.kubernetes_namespace = asker;
    EXPECT_FALSE(placed().loaded) << asker;
    EXPECT_THAT(placed().regions, ElementsAre("pr0")) << "nor is that region preferred: " << asker;
  }
  host_.kubernetes_namespace = "lab";
  EXPECT_TRUE(placed().loaded);
  EXPECT_THAT(placed().regions, ElementsAre("pr1"));
}

TEST_F(PlaceTest, WithoutNamespacesTheRootTellsAskersApart) {
  host_.contents["pr1"] = {digest('b'), "c0", "/run/a", ""};
  host_.root = "/run/b";
  EXPECT_FALSE(placed().loaded);
  host_.root = "/run/a";
  EXPECT_TRUE(placed().loaded);
}

TEST_F(PlaceTest, ABlankThatNobodyHasUsedIsLeftToEverybody) {
  host_.contents["pr1"] = {digest('b'), "", "", ""};
  host_.kubernetes_namespace = "lab";
  EXPECT_TRUE(placed().loaded);
}

TEST_F(PlaceTest, TheBoardFileMayForbidReuse) {
  holds("pr0", 'b');
  EXPECT_TRUE(placed().loaded);
  region(0).reuse = false;
  EXPECT_FALSE(placed().loaded);
}

TEST_F(PlaceTest, BehindBridgesARegionIsProgrammedForEveryContainer) {
  holds("pr0", 'b');
  asked().region = "pr0";
  region(0).node = "/fpga-region";
  EXPECT_FALSE(placed().loaded);
  EXPECT_EQ(placed().node, "/fpga-region");
}

TEST_F(PlaceTest, TheBlankOfTheRegion) {
  region(0).blank = "/blank.bit";
  BitstreamFacts blank;
  blank.payload_digest = digest('d');
  host_.blanks.emplace("pr0", blank);
  EXPECT_EQ(placed().blank, "/blank.bit");
  asked().region = "pr0";
  host_.blanks.insert_or_assign("pr0", Blank(tl::unexpected(std::string("cannot read /blank.bit"))));
  EXPECT_THAT(place().refusals,
              ElementsAre("the blank bitstream of region pr0 cannot be used: cannot read /blank.bit"));
}

TEST_F(PlaceTest, ABlankIsHeldAgainstItsRegionToo) {
  region(0).blank = "/blank.bit";
  EXPECT_TRUE(check(fake::make_bitstream()));
  fake::BitstreamOptions options;
  options.header = false;
  EXPECT_TRUE(check(fake::make_bitstream(options)));
  options = {};
  options.idcode = 0x04738093;
  EXPECT_THAT(check(fake::make_bitstream(options)).error(), HasSubstr("IDCODE 04738093"));
  options = {};
  options.writes = {{0x00082500, 2}};
  EXPECT_THAT(check(fake::make_bitstream(options)).error(), HasSubstr("writes outside region pr0"));
  options = {};
  options.partial = false;
  EXPECT_THAT(check(fake::make_bitstream(options)).error(), HasSubstr("is a full one"));
  EXPECT_THAT(check("no bitstream").error(), HasSubstr("/blank.bit"));
}

TEST_F(PlaceTest, AfterAFullBitstreamTheRegionsAreGone) {
  host_.contents["pr0"] = {digest('c'), "c0", "", "", true};
  EXPECT_THAT(placed().regions, ElementsAre("pr1"));
  asked().region = "pr0";
  EXPECT_THAT(place().refusals, ElementsAre(HasSubstr("region pr0 is gone: the full bitstream of container c0")));
}

TEST_F(PlaceTest, AFileThatNoRegionWouldGetIsLookedAtToo) {
  auto full = image_.bitstreams.at("/boot/aes.bit");
  full.info.partial = false;
  image_.bitstreams["/boot/full.bit"] = full;
  asked().file = "/boot/full.bit";
  asked().variants = {{"pr0", {"/boot/aes.bit"}}, {"pr1", {"/boot/aes.bit"}}};
  EXPECT_THAT(place().refusals, ElementsAre(HasSubstr("/boot/full.bit is a full one")));
}

TEST_F(PlaceTest, WhatIsWorthReadingIsWhatARegionThatIsGivenCouldTake) {
  const auto worth = [&] { return bitstreams_worth_reading(request_, host_); };
  asked().variants = {{"pr1", {"/boot/aes-1.bit"}}, {"pr9", {"/boot/aes-9.bit"}}};
  asked().overlay = "/boot/aes.dtbo";
  EXPECT_THAT(worth().bitstreams, ElementsAre("/boot/aes-1.bit", "/boot/aes.bit"));
  EXPECT_THAT(worth().overlays, ElementsAre("/boot/aes.dtbo"));
  EXPECT_THAT(worth().regions, ElementsAre("pr0", "pr1"));
  // It may be free when the plan is made.
  host_.holders["region pr1"] = "other";
  EXPECT_THAT(worth().regions, ElementsAre("pr0", "pr1"));
  auto one = giving_all();
  one.give = {"region pr1"};
  rule(one);
  EXPECT_THAT(worth().bitstreams, IsEmpty());
  EXPECT_THAT(worth().refusals, ElementsAre(HasSubstr("pr1 is held by container other")));
  host_.holders.clear();
  EXPECT_THAT(worth().bitstreams, ElementsAre("/boot/aes-1.bit"));
  asked().shell = "another";
  EXPECT_THAT(worth().bitstreams, IsEmpty());
  EXPECT_THAT(worth().refusals, ElementsAre(HasSubstr("is for shell another, but region pr0")));
  asked().shell.reset();
  asked().region = "pr0";
  EXPECT_THAT(worth().bitstreams, IsEmpty());
  EXPECT_THAT(worth().refusals, ElementsAre(HasSubstr("region pr0 is not given")));
  asked().region = "pr9";
  EXPECT_THAT(worth().refusals, ElementsAre(HasSubstr("region pr9, which fpga.aes asks for, is not one of")));
}

TEST_F(PlaceTest, AFileThatWasNotWorthReadingIsNotMissed) {
  asked().variants = {{"pr1", {"/boot/aes-1.bit"}}};
  auto one = giving_all();
  one.give = {"region pr0"};
  rule(one);
  EXPECT_THAT(placed().regions, ElementsAre("pr0"));
  // One that was worth it is.
  rule(giving_all());
  EXPECT_THAT(place().refusals, ElementsAre("bitstream /boot/aes-1.bit was not read"));
}

class XclbinTest : public PlaceTest {
 protected:
  XclbinTest() {
    info().format = bitstream::Format::xclbin;
    info().uuid = "000102030405060708090a0b0c0d0e0f";
    section("BITSTREAM");
    section("IP_LAYOUT");
    host_.zocl = true;
  }
  void section(const char* kind) {
    info().parts.emplace_back();
    info().parts.back().kind = kind;
  }
};

TEST_F(XclbinTest, XrtGetsWhatHasNothingThatNobodyCanCheck) {
  EXPECT_EQ(placed().xclbin_uuid, info().uuid);
  section("PARTITION_METADATA");
  EXPECT_THAT(place().refusals, ElementsAre(HasSubstr("has a section PARTITION_METADATA, which XRT would follow")));
  host_.zocl = false;
  EXPECT_EQ(placed().xclbin_uuid, "");
}

TEST_F(XclbinTest, OneBitstreamAndAUuid) {
  section("BITSTREAM");
  info().uuid.clear();
  EXPECT_THAT(place().refusals, ElementsAre(HasSubstr("has 2 bitstreams"), HasSubstr("has no uuid")));
}

class FullTest : public PlaceTest {
 protected:
  FullTest() {
    info().partial = false;
    writes({{{0}, 30000, 30000, 0}});
    auto whole = giving_all();
    whole.full = true;
    rule(whole);
  }
};

TEST_F(FullTest, TakesTheWholeDevice) {
  const auto step = placed();
  EXPECT_TRUE(step.full);
  EXPECT_THAT(step.regions, ElementsAre("pr0", "pr1"));
  EXPECT_EQ(step.where(), "the whole device (regions pr0, pr1)");
}

TEST_F(FullTest, NeedsThePolicysPermission) {
  rule(giving_all());
  EXPECT_THAT(place().refusals, ElementsAre(HasSubstr("or let /etc/runx-accel/policy.json say \"full\": true")));
  host_.policy.reset();
  EXPECT_THAT(place().refusals, ElementsAre(HasSubstr("is a full one and would replace the whole device")));
}

TEST_F(FullTest, NeedsEveryRegionToBeGivenAndFree) {
  host_.holders["region pr1"] = "other";
  EXPECT_THAT(place().refusals, ElementsAre(HasSubstr("and region pr1 is held by container other")));
  host_.holders.clear();
  host_.policy->rules[0].give = {"region pr0"};
  EXPECT_THAT(place().refusals, ElementsAre(HasSubstr("region pr1 is not given")));
}

TEST_F(FullTest, HasNoRegion) {
  asked().region = "pr0";
  EXPECT_THAT(place().refusals, ElementsAre(HasSubstr("is a full one, which has no region")));
  asked().region.reset();
  asked().variants["pr0"] = {"/boot/aes.bit"};
  EXPECT_THAT(place().refusals, ElementsAre(HasSubstr("is a full one, which has no region")));
}

TEST_F(FullTest, AndAPartialOneDoNotGoTogether) {
  auto partial = image_.bitstreams.at("/boot/aes.bit");
  partial.info.partial = true;
  partial.info.footprint = {{{0x00002500}, 4, 4, 0}};
  image_.bitstreams["/boot/fft.bit"] = partial;
  request_.bitstreams.push_back({"fft", "/boot/fft.bit", std::nullopt, "pr1"});
  EXPECT_THAT(place().refusals, ElementsAre(HasSubstr("region pr1 is asked for by another bitstream of the image")));
}

TEST_F(FullTest, ABoardWithoutRegionsHasNoManager) {
  host_.board.regions.clear();
  EXPECT_THAT(place().refusals, ElementsAre(HasSubstr("names no region of the FPGA, and so no manager")));
}

}  // namespace
}  // namespace runx::plan
