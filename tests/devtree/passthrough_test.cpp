// SPDX-License-Identifier: Apache-2.0
// Whole derivations: each cases/NAME.dts is a host's tree that says in its comments what is asked for, and
// cases/NAME.guest.dts is what must come out: the lines for xl and the report as comments, then the guest's tree.
// RUNX_UPDATE_GOLDENS=1 writes the latter anew; read the difference before it is committed.
#include "devtree/passthrough.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <libfdt.h>

#include "tests/devtree/dtc.h"

namespace runx::devtree {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t mib = 1 << 20;

std::string file(const std::string& path) {
  std::ifstream in(path);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

PassthroughRequest request_of(const std::string& source) {
  PassthroughRequest request{.nodes = {}, .guest_memory = 64 * mib};
  std::istringstream lines(source);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string comment, key, value;
    words >> comment >> key >> value;
    if (comment != "//") continue;
    if (key == "ask:") request.nodes.push_back(value);
    if (key == "memory:") request.guest_memory = std::stoull(value) * mib;
    if (key == "allow-dma") request.dma_without_iommu = {request.nodes.begin(), request.nodes.end()};
    if (key == "no-iommu") request.iommu = false;
    if (key == "unmarked") request.marked_only = false;
    if (key == "rates:") {
      for (std::uint64_t rate = 0; words >> rate;) request.clock_rates[value].push_back(rate);
    }
  }
  return request;
}

std::string account(const Passthrough& result) {
  std::ostringstream out;
  for (const IoMem& memory : result.iomem) {
    out << "// iomem " << base::hex(memory.first_page) << "," << memory.pages << "@" << base::hex(memory.guest_page)
        << "\n";
  }
  for (const std::uint32_t irq : result.irqs) out << "// irq " << irq << "\n";
  for (const std::string& path : result.dtdev) out << "// dtdev " << path << "\n";
  for (const Refusal& refusal : result.refused) out << "// refused " << refusal.node << " " << refusal.reason << "\n";
  for (const Change& change : result.replaced)
    out << "// replaced " << change.node << " " << change.what << ": " << change.why << "\n";
  for (const Change& change : result.dropped)
    out << "// dropped " << change.node << " " << change.what << ": " << change.why << "\n";
  for (const Note& note : result.notes) out << "// note " << note.node << " " << note.what << "\n";
  for (const Console& console : result.consoles)
    out << "// console " << console.node << " " << console.path << " " << console.argument << "\n";
  if (result.tree.has_tree()) out << test::decompile(result.tree).source;
  return out.str();
}

std::vector<std::string> case_names() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(test::cases)) {
    const std::string name = entry.path().filename();
    if (name.ends_with(".dts") && !name.ends_with(".guest.dts")) out.push_back(name.substr(0, name.size() - 4));
  }
  std::sort(out.begin(), out.end());
  return out;
}

class Case : public ::testing::TestWithParam<std::string> {};

TEST_P(Case, GivesWhatIsWritten) {
  const std::string source = file(test::cases + "/" + GetParam() + ".dts");
  const auto result = derive_passthrough(Tree::of(test::blob_of(source)), request_of(source));
  ASSERT_TRUE(result) << result.error().what;
  EXPECT_EQ(result->tree.has_tree(), result->refused.empty());
  const std::string golden = test::cases + "/" + GetParam() + ".guest.dts";
  if (std::getenv("RUNX_UPDATE_GOLDENS") != nullptr) std::ofstream(golden) << account(*result);
  EXPECT_EQ(account(*result), file(golden));
}

INSTANTIATE_TEST_SUITE_P(Passthrough, Case, ::testing::ValuesIn(case_names()),
                         [](const auto& name) { return name.param; });

std::string error_of(const PassthroughRequest& request) {
  const auto result = derive_passthrough(test::tree_of("device { };"), request);
  return result ? "no error" : result.error().what;
}

TEST(Passthrough, RefusesRequestsThatMakeNoSense) {
  EXPECT_THAT(error_of({.nodes = {}, .guest_memory = mib}), HasSubstr("no node to pass through is named"));
  EXPECT_THAT(error_of({.nodes = {"serial1"}, .guest_memory = mib}), HasSubstr("\"serial1\" is not the absolute path"));
  EXPECT_THAT(error_of({.nodes = {"/device"}, .guest_memory = 0}), HasSubstr("0 bytes of memory"));
  EXPECT_THAT(error_of({.nodes = {"/device"}, .guest_memory = largest_guest_memory + 1}), HasSubstr("bytes of memory"));
  EXPECT_THAT(error_of({.nodes = {"/device"}, .clock_rates = {{"/device", {1ULL << 32}}}, .guest_memory = mib}),
              HasSubstr("/device: a clock of 4294967296 Hz"));
}

TEST(Passthrough, TheWholeMachineIsNoDevice) {
  const auto result = derive_passthrough(test::tree_of("device { };"), {.nodes = {"/"}, .guest_memory = mib});
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->tree.has_tree());
  ASSERT_EQ(result->refused.size(), 1U);
  EXPECT_EQ(result->refused[0].reason, "is the whole machine, not a device");
}

}  // namespace
}  // namespace runx::devtree
