// SPDX-License-Identifier: Apache-2.0
// accelkit board: prepare (what is asked is there, everything else is as it was), check and describe.
#include <filesystem>
#include <set>
#include <sstream>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "devtree/node.h"
#include "tests/tools/accelkit.h"

namespace runx::tools {
namespace {

using base::test::Scratch;
using test::accelkit;
using test::expect_failure;
using ::testing::HasSubstr;

class BoardPrepare : public ::testing::Test {
 protected:
  void SetUp() override { folder_.file("board.dtb", test::compile(test::board_tree(false))); }
  std::vector<std::string> prepare(const std::string& device) const {
    return {"board", "prepare", folder_.at("board.dtb"), "--device", device, "-o", folder_.at("xen.dtb")};
  }
  devtree::Tree result() const {
    const auto bytes = folder_.content("xen.dtb");
    return devtree::Tree::of(devtree::Blob::parse(base::bytes_of(bytes), "the result").value());
  }
  bool marked(const std::string& path) const {
    const auto tree = result();
    return tree.find(path)->has("xen,passthrough");
  }

  Scratch folder_;
};

TEST_F(BoardPrepare, MarksADeviceByPathLabelAliasAndCompatible) {
  for (const auto* name : {"/axi/timer@ff110000", "ttc0", "cdns,ttc"}) {
    const auto done = accelkit(prepare(name));
    ASSERT_EQ(done.status, 0) << done.errors;
    EXPECT_EQ(done.output + done.errors, "");
    EXPECT_TRUE(marked("/axi/timer@ff110000")) << name;
    EXPECT_FALSE(marked("/axi/serial@ff010000")) << name;
  }
  ASSERT_EQ(accelkit(prepare("serial1")).status, 0);
  EXPECT_TRUE(marked("/axi/serial@ff010000"));
}

TEST_F(BoardPrepare, TellsMachinesWhatItMarked) {
  auto arguments = prepare("ttc0");
  arguments.emplace_back("--json");
  const auto done = accelkit(arguments);
  EXPECT_EQ(done.status, 0) << done.errors;
  EXPECT_EQ(nlohmann::json::parse(done.output),
            nlohmann::json({{"tree", folder_.at("xen.dtb")}, {"marked", {"/axi/timer@ff110000"}}}));
}

TEST_F(BoardPrepare, MarksSeveralAndPreparingAgainChangesNothing) {
  auto arguments = prepare("ttc0");
  arguments.insert(arguments.end(), {"--device", "uart1"});
  ASSERT_EQ(accelkit(arguments).status, 0);
  EXPECT_TRUE(marked("/axi/timer@ff110000"));
  EXPECT_TRUE(marked("/axi/serial@ff010000"));
  const auto once = folder_.content("xen.dtb");
  arguments[2] = folder_.at("xen.dtb");
  arguments.back() = "ttc0";
  ASSERT_EQ(accelkit(arguments).status, 0);
  EXPECT_TRUE(folder_.content("xen.dtb") == once);
}

// Taking the mark's line out of dtc's text must give the text of the tree before.
TEST_F(BoardPrepare, AddsTheMarkAndNothingElse) {
  ASSERT_EQ(accelkit(prepare("ttc0")).status, 0);
  const auto text = [&](const char* name) {
    return base::run_command({.argv = {RUNX_DTC, "-q", "-I", "dtb", "-O", "dts", folder_.at(name)}}).value().output;
  };
  auto after = text("xen.dtb");
  const std::string mark = "xen,passthrough;\n";
  const auto at = after.find(mark);
  ASSERT_NE(at, std::string::npos);
  const auto line = after.rfind('\n', at) + 1;
  after.erase(line, at + mark.size() - line);
  EXPECT_EQ(after, text("board.dtb"));
}

TEST_F(BoardPrepare, FailsInOneSentenceAndWritesNothing) {
  const auto unknown = accelkit(prepare("/axi/nothing"));
  EXPECT_EQ(unknown.status, 1);
  EXPECT_THAT(unknown.errors, HasSubstr("/axi/nothing"));
  EXPECT_EQ(std::count(unknown.errors.begin(), unknown.errors.end(), '\n'), 1);
  folder_.file("board.dtb", "no tree");
  EXPECT_THAT(accelkit(prepare("ttc0")).errors, HasSubstr(folder_.at("board.dtb")));
  auto arguments = prepare("ttc0");
  arguments[2] = folder_.at("missing.dtb");
  expect_failure(arguments, "cannot open " + folder_.at("missing.dtb") + ": No such file or directory");
  EXPECT_EQ(folder_.count(), 1U);
}

constexpr const char* board_file = R"({"schema": 1, "name": "test", "bootTree": "/boot/xen.dtb",
  "regions": [{"name": "pr0", "manager": "Xilinx ZynqMP FPGA Manager", "idcodes": ["04A49093"],
               "apertures": [{"address": "0x80000000", "size": "0x10000"}], "interrupts": [{"spi": 89}]}]})";

// All lines of the tree before are lines of the tree after, in their order.
void expect_only_additions(const std::string& before, const std::string& after, std::set<std::string> added) {
  std::istringstream left(before);
  std::istringstream right(after);
  std::string wanted;
  bool more = static_cast<bool>(std::getline(left, wanted));
  int depth = 0;
  for (std::string line; std::getline(right, line);) {
    if (depth == 0 && more && line == wanted) {
      more = static_cast<bool>(std::getline(left, wanted));
      continue;
    }
    const auto text = line.substr(std::min(line.size(), line.find_first_not_of('\t')));
    if (text.ends_with("{")) {
      EXPECT_TRUE(depth > 0 || added.erase(text) == 1U) << "added: " << line;
      ++depth;
      continue;
    }
    if (depth > 0 || text.empty()) {
      if (text == "};") --depth;
      continue;
    }
    EXPECT_EQ(added.erase(text), 1U) << "added: " << line;
  }
  EXPECT_FALSE(more) << "lost: " << wanted;
  EXPECT_THAT(added, ::testing::IsEmpty());
}

TEST_F(BoardPrepare, DeclaresTheBoardFilesRegionsAndWritesChosen) {
  folder_.file("board.json", board_file);
  folder_.file("Image", "a kernel");
  auto arguments = prepare("ttc0");
  arguments.insert(arguments.end(), {"--board", folder_.at("board.json"), "--xen-bootargs", "console=dtuart",
                                     "--dom0-kernel", "0x20000000=" + folder_.at("Image")});
  const auto done = accelkit(arguments);
  ASSERT_EQ(done.status, 0) << done.errors;
  const auto text = [&](const char* name) {
    return base::run_command({.argv = {RUNX_DTC, "-q", "-I", "dtb", "-O", "dts", folder_.at(name)}}).value().output;
  };
  expect_only_additions(text("board.dtb"), text("xen.dtb"),
                        {"xen,passthrough;", "region-window@80000000 {", "chosen {"});
  const auto tree = result();
  EXPECT_TRUE(tree.find("/region-window@80000000")->has("xen,passthrough"));
  EXPECT_EQ(tree.find("/chosen")->strings("xen,xen-bootargs"), std::vector<std::string>{"console=dtuart"});
  EXPECT_EQ(tree.find("/chosen/module@20000000")->cells("reg"), (std::vector<std::uint32_t>{0, 0x20000000, 0, 8}));
}

TEST_F(BoardPrepare, AWindowIsNoDevice) {
  folder_.file("board.json", board_file);
  auto arguments = prepare("ttc0");
  arguments.insert(arguments.end(), {"--board", folder_.at("board.json")});
  ASSERT_EQ(accelkit(arguments).status, 0);
  expect_failure(
      {"board", "prepare", folder_.at("xen.dtb"), "--device", "/region-window@80000000", "-o", folder_.at("other.dtb")},
      "--device /region-window@80000000: /region-window@80000000 declares a region, which a guest gets with "
      "its bitstream: leave this --device out");
  EXPECT_FALSE(std::filesystem::exists(folder_.at("other.dtb")));
}

TEST_F(BoardPrepare, WhatCannotBeDeclaredIsSaid) {
  folder_.file("board.json",
               std::string(board_file).replace(std::string(board_file).find("0x80000000"), 10, "0xff110000"));
  auto arguments = prepare("ttc0");
  arguments.insert(arguments.end(), {"--board", folder_.at("board.json")});
  EXPECT_THAT(accelkit(arguments).errors,
              HasSubstr("region pr0: its aperture at 0xff110000 with 0x10000 bytes overlaps the registers of "
                        "/axi/timer@ff110000"));
  expect_failure({"board", "prepare", folder_.at("board.dtb"), "-o", folder_.at("xen.dtb")},
                 "board prepare: say what to prepare, with --device, --board or --overlay");
  for (const std::string module : {"Image", "0x20000001=Image", "20000000=Image", "0x20000000"}) {
    auto wrong = prepare("ttc0");
    wrong.insert(wrong.end(), {"--dom0-kernel", module});
    EXPECT_THAT(accelkit(wrong).errors, HasSubstr("--dom0-kernel " + module + ": write ADDRESS=FILE")) << module;
  }
  auto missing = prepare("ttc0");
  missing.insert(missing.end(), {"--dom0-ramdisk", "0x28000000=" + folder_.at("none")});
  EXPECT_THAT(accelkit(missing).errors, HasSubstr("cannot look at " + folder_.at("none")));
  EXPECT_EQ(folder_.count(), 2U);
}

TEST_F(BoardPrepare, AppliesAShellFirst) {
  folder_.file("shell.dtbo", test::compile(R"(/dts-v1/; /plugin/; / { fragment@0 { target = <&axi>;
    label: __overlay__ { slot: slot@80000000 { compatible = "acme,slot"; reg = <0 0x80000000 0 0x1000>; }; }; }; };)"));
  auto arguments = prepare("slot");
  arguments.insert(arguments.end(), {"--overlay", folder_.at("shell.dtbo")});
  const auto done = accelkit(arguments);
  ASSERT_EQ(done.status, 0) << done.errors;
  EXPECT_TRUE(marked("/axi/slot@80000000"));
  folder_.file("shell.dtbo", test::compile("/dts-v1/; /plugin/; &nothing { };"));
  EXPECT_THAT(accelkit(arguments).errors, HasSubstr("refers to the label nothing, which the boot tree does not have"));
}

class BoardCheck : public BoardPrepare {
 protected:
  void SetUp() override {
    BoardPrepare::SetUp();
    folder_.file("board.json", board_file);
    auto arguments = prepare("ttc0");
    arguments.insert(arguments.end(), {"--board", folder_.at("board.json")});
    ASSERT_EQ(accelkit(arguments).status, 0);
  }
  base::Outcome check(std::vector<std::string> more = {}, const char* tree = "xen.dtb") const {
    more.insert(more.begin(), {"board", "check", folder_.at(tree)});
    return accelkit(std::move(more));
  }
};

TEST_F(BoardCheck, SaysOfEveryNodeWhetherAGuestCanHaveIt) {
  const auto done = check({"--board", folder_.at("board.json")});
  EXPECT_EQ(done.status, 0) << done.errors;
  EXPECT_THAT(done.output, HasSubstr("given    /axi/timer@ff110000\n"));
  EXPECT_THAT(done.output, HasSubstr("markable /axi/serial@ff010000: not marked xen,passthrough\n"));
  EXPECT_THAT(done.output, HasSubstr("region   /region-window@80000000\n"));
  EXPECT_THAT(done.output,
              HasSubstr("refused  /interrupt-controller@f9010000 is the interrupt controller of the host"));
  const auto json = base::parse_json(check({"--json"}).output, "check").value();
  EXPECT_TRUE(json["findings"].empty());
  for (const auto& node : json["nodes"]) {
    if (node["node"] == "/axi/timer@ff110000") {
      EXPECT_EQ(node["outcome"], "given");
      EXPECT_EQ(node["marked"], true);
    }
  }
}

TEST_F(BoardCheck, FindsWhatDoesNotFit) {
  const auto unprepared = check({"--board", folder_.at("board.json")}, "board.dtb");
  EXPECT_EQ(unprepared.status, 1);
  EXPECT_THAT(unprepared.output, HasSubstr("finding: region pr0: the tree declares nothing of its apertures"));
  EXPECT_EQ(unprepared.errors, "accelkit: " + folder_.at("board.dtb") + " has 1 finding\n");
  folder_.file("other.json", R"({"schema": 1, "name": "test", "bootTree": "/boot/xen.dtb",
    "regions": [{"name": "pr1", "manager": "m", "idcodes": ["04A49093"], "node": "/axi", "bridge": "/none"}],
    "processors": [{"name": "rpu0", "node": "/r5", "memory": ["/reserved-memory/r5"]}],
    "clockRates": {"/axi/nothing": [1]}})");
  const auto other = check({"--board", folder_.at("other.json"), "--json"});
  EXPECT_EQ(other.status, 1);
  EXPECT_THAT(base::parse_json(other.output, "check").value()["findings"].get<std::vector<std::string>>(),
              ::testing::ElementsAre("region pr1: its bridge is /none, which the tree does not have",
                                     "region pr1: its node /axi is no fpga-region",
                                     "processor rpu0: its node is /r5, which the tree does not have",
                                     "processor rpu0: its memory is /reserved-memory/r5, which the tree does not have",
                                     "clockRates: a node is /axi/nothing, which the tree does not have",
                                     "/region-window@80000000 declares a region that the board file does not have"));
  auto arguments = prepare("/interrupt-controller@f9010000");
  ASSERT_EQ(accelkit(arguments).status, 0);
  EXPECT_THAT(check().output, HasSubstr("finding: /interrupt-controller@f9010000 is marked xen,passthrough, but is "
                                        "the interrupt controller of the host"));
}

class BoardDescribe : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_.file("board.dtb", test::compile(R"(/dts-v1/; / { #address-cells = <2>; #size-cells = <2>;
      model = "A board"; compatible = "acme,board";
      reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;
        fw: memory@3ed00000 { reg = <0 0x3ed00000 0 0x40000>; }; };
      pcap: pcap { compatible = "xlnx,zynqmp-pcap-fpga"; };
      bridge: bridge@a0200000 { compatible = "xlnx,pr-decoupler"; reg = <0 0xa0200000 0 0x1000>; };
      fpga-full { compatible = "fpga-region"; fpga-mgr = <&pcap>; #address-cells = <2>; #size-cells = <2>; ranges;
        fpga-PR0 { compatible = "fpga-region"; fpga-bridges = <&bridge>; #address-cells = <2>; #size-cells = <2>;
          ranges; accel@80000000 { compatible = "acme,accel"; reg = <0 0x80000000 0 0x10000>; }; };
        fpga-PR1 { compatible = "fpga-region"; }; };
      rpu { compatible = "xlnx,zynqmp-r5fss"; r5f_0: r5f@0 { compatible = "xlnx,zynqmp-r5f"; memory-region = <&fw>; };
        r5f@1 { compatible = "xlnx,zynqmp-r5f"; }; };
      old { compatible = "xlnx,zynqmp-r5-remoteproc"; core { memory-region = <&fw>; }; };
      off { status = "disabled"; compatible = "xlnx,zynqmp-r5fss"; r5f@0 { compatible = "xlnx,zynqmp-r5f"; }; };
      timer@ff110000 { compatible = "cdns,ttc"; reg = <0 0xff110000 0 0x1000>; };
    };)"));
  }
  base::Outcome describe(std::vector<std::string> more) const {
    more.insert(more.begin(), {"board", "describe", folder_.at("board.dtb")});
    return accelkit(std::move(more));
  }
  Scratch folder_;
};

TEST_F(BoardDescribe, DraftsABoardFile) {
  const auto done = describe({"--idcode", "04A49093"});
  ASSERT_EQ(done.status, 0) << done.errors;
  EXPECT_EQ(done.output, R"({
  "schema": 1,
  "name": "A board",
  "bootTree": "/boot/xen.dtb",
  "regions": [
    {
      "name": "pr0",
      "manager": "Xilinx ZynqMP FPGA Manager",
      "idcodes": [
        "04A49093"
      ],
      "node": "/fpga-full/fpga-PR0",
      "bridge": "/bridge@a0200000",
      "apertures": [
        {
          "address": "0x80000000",
          "size": "0x10000"
        }
      ]
    },
    {
      "name": "pr1",
      "manager": "Xilinx ZynqMP FPGA Manager",
      "idcodes": [
        "04A49093"
      ],
      "node": "/fpga-full/fpga-PR1"
    }
  ],
  "processors": [
    {
      "name": "r5f_0",
      "node": "/rpu/r5f@0",
      "memory": [
        "/reserved-memory/memory@3ed00000"
      ]
    },
    {
      "name": "rpu1",
      "node": "/rpu/r5f@1"
    },
    {
      "name": "rpu2",
      "node": "/old/core",
      "memory": [
        "/reserved-memory/memory@3ed00000"
      ]
    }
  ]
}
)");
  EXPECT_THAT(done.errors, HasSubstr("to do: region pr0: teach it its frames"));
  EXPECT_THAT(done.errors, HasSubstr("a guest could have: --device /timer@ff110000\n"));
  const auto json = base::parse_json(describe({"--idcode", "04A49093", "--json"}).output, "describe").value();
  EXPECT_EQ(json["board"]["regions"].size(), 2U);
  EXPECT_THAT(json["candidates"].get<std::vector<std::string>>(), ::testing::Contains("/timer@ff110000"));
}

TEST_F(BoardDescribe, WritesAFileThatIsNotThereYet) {
  const auto path = folder_.at("board.json");
  const auto done = describe({"--idcode", "04A49093", "-o", path, "--boot-tree", "/boot/other.dtb"});
  ASSERT_EQ(done.status, 0) << done.errors;
  EXPECT_THAT(done.output, HasSubstr("a guest could have: --device /timer@ff110000\n"));
  EXPECT_THAT(folder_.content("board.json"), HasSubstr("\"bootTree\": \"/boot/other.dtb\""));
  EXPECT_THAT(describe({"--idcode", "04A49093", "-o", path}).errors, HasSubstr(path));
}

TEST_F(BoardDescribe, ARegionsNameHasNoDashAtItsEnds) {
  folder_.file("board.dtb", test::compile("/dts-v1/; / { -pr- { compatible = \"fpga-region\"; }; };"));
  const auto done = describe({"--idcode", "04A49093", "--manager", "m"});
  EXPECT_EQ(done.status, 0) << done.errors;
  EXPECT_THAT(done.output, HasSubstr("\"name\": \"pr\""));
}

TEST_F(BoardDescribe, WhatTheTreeCannotSayIsAskedFor) {
  EXPECT_THAT(describe({}).errors, HasSubstr("the tree has the region /fpga-full/fpga-PR0, and cannot say for which "
                                             "part its bitstreams are: add --idcode"));
  EXPECT_THAT(describe({"--idcode", "4A49093"}).errors, HasSubstr("the draft: region 1: an IDCODE is a string of 8"));
  folder_.file("board.dtb", test::compile("/dts-v1/; / { fpga { compatible = \"fpga-region\"; }; };"));
  EXPECT_THAT(describe({"--idcode", "04A49093"}).errors,
              HasSubstr("the region /fpga has no fpga-mgr whose driver is known: add --manager"));
  EXPECT_EQ(describe({"--idcode", "04A49093", "--manager", "m"}).status, 0);
  folder_.file("board.dtb", test::compile("/dts-v1/; / { };"));
  EXPECT_EQ(describe({}).output,
            "{\n  \"schema\": 1,\n  \"name\": \"a board\",\n  \"bootTree\": \"/boot/xen.dtb\"\n}\n");
}

}  // namespace
}  // namespace runx::tools
