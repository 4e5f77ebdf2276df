// SPDX-License-Identifier: Apache-2.0
// accelkit passthrough: lines for xl.cfg, a tree, JSON, and one sentence for each thing that cannot be given.
#include <nlohmann/json.hpp>

#include "devtree/node.h"
#include "tests/tools/accelkit.h"

namespace runx::tools {
namespace {

using base::test::Scratch;
using test::accelkit;
using test::expect_failure;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class PassthroughCommand : public ::testing::Test {
 protected:
  void SetUp() override { folder_.file("xen.dtb", test::compile(test::board_tree(true))); }
  base::Outcome run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"passthrough", folder_.at("xen.dtb")});
    return accelkit(std::move(arguments));
  }
  nlohmann::json json(std::vector<std::string> arguments) const {
    arguments.emplace_back("--json");
    return nlohmann::json::parse(run(std::move(arguments)).output);
  }
  devtree::Tree written(const std::string& name) const {
    const auto bytes = folder_.content(name);
    return devtree::Tree::of(devtree::Blob::parse(base::bytes_of(bytes), name).value());
  }

  Scratch folder_;
};

TEST_F(PassthroughCommand, PrintsWhatStandsInXlCfg) {
  const auto done = run({"ttc0", "-o", folder_.at("guest.dtb")});
  EXPECT_EQ(done.status, 0) << done.errors;
  EXPECT_EQ(done.errors, "");
  EXPECT_EQ(done.output, "# for xl.cfg, with memory = 512:\n#   /axi/timer@ff110000\ndevice_tree = \"" +
                             folder_.at("guest.dtb") + "\"\niomem = [ \"ff110,1@ff110\" ]\nirqs = [ 68, 69, 70 ]\n");
  const auto tree = written("guest.dtb");
  EXPECT_TRUE(tree.find("/passthrough/timer@ff110000"));
}

TEST_F(PassthroughCommand, TakesPathsAliasesLabelsAndCompatibles) {
  for (const auto* name : {"/axi/timer@ff110000", "ttc0", "cdns,ttc"})
    EXPECT_THAT(run({name}).output, HasSubstr("irqs = [ 68, 69, 70 ]")) << name;
  const auto both = run({"serial1", "ttc0"});
  EXPECT_THAT(both.output, HasSubstr("irqs = [ 54, 68, 69, 70 ]"));
  EXPECT_THAT(both.output, HasSubstr("extra = \"console=ttyPS1,115200\""));
}

TEST_F(PassthroughCommand, WithoutAMarkItSaysWhatToDo) {
  const auto done = run({"serial1"});
  EXPECT_EQ(done.status, 0);
  EXPECT_THAT(done.output, HasSubstr("#   /axi/serial@ff010000 is not marked xen,passthrough"));
  EXPECT_THAT(done.output, HasSubstr("accelkit board prepare"));
  EXPECT_THAT(run({"ttc0"}).output, Not(HasSubstr("not marked")));
}

TEST_F(PassthroughCommand, TheMemoryDecidesTheAddresses) {
  folder_.file("xen.dtb", test::compile(R"(/dts-v1/; / { #address-cells = <2>; #size-cells = <2>;
    slot@80000000 { reg = <0 0x80000000 0 0x1000000>; xen,passthrough; }; };)"));
  EXPECT_THAT(run({"/slot@80000000"}).output, HasSubstr("iomem = [ \"80000,1000@80000\" ]"));
  const auto moved = run({"/slot@80000000", "--memory", "2048", "--tree"});
  EXPECT_THAT(moved.output, HasSubstr("iomem = [ \"80000,1000@c0000\" ]"));
  EXPECT_THAT(moved.output, HasSubstr("slot@c0000000 {"));
}

TEST_F(PassthroughCommand, JsonHasEverything) {
  const auto out = json({"serial1", "--memory", "64"});
  EXPECT_EQ(out["nodes"], nlohmann::json::array({"/axi/serial@ff010000"}));
  EXPECT_EQ(out["memoryMiB"], 64);
  EXPECT_EQ(out["iomem"], nlohmann::json::array({"ff010,1@ff010"}));
  EXPECT_EQ(out["irqs"], nlohmann::json::array({54}));
  for (const auto* empty : {"dtdev", "refused", "replaced", "dropped"})
    EXPECT_EQ(out[empty], nlohmann::json::array()) << empty;
  EXPECT_EQ(out["notes"][0]["node"], "/axi/serial@ff010000");
  EXPECT_EQ(out["consoles"][0]["argument"], "console=ttyPS1,115200");
  EXPECT_THAT(out["deviceTree"].get<std::string>(), HasSubstr("serial@ff010000 {"));
}

// The same tree with an ethernet controller, and without a rate for a clock.
class PassthroughRefusals : public PassthroughCommand {
 protected:
  void SetUp() override {
    folder_.file("xen.dtb", test::compile(test::board_tree(true) + R"(
      / { firmware: firmware { #clock-cells = <1>; }; };
      &axi { gem: ethernet@ff0e0000 { compatible = "cdns,gem"; reg = <0 0xff0e0000 0 0x1000>; xen,passthrough; }; };
      &ttc0 { clocks = <&firmware 3>; };)"));
  }
};

TEST_F(PassthroughRefusals, AreOneSentenceEachAndNothingIsWritten) {
  const auto done = run({"gem", "ttc0", "-o", folder_.at("guest.dtb")});
  EXPECT_EQ(done.status, 1);
  EXPECT_EQ(done.output, "");
  EXPECT_THAT(done.errors, StartsWith("accelkit: this cannot be given to a guest:\n  /axi/ethernet@ff0e0000 does DMA"));
  EXPECT_EQ(std::count(done.errors.begin(), done.errors.end(), '\n'), 2);
  EXPECT_EQ(folder_.count(), 1U);
  const auto out = json({"gem"});
  EXPECT_EQ(out["refused"][0]["node"], "/axi/ethernet@ff0e0000");
  EXPECT_THAT(out["refused"][0]["reason"].get<std::string>(), StartsWith("does DMA"));
  EXPECT_EQ(out["deviceTree"], "");
}

TEST_F(PassthroughRefusals, DmaWithoutAnIommuIsTheUsersDecision) {
  const auto done = run({"gem", "--allow-dma-without-iommu"});
  EXPECT_EQ(done.status, 0) << done.errors;
  EXPECT_THAT(done.output, HasSubstr("iomem = [ \"ff0e0,1@ff0e0\" ]"));
  EXPECT_THAT(done.output, Not(HasSubstr("dtdev")));
  EXPECT_THAT(done.output, HasSubstr("without an IOMMU: it reaches all memory"));
}

TEST_F(PassthroughRefusals, TheBoardFileKnowsClockRates) {
  folder_.file("board.json", R"({"schema": 1, "name": "a", "bootTree": "/boot/xen.dtb",
    "clockRates": {"/axi/timer@ff110000": [100000000]}})");
  EXPECT_THAT(run({"ttc0"}).output, HasSubstr("the rate of clock 0 (of /firmware, 3) is not known"));
  const auto known = json({"ttc0", "--board", folder_.at("board.json")});
  EXPECT_EQ(known["replaced"][0]["what"], "clocks[0]");
  EXPECT_EQ(known["dropped"], nlohmann::json::array());
  folder_.file("board.json", "{}");
  EXPECT_THAT(run({"ttc0", "--board", folder_.at("board.json")}).errors, HasSubstr(folder_.at("board.json")));
}

TEST_F(PassthroughCommand, SaysWhatIsWrongWithItsFiles) {
  expect_failure({"passthrough", folder_.at("missing.dtb"), "ttc0"},
                 "cannot open " + folder_.at("missing.dtb") + ": No such file or directory");
  EXPECT_THAT(run({"nothing"}).errors, HasSubstr("nothing: the boot tree has no node with this path, alias"));
  EXPECT_THAT(run({"ttc0", "-o", folder_.at("no/guest.dtb")}).errors, HasSubstr(folder_.at("no/guest.dtb")));
  folder_.file("xen.dtb", test::compile(test::board_tree(true) +
                                        "/ { hypervisor { compatible = \"xen,xen-4.20\", \"xen,xen\"; }; };"));
  EXPECT_THAT(run({"ttc0"}).errors, HasSubstr("Xen has made this tree for a domain"));
}

}  // namespace
}  // namespace runx::tools
