// SPDX-License-Identifier: Apache-2.0
#include "plan/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/domain_kind.h"
#include "plan/region_kind.h"
#include "tests/fake/fake_board.h"

namespace runx::plan {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

std::string digest(char digit) { return "sha256:" + std::string(64, digit); }

// A request for /boot/aes.bit in any region and for the timer, on a machine that grants both.
class PlanTest : public testing::Test {
 protected:
  PlanTest() {
    host_.board = parse_board(fake::fake_board_json(), "board.json").value();
    const auto tree = fake::fake_boot_tree();
    host_.boot_tree = devtree::Blob::parse(base::bytes_of(tree), "xen.dtb").value();
    host_.live.emplace();
    for (const char* node : {fake::fake_timer, fake::fake_bus, fake::fake_bus_device}) {
      (*host_.live)[node] = {true, "disabled\0"s};
    }
    (*host_.live)[fake::fake_unmarked_timer] = {true, std::nullopt};
    request_.bitstreams = {{"aes", "/boot/aes.bit", digest('a'), std::nullopt}};
    request_.devices = {{"timer", fake::fake_timer}};
    image_.bitstreams["/boot/aes.bit"] = facts();
    image_.rootfs_bytes = 3 * mebibyte;
  }

  static BitstreamFacts facts() {
    BitstreamFacts facts;
    facts.digest = digest('a');
    facts.payload_digest = digest('b');
    facts.info.format = bitstream::Format::bit;
    facts.info.has_stream = true;
    facts.info.part = "xck26-sfvc784-2LV-c";
    facts.info.idcode = 0x04A49093;
    facts.info.partial = true;
    facts.info.payload_offset = 120;
    facts.info.payload_length = 5000;
    return facts;
  }

  bitstream::BitstreamInfo& info() { return image_.bitstreams.at("/boot/aes.bit").info; }

  Plan plan() {
    auto made = make_plan(request_, host_, image_);
    if (const auto* why = std::get_if<Refusals>(&made)) ADD_FAILURE() << testing::PrintToString(*why);
    return std::holds_alternative<Plan>(made) ? std::get<Plan>(std::move(made)) : Plan{};
  }
  Refusals refusals() {
    auto made = make_plan(request_, host_, image_);
    return std::holds_alternative<Refusals>(made) ? std::get<Refusals>(made) : Refusals{};
  }

  annotations::AcceleratorRequest request_;
  HostFacts host_;
  ImageFacts image_;
};

TEST_F(PlanTest, SaysStepByStepWhatWillBeDone) {
  EXPECT_EQ(plan_text(plan()),
            "1. take region pr0\n"
            "2. take device /axi/timer@ff110000\n"
            "3. program region pr0 with /boot/aes.bit (5000 bytes, " +
                digest('b') +
                ") through \"Xilinx ZynqMP FPGA Manager\"\n"
                "4. create a domain with 56MiB and 1 vcpu, kernel /usr/lib/runx-accel/guest-kernel\n"
                "   device /axi/timer@ff110000\n"
                "   iomem 0xff110000, 1 page, in the guest at 0xff110000\n"
                "   irq 68\n"
                "   irq 69\n"
                "   irq 70\n"
                "5. start it, forward its output, and give everything back when it ends\n");
}

TEST_F(PlanTest, NothingAskedIsAPlainDomain) {
  request_ = {};
  request_.domain.vcpus = 2;
  request_.domain.memory = 128 * mebibyte;
  const auto made = plan();
  EXPECT_THAT(made.claims(), IsEmpty());
  EXPECT_EQ(plan_text(made),
            "1. create a domain with 128MiB and 2 vcpus, kernel /usr/lib/runx-accel/guest-kernel\n"
            "2. start it, forward its output, and give everything back when it ends\n");
  EXPECT_FALSE(made.all<DomainStep>().at(0).passthrough.tree.has_tree());
  EXPECT_THAT(made.all<DomainStep>().at(0).command_line, testing::EndsWith(" uio_pdrv_genirq.of_id=cdns,ttc"));
}

TEST_F(PlanTest, AnyTakesTheFirstFreeRegionThatFits) {
  EXPECT_EQ(plan().all<RegionStep>().at(0).regions.at(0), "pr0");
  host_.holders = {{"region pr0", "other"}};
  EXPECT_EQ(plan().all<RegionStep>().at(0).regions.at(0), "pr1");
  host_.holders = {};
  host_.board.regions[0].idcodes = {0x04738093};
  EXPECT_EQ(plan().all<RegionStep>().at(0).regions.at(0), "pr1");
}

TEST_F(PlanTest, MoreBitstreamsThanRegionsAreNotOfAnotherPart) {
  request_.bitstreams.clear();
  for (const char* name : {"a", "b", "c"}) request_.bitstreams.push_back({name, "/boot/aes.bit", {}, {}});
  EXPECT_THAT(refusals(),
              ElementsAre("no region is left for bitstream /boot/aes.bit: the image's other bitstreams take "
                          "all that fit it: ask for fewer"));
}

TEST_F(PlanTest, AnyLeavesARegionToWhoNamesIt) {
  request_.bitstreams = {{"a", "/boot/aes.bit", std::nullopt, std::nullopt}, {"b", "/boot/b.bit", std::nullopt, "pr0"}};
  image_.bitstreams["/boot/b.bit"] = facts();
  const auto made = plan();
  EXPECT_EQ(made.all<RegionStep>().at(0).regions.at(0), "pr1");
  EXPECT_EQ(made.all<RegionStep>().at(1).regions.at(0), "pr0");
}

TEST_F(PlanTest, TwoOfAnyGetTwoRegions) {
  request_.bitstreams.push_back({"b", "/boot/aes.bit", std::nullopt, std::nullopt});
  const auto made = plan();
  EXPECT_EQ(made.all<RegionStep>().at(0).regions.at(0), "pr0");
  EXPECT_EQ(made.all<RegionStep>().at(1).regions.at(0), "pr1");
  request_.bitstreams.push_back({"c", "/boot/aes.bit", std::nullopt, std::nullopt});
  EXPECT_EQ(refusals().size(), 1U);
}

TEST_F(PlanTest, TheRevisionOfTheSiliconDoesNotMatter) {
  info().idcode = 0x14A49093;
  EXPECT_EQ(plan().all<RegionStep>().size(), 1U);
}

TEST_F(PlanTest, WrongPart) {
  info().idcode = 0x04738093;
  info().part = "xczu9eg\x1b[31m";
  EXPECT_THAT(refusals(), ElementsAre("bitstream /boot/aes.bit is for the part with IDCODE 04738093 "
                                      "(xczu9eg\\x1b[31m), but region pr0 takes 04a49093 or 04724093: build it for "
                                      "this board"));
  request_.bitstreams[0].region = "pr1";
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("but region pr1 takes 04a49093: build it")));
}

TEST_F(PlanTest, WrongDigest) {
  request_.bitstreams[0].digest = digest('c');
  EXPECT_THAT(refusals(),
              ElementsAre("bitstream /boot/aes.bit has digest " + digest('a') + ", but the image asks for " +
                          digest('c') + ": rebuild the image with the file that was meant"));
}

TEST_F(PlanTest, AFullBitstream) {
  info().partial = false;
  EXPECT_THAT(refusals(), ElementsAre("bitstream /boot/aes.bit is a full one and would replace the whole device: use "
                                      "a partial one for a region"));
}

TEST_F(PlanTest, OneThatDoesNotSayWhetherItIsPartial) {
  info().partial.reset();
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("does not say whether it is partial")));
}

TEST_F(PlanTest, OneWithoutAnIdcode) {
  info().idcode.reset();
  EXPECT_THAT(refusals(), ElementsAre("bitstream /boot/aes.bit does not say for which part it is (no IDCODE): write it "
                                      "with a tool that does"));
}

TEST_F(PlanTest, AFileWithoutAConfigurationStream) {
  info().has_stream = false;
  for (const auto format :
       {bitstream::Format::boot, bitstream::Format::pdi, bitstream::Format::dtbo, bitstream::Format::xclbin}) {
    info().format = format;
    EXPECT_THAT(refusals(),
                ElementsAre(HasSubstr("is " + bitstream::sentence_name(format) + " and holds no configuration")));
  }
}

TEST_F(PlanTest, AnXclbinGoesToXrtWhereItsDriverIs) {
  info().format = bitstream::Format::xclbin;
  info().uuid = "0123";
  EXPECT_EQ(plan().all<RegionStep>().at(0).xclbin_uuid, "");
  EXPECT_THAT(plan_text(plan()), HasSubstr(") through \"Xilinx ZynqMP FPGA Manager\"\n"));
  host_.zocl = true;
  EXPECT_EQ(plan().all<RegionStep>().at(0).xclbin_uuid, "0123");
  EXPECT_EQ(plan().all<RegionStep>().at(0).node, "");
  EXPECT_THAT(plan_text(plan()), HasSubstr(") through XRT and \"Xilinx ZynqMP FPGA Manager\"\n"));
}

TEST_F(PlanTest, AnEncryptedOne) {
  info().encrypted = true;
  EXPECT_THAT(refusals(), ElementsAre("bitstream /boot/aes.bit is encrypted, so nobody can check what it writes: use a "
                                      "plain one"));
}

TEST_F(PlanTest, AnUnknownRegion) {
  request_.bitstreams[0].region = "pr7";
  EXPECT_THAT(refusals(), ElementsAre("region pr7, which fpga.aes asks for, is not one of this board's regions (pr0, "
                                      "pr1): ask for one of these, or for any"));
  host_.board.regions.clear();
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("regions (it has none)")));
}

TEST_F(PlanTest, ABoardWithoutRegions) {
  host_.board.regions.clear();
  EXPECT_THAT(refusals(),
              ElementsAre("bitstream /boot/aes.bit has no place: this board's file names no region of the FPGA"));
}

TEST_F(PlanTest, ARegionThatIsHeld) {
  request_.bitstreams[0].region = "pr0";
  host_.holders = {{"region pr0", "other"}};
  EXPECT_THAT(refusals(),
              ElementsAre("region pr0 is held by container other: delete it first, or ask for another region"));
}

TEST_F(PlanTest, AllRegionsHeld) {
  host_.holders = {{"region pr0", "one"}, {"region pr1", "two"}};
  EXPECT_THAT(refusals(), ElementsAre("no free region for bitstream /boot/aes.bit: pr0 is held by container one, pr1 "
                                      "is held by container two: delete one of them first"));
}

TEST_F(PlanTest, ADeviceThatIsNotMarked) {
  request_.devices = {{"timer", fake::fake_unmarked_timer}};
  EXPECT_THAT(refusals(), ElementsAre(testing::StartsWith(
                              "device /axi/timer@ff120000 is not marked xen,passthrough in the boot tree: mark it")));
}

TEST_F(PlanTest, ADeviceThatIsNotThere) {
  request_.devices = {{"timer", "/axi/nothing"}};
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("/axi/nothing")));
}

TEST_F(PlanTest, ADeviceThatIsHeldOrHasAHeldRelative) {
  host_.holders = {{"device "s + fake::fake_timer, "other"}};
  EXPECT_THAT(refusals(), ElementsAre("device /axi/timer@ff110000 is held by container other: delete it first"));
  request_.devices = {{"bus", fake::fake_bus}};
  host_.holders = {{"device "s + fake::fake_bus_device, "below"}};
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("gpio@a0010000 is held by container below")));
  request_.devices = {{"gpio", fake::fake_bus_device}};
  host_.holders = {{"device "s + fake::fake_bus, "above"}};
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("bus@a0000000 is held by container above")));
  // A name that only begins alike is no relative.
  host_.holders = {{"device /axi/bus@a00000000", "alike"}, {"region "s + fake::fake_bus, "no device"}};
  EXPECT_THAT(refusals(), IsEmpty());
}

TEST_F(PlanTest, ALiveTreeThatIsNotOfThisBoot) {
  (*host_.live)[fake::fake_timer].status = "okay\0"s;
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("but Dom0 sees it with status okay where Xen would have")));
  (*host_.live)[fake::fake_timer] = {};
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("but Dom0 does not see the node at all")));
  host_.live->clear();
  EXPECT_EQ(refusals().size(), 1U);
  host_.live.reset();  // at a desk there is no machine to look at
  EXPECT_THAT(refusals(), IsEmpty());
}

TEST_F(PlanTest, MemoryGrowsWithTheRootFileSystem) {
  request_.domain.memory.reset();
  image_.rootfs_bytes = 0;
  EXPECT_EQ(plan().all<DomainStep>().at(0).memory, 48 * mebibyte);
  image_.rootfs_bytes = 100 * mebibyte;
  EXPECT_EQ(plan().all<DomainStep>().at(0).memory, 248 * mebibyte);
}

TEST_F(PlanTest, TooLittleMemory) {
  request_.domain.memory = 55 * mebibyte;
  EXPECT_THAT(refusals(), ElementsAre("domain.memory 55MiB is too small for this image: its root file system of 3 MiB "
                                      "needs at least 56MiB"));
  request_.domain.memory = 56 * mebibyte;
  EXPECT_EQ(plan().all<DomainStep>().at(0).memory, 56 * mebibyte);
}

TEST_F(PlanTest, MoreMemoryThanTheBoardGivesADomain) {
  host_.board.guest_memory = std::uint64_t{64} << 20;
  EXPECT_THAT(refusals(), IsEmpty());
  request_.domain.memory = std::uint64_t{65} << 20;
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("the domain needs 65MiB, but /etc/runx-accel/board.json gives a domain "
                                                "at most 64MiB")));
}

TEST_F(PlanTest, MoreMemoryThanAGuestCanHave) {
  request_.domain.memory = std::uint64_t{1024} << 30;
  EXPECT_EQ(refusals().size(), 1U);
}

TEST_F(PlanTest, ABitstreamThatNobodyRead) {
  image_.bitstreams.clear();
  EXPECT_THAT(refusals(), ElementsAre("bitstream /boot/aes.bit was not read"));
}

TEST_F(PlanTest, EverythingThatIsWrongIsSaidAtOnce) {
  request_.bitstreams[0].digest = digest('c');
  request_.bitstreams.push_back({"b", "/boot/b.bit", std::nullopt, "pr9"});
  image_.bitstreams["/boot/b.bit"] = facts();
  info().encrypted = true;
  info().partial = false;
  info().idcode.reset();
  request_.domain.memory = mebibyte;
  request_.devices.push_back({"other", fake::fake_unmarked_timer});
  host_.holders = {{"device "s + fake::fake_timer, "other"}};
  EXPECT_THAT(refusals(),
              ElementsAre(HasSubstr("has digest"), HasSubstr("is encrypted"), HasSubstr("is a full one"),
                          HasSubstr("no IDCODE"), HasSubstr("region pr9"), HasSubstr("is held by container other"),
                          HasSubstr("is not marked xen,passthrough"), HasSubstr("domain.memory 1MiB")));
}

}  // namespace
}  // namespace runx::plan
