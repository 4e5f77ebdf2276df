// SPDX-License-Identifier: Apache-2.0
// What the planner makes of the keys beyond a bitstream's file and a device's path.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "annotations/request.h"
#include "plan/domain_kind.h"
#include "plan/plan.h"
#include "plan/region_kind.h"
#include "tests/fake/fake_board.h"

namespace runx::plan {
namespace {

using annotations::Annotations;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string digest(char digit) { return "sha256:" + std::string(64, digit); }

class KeysTest : public testing::Test {
 protected:
  KeysTest() {
    host_.board = parse_board(fake::fake_board_json(), "board.json").value();
    const auto tree = fake::fake_boot_tree();
    host_.boot_tree = devtree::Blob::parse(base::bytes_of(tree), "xen.dtb").value();
    for (const auto* file : {"/a.bit", "/b.bit"}) add(file);
  }

  bitstream::BitstreamInfo& add(const std::string& file) {
    auto& facts = image_.bitstreams[file];
    facts.digest = digest('a');
    facts.info.format = bitstream::Format::bit;
    facts.info.has_stream = true;
    facts.info.idcode = 0x04A49093;
    facts.info.partial = true;
    return facts.info;
  }

  std::variant<Plan, Refusals> made(const Annotations& keys) {
    Annotations all;
    for (const auto& [key, value] : keys) all[std::string(annotations::prefix) + key] = value;
    const auto parsed = annotations::parse(all);
    for (const auto& complaint : parsed.complaints) ADD_FAILURE() << sentence(complaint);
    return make_plan(parsed.request, host_, image_);
  }
  Plan plan(const Annotations& keys) {
    auto result = made(keys);
    if (const auto* why = std::get_if<Refusals>(&result)) ADD_FAILURE() << testing::PrintToString(*why);
    return std::holds_alternative<Plan>(result) ? std::get<Plan>(std::move(result)) : Plan{};
  }
  Refusals refusals(const Annotations& keys) {
    auto result = made(keys);
    return std::holds_alternative<Refusals>(result) ? std::get<Refusals>(result) : Refusals{};
  }

  HostFacts host_;
  ImageFacts image_;
};

TEST_F(KeysTest, AVariantGoesIntoItsRegion) {
  const auto made = plan({{"fpga.x.bitstream.pr1", "/b.bit"}});
  EXPECT_EQ(made.all<RegionStep>().at(0).regions.at(0), "pr1");
  EXPECT_EQ(made.all<RegionStep>().at(0).file, "/b.bit");
}

TEST_F(KeysTest, TheFirstFreeRegionThatHasAVariant) {
  const Annotations keys{{"fpga.x.bitstream.pr0", "/a.bit"}, {"fpga.x.bitstream.pr1", "/b.bit"}};
  EXPECT_EQ(plan(keys).all<RegionStep>().at(0).file, "/a.bit");
  host_.holders = {{"region pr0", "other"}};
  EXPECT_EQ(plan(keys).all<RegionStep>().at(0).file, "/b.bit");
  host_.holders = {{"region pr0", "one"}, {"region pr1", "two"}};
  EXPECT_THAT(refusals(keys), ElementsAre("no free region for fpga.x: pr0 is held by container one, pr1 is held by "
                                          "container two: delete one of them first"));
}

TEST_F(KeysTest, AFileForAllRegionsStandsInForAMissingVariant) {
  host_.holders = {{"region pr0", "other"}};
  EXPECT_EQ(plan({{"fpga.x.bitstream", "/a.bit"}, {"fpga.x.bitstream.pr0", "/b.bit"}}).all<RegionStep>().at(0).file,
            "/a.bit");
}

TEST_F(KeysTest, NoVariantForThisBoard) {
  EXPECT_THAT(
      refusals({{"fpga.x.bitstream.slot7", "/a.bit"}}),
      ElementsAre("fpga.x has bitstreams for slot7, and this board's regions are others (pr0, pr1): add one for "
                  "a region of this board"));
  EXPECT_THAT(refusals({{"fpga.x.bitstream.pr0", "/a.bit"}, {"fpga.x.region", "pr1"}}),
              ElementsAre("fpga.x has no bitstream for region pr1 that it asks for (it has for pr0): add "
                          "fpga.x.bitstream.pr1"));
}

TEST_F(KeysTest, AVariantsDigestIsChecked) {
  EXPECT_THAT(refusals({{"fpga.x.bitstream.pr0", "/a.bit"}, {"fpga.x.digest.pr0", digest('c')}}),
              ElementsAre(HasSubstr("/a.bit has digest " + digest('a') + ", but the image asks for " + digest('c'))));
}

TEST_F(KeysTest, ARegionByItsNode) {
  host_.board.regions[1].node = "/amba/pr@01";
  EXPECT_EQ(plan({{"resource.x", "/amba/pr@01=/a.bit"}}).all<RegionStep>().at(0).regions.at(0), "pr1");
  EXPECT_THAT(
      refusals({{"fpga.x.bitstream", "/a.bit"},
                {"fpga.x.region", "pr1"},
                {"fpga.y.bitstream", "/b.bit"},
                {"fpga.y.region", "/amba/pr@01"}}),
      ElementsAre("region pr1 is asked for by two bitstreams, fpga.y being the second: ask for another region"));
}

TEST_F(KeysTest, ARegionByItsNodeTakesTheVariantOfItsName) {
  host_.board.regions[1].node = "/amba/pr@01";
  const Annotations keys{{"fpga.x.bitstream", "/a.bit"},
                         {"fpga.x.bitstream.pr1", "/b.bit"},
                         {"fpga.x.digest.pr1", digest('a')},
                         {"fpga.x.region", "/amba/pr@01"}};
  EXPECT_EQ(plan(keys).all<RegionStep>().at(0).file, "/b.bit");
  auto other = keys;
  other["fpga.x.digest.pr1"] = digest('c');
  EXPECT_THAT(refusals(other), ElementsAre(HasSubstr("/b.bit has digest")));
  EXPECT_THAT(refusals({{"fpga.x.bitstream.pr0", "/a.bit"}, {"fpga.x.region", "/amba/pr@01"}}),
              ElementsAre("fpga.x has no bitstream for region pr1 that it asks for (it has for pr0): add "
                          "fpga.x.bitstream.pr1"));
}

TEST_F(KeysTest, ARegionThatIsAskedForByItsNodeIsNotTakenForAny) {
  host_.board.regions[0].node = "/amba/pr@00";
  const auto made =
      plan({{"fpga.a.bitstream", "/a.bit"}, {"fpga.b.bitstream", "/b.bit"}, {"fpga.b.region", "/amba/pr@00"}});
  ASSERT_EQ(made.all<RegionStep>().size(), 2U);
  EXPECT_EQ(made.all<RegionStep>().at(0).regions.at(0), "pr1");
  EXPECT_EQ(made.all<RegionStep>().at(1).regions.at(0), "pr0");
}

TEST_F(KeysTest, TheShellMustBeTheRegions) {
  const Annotations keys{{"fpga.x.bitstream", "/a.bit"}, {"fpga.x.shell", "s1"}};
  EXPECT_THAT(refusals(keys), ElementsAre("bitstream /a.bit is for shell s1, but region pr0 has none in the board's "
                                          "file: build it for this board"));
  host_.board.regions[1].shell = "s1";
  EXPECT_EQ(plan(keys).all<RegionStep>().at(0).regions.at(0), "pr1");
}

TEST_F(KeysTest, ABinIsTakenAtTheRequestsWord) {
  add("/a.bin").format = bitstream::Format::bin;
  image_.bitstreams["/a.bin"].info.partial.reset();
  EXPECT_THAT(refusals({{"fpga.x.bitstream", "/a.bin"}}),
              ElementsAre(HasSubstr("write fpga.x.partial = yes if it is")));
  EXPECT_EQ(plan({{"fpga.x.bitstream", "/a.bin"}, {"fpga.x.partial", "yes"}}).all<RegionStep>().size(), 1U);
  EXPECT_THAT(refusals({{"fpga.x.bitstream", "/a.bin"}, {"fpga.x.partial", "no"}}),
              ElementsAre(HasSubstr("is a full one")));
}

TEST_F(KeysTest, WhatTheFileSaysIsNotOverruled) {
  add("/a.bit").partial = false;
  EXPECT_THAT(refusals({{"fpga.x.bitstream", "/a.bit"}, {"fpga.x.partial", "yes"}}),
              ElementsAre("bitstream /a.bit is a full one, but fpga.x.partial says yes: correct the annotation"));
  EXPECT_THAT(refusals({{"fpga.x.bitstream", "/b.bit"}, {"fpga.x.format", "bin"}}),
              ElementsAre("bitstream /b.bit is a .bit, but fpga.x.format says bin: correct the annotation"));
  EXPECT_THAT(refusals({{"fpga.x.bitstream", "/b.bit"}, {"fpga.x.encrypted", "yes"}}),
              ElementsAre("bitstream /b.bit is not encrypted, but fpga.x.encrypted says yes: correct the annotation"));
}

TEST_F(KeysTest, TheBoardMustBeOneOfThoseNamed) {
  EXPECT_THAT(refusals({{"board", "acme,board acme,paper-board"}}), IsEmpty());
  EXPECT_THAT(refusals({{"board", "acme,board acme,other"}}),
              ElementsAre("the image is for acme,board or acme,other, and this board is acme,paper-board: use an image "
                          "for this board, or correct io.runx-accel.board"));
}

TEST_F(KeysTest, ADeviceByItsCompatible) {
  // Two nodes are timers, and one of them is marked.
  EXPECT_THAT(plan({{"device.t.compatible", "cdns,ttc"}}).all<DomainStep>().at(0).nodes, ElementsAre(fake::fake_timer));
  EXPECT_THAT(refusals({{"device.t.compatible", "acme,none"}}), ElementsAre(HasSubstr("device.t: acme,none")));
  EXPECT_THAT(refusals({{"device.t.alias", "nobody"}}), ElementsAre("device.t: the boot tree has no alias nobody"));
  EXPECT_THAT(refusals({{"device.t.label", "nobody"}}), ElementsAre("device.t: the boot tree has no label nobody"));
}

TEST_F(KeysTest, OneNodeByTwoNames) {
  EXPECT_THAT(refusals({{"device.a.compatible", "cdns,ttc"}, {"device.b.path", fake::fake_timer}}),
              testing::Contains(HasSubstr("device.b means /axi/timer@ff110000, which is asked for already")));
}

TEST_F(KeysTest, AnOptionalDeviceIsLeftOutAndThePlanSaysWhy) {
  const auto made = plan({{"device.t.path", fake::fake_timer},
                          {"device.u.path", fake::fake_unmarked_timer},
                          {"device.u.required", "no"},
                          {"device.v.path", "/axi/nothing"},
                          {"device.v.required", "no"}});
  EXPECT_THAT(made.all<DomainStep>().at(0).nodes, ElementsAre(fake::fake_timer));
  EXPECT_THAT(plan_text(made), HasSubstr("   without device.v: device.v: /axi/nothing"));
  EXPECT_THAT(plan_text(made), HasSubstr("   without device.u: device /axi/timer@ff120000 is not marked"));
  EXPECT_THAT(made.claims(), ElementsAre("device /axi/timer@ff110000"));
}

TEST_F(KeysTest, AnOptionalDeviceThatCanBeGivenIs) {
  EXPECT_THAT(plan({{"device.t.path", fake::fake_timer}, {"device.t.required", "no"}}).all<DomainStep>().at(0).nodes,
              ElementsAre(fake::fake_timer));
  host_.holders = {{std::string("device ") + fake::fake_timer, "other"}};
  const auto made = plan({{"device.t.path", fake::fake_timer}, {"device.t.required", "no"}});
  EXPECT_THAT(made.all<DomainStep>().at(0).nodes, IsEmpty());
  EXPECT_FALSE(made.all<DomainStep>().at(0).passthrough.tree.has_tree());
}

TEST_F(KeysTest, TheCommandLineStandsLast) {
  EXPECT_THAT(plan({{"domain.cmdline", "isolcpus=1"}}).all<DomainStep>().at(0).command_line,
              testing::EndsWith(" uio_pdrv_genirq.of_id=cdns,ttc isolcpus=1"));
}

TEST_F(KeysTest, WithoutAPolicyTheRuntimesParametersAreTheRuntimes) {
  EXPECT_THAT(refusals({{"domain.cmdline", "quiet rdinit=/bin/sh"}}),
              ElementsAre("domain.cmdline sets rdinit, which is the runtime's, and no rule in "
                          "/etc/runx-accel/policy.json lets a container without a namespace do that "
                          "(kernelParameters): remove it"));
}

TEST_F(KeysTest, WhatTheRuntimeCannotDoIsRefusedByItsKey) {
  const std::pair<Annotations, const char*> cases[] = {
      {{{"target", "rpu"}, {"rpu.r.processor", "r5"}}, "io.runx-accel.target: "},
      {{{"rpu.r.firmware", "/r.elf"}}, "io.runx-accel.rpu.r.firmware: "},
      {{{"fpga.x.bitstream", "/x.pdi"}, {"fpga.x.format", "pdi"}}, "io.runx-accel.fpga.x.format: "},
      {{{"fpga.x.bitstream", "/a.bit"}, {"fpga.x.authenticated", "yes"}}, "io.runx-accel.fpga.x.authenticated: "},
      {{{"fpga.x.bitstream", "/a.bit"}, {"fpga.x.aie", "0-7"}}, "io.runx-accel.fpga.x.aie: "},
      {{{"device.t.path", fake::fake_timer}, {"device.t.address", "0x1000"}}, "io.runx-accel.device.t.address: "},
      {{{"domain.kernel", "/k"}}, "io.runx-accel.domain.kernel: "},
      {{{"domain.console", "none"}}, "io.runx-accel.domain.console: "},
  };
  for (const auto& [keys, begins] : cases) {
    EXPECT_THAT(refusals(keys), testing::Contains(testing::StartsWith(begins)));
  }
  EXPECT_THAT(refusals({{"domain.kernel", "/k"}, {"domain.ramdisk", "/r"}, {"domain.kind", "kernel-only"}}),
              testing::SizeIs(3));
}

}  // namespace
}  // namespace runx::plan
