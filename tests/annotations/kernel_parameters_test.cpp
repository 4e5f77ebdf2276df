// SPDX-License-Identifier: Apache-2.0
// The parameters that belong to the runtime: found as the kernel would find them, and the same in table, text and
// schema.
#include "annotations/kernel_parameters.h"

#include <regex>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/host.h"
#include "base/json.h"

namespace runx::annotations {
namespace {

std::string bare(std::string_view row) { return std::string(row.substr(0, row.find('*'))); }

TEST(KernelParameters, AreFoundWhereverTheyStand) {
  for (const auto* line : {"rdinit=/bin/sh", "rdinit", "a rdinit=/x", "a  rdinit=/x b", "rdinit=", " rdinit=x"})
    EXPECT_EQ(runtime_parameter_in(line), "rdinit") << line;
  EXPECT_EQ(runtime_parameter_in("a -- b"), "--");
  EXPECT_EQ(runtime_parameter_in("console=x init=y"), "console") << "the first in the line";
}

TEST(KernelParameters, DashesAndUnderscoresAreTheSame) {
  for (const auto* line : {"keep_bootcon", "keep-bootcon", "initcall-blacklist=x"})
    EXPECT_TRUE(runtime_parameter_in(line)) << line;
}

TEST(KernelParameters, SomeAreComparedAsBeginnings) {
  EXPECT_EQ(runtime_parameter_in("noinitrd1"), "noinitrd");
  EXPECT_EQ(runtime_parameter_in("sysctl.kernel.panic=0"), "sysctl.");
  EXPECT_EQ(runtime_parameter_in("sysctl/kernel/panic=0"), "sysctl/");
}

TEST(KernelParameters, OthersAreNobodysBusiness) {
  for (const auto* line : {"", " ", "=", "=init=x", "isolcpus=1 uio_pdrv_genirq.of_id=cdns,ttc", "initial=1", "Init=x",
                           "xinit=1", "x=init=1", "rodata=off", "panic_on_oops=1", "sysctl=1", "-", "---"}) {
    EXPECT_EQ(runtime_parameter_in(line), std::nullopt) << line;
  }
}

TEST(KernelParameters, TheSpecificationHasAllOfThem) {
  base::Host files;
  const auto text = files.read(RUNX_SOURCE_DIR "/spec/annotations.md").value();
  for (const auto row : runtime_parameters()) {
    EXPECT_NE(text.find("`" + std::string(row) + "`"), std::string::npos) << row;
    EXPECT_EQ(runtime_parameter_in(bare(row)), bare(row));
  }
}

TEST(KernelParameters, TheSchemaRefusesAllOfThemFromAnImage) {
  base::Host files;
  const auto text = files.read(RUNX_SOURCE_DIR "/spec/annotations.schema.json").value();
  const auto schema = base::parse_json(text, "the schema").value();
  std::string pattern;
  for (const auto& [key, value] : schema["$defs"]["image"]["patternProperties"].items()) {
    if (key.find("cmdline") != std::string::npos) pattern = value["pattern"];
  }
  ASSERT_NE(pattern, "");
  const std::regex allowed(pattern);
  for (const auto row : runtime_parameters()) {
    EXPECT_FALSE(std::regex_search("a=1 " + bare(row) + " b", allowed)) << row;
    EXPECT_FALSE(std::regex_search(bare(row) + "=x", allowed)) << row;
  }
  EXPECT_TRUE(std::regex_search("isolcpus=1 initial=1 x=init", allowed));
}

}  // namespace
}  // namespace runx::annotations
