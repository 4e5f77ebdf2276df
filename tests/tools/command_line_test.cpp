// SPDX-License-Identifier: Apache-2.0
#include "tests/tools/accelkit.h"

namespace runx::tools {
namespace {

using test::accelkit;
using ::testing::HasSubstr;

TEST(CommandLine, HelpIsNoErrorAndNamesTheCommands) {
  const auto done = accelkit({"--help"});
  EXPECT_EQ(done.status, 0);
  EXPECT_EQ(done.errors, "");
  for (const auto* command : {"inspect", "board", "passthrough", "image"}) EXPECT_THAT(done.output, HasSubstr(command));
  EXPECT_EQ(accelkit({"image", "plan", "--help"}).status, 0);
}

TEST(CommandLine, WhatItDoesNotKnowIsTwo) {
  const std::vector<std::vector<std::string>> wrong{
      {},
      {"nonsense"},
      {"image"},
      {"image", "nonsense"},
      {"board"},
      {"inspect"},
      {"inspect", "a", "b"},
      {"inspect", "--nonsense", "a"},
      {"image", "plan", "rootfs"},
      {"image", "plan", "r", "--board", "b", "--dtb", "t", "--namespace", "without a policy"},
      {"image", "annotate", "nothing to annotate with"},
      {"image", "annotate", "l", "--set", "no value"},
      {"image", "annotate", "l", "--compression", "lzma", "--unset", "k"},
      {"image", "attach", "nothing to attach"},
      {"image", "attach", "l", "--bitstream", "no-name.bit"},
      {"image", "attach", "l", "--overlay", "No Name=a.dtbo"},
      {"image", "attach", "l", "--file", "f", "--region", "pr0"},
      {"image", "attach", "l", "--file", "f", "--artifact", "--platform", "linux/arm64"},
      {"image", "show", "l", "--platform", "linux"},
      {"image", "show", "l", "--annotation", "=x"},
      {"image", "lint"},
      {"board", "prepare", "tree"},
      {"passthrough", "tree"},
      {"passthrough", "tree", "node", "--memory", "0"},
      {"passthrough", "tree", "node", "--memory", "many"}};
  for (const auto& arguments : wrong) {
    const auto done = accelkit(arguments);
    EXPECT_EQ(done.status, 2) << ::testing::PrintToString(arguments);
    EXPECT_EQ(done.output, "") << ::testing::PrintToString(arguments);
    EXPECT_NE(done.errors, "") << ::testing::PrintToString(arguments);
  }
}

}  // namespace
}  // namespace runx::tools
