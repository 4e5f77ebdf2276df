// SPDX-License-Identifier: Apache-2.0
// accelkit board prepare: the marks are there, everything else is as it was.
#include <nlohmann/json.hpp>

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

}  // namespace
}  // namespace runx::tools
