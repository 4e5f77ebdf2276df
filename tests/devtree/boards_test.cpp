// SPDX-License-Identifier: Apache-2.0
// Real boards: every zynqmp-*.dtb in the folder that RUNX_ZYNQMP_DTBS names (Debian's arm64 kernel package has them
// under usr/lib/linux-image-*/xilinx). Each enabled leaf device of each board, marked for a guest by itself, gives a
// tree that holds or a refusal with a name.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include <gmock/gmock.h>
#include <libfdt.h>

#include "devtree/boot_tree.h"
#include "devtree/passthrough.h"
#include "tests/devtree/dtc.h"

namespace runx::devtree {
namespace {

using ::testing::ElementsAre;

constexpr std::uint64_t mib = 1 << 20;

Blob board(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream bytes;
  bytes << in.rdbuf();
  return Blob::parse(base::bytes_of(bytes.str()), path).value();
}

std::vector<std::filesystem::path> boards() {
  std::vector<std::filesystem::path> out;
  const char* folder = std::getenv("RUNX_ZYNQMP_DTBS");
  if (folder == nullptr) return out;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (name.starts_with("zynqmp-") && name.ends_with(".dtb")) out.push_back(entry.path());
  }
  return out;
}

bool is_leaf_device(const Node& node) {
  if (!node.has("compatible") || !node.available()) return false;
  for (const Node& below : node.with_descendants()) {
    if (below != node && below.has("compatible")) return false;
  }
  return true;
}

// Every phandle that the guest's clocks, supplies, interrupts and the rest name is a node's, or the GIC's.
void expect_whole(const Blob& blob, const std::string& what) {
  EXPECT_EQ(fdt_check_full(blob.fdt(), blob.bytes().size()), 0) << what;
  const Tree tree = Tree::of(blob);
  for (const Node& top : tree.root().children())
    EXPECT_THAT(std::string(top.name()), ::testing::AnyOf("passthrough", "aliases"));
  for (const Node& node : tree.nodes()) {
    for (const char* gone : {"power-domains", "resets", "pinctrl-0", "assigned-clocks", "iommus", "xen,passthrough"}) {
      EXPECT_FALSE(node.has(gone)) << what << " " << node.path();
    }
    for (const std::uint32_t clock : node.cells("clocks"))
      EXPECT_TRUE(tree.with_phandle(clock)) << what << " " << node.path();
    if (const auto parent = node.cell("interrupt-parent")) {
      EXPECT_TRUE(*parent == guest_gic_phandle || tree.with_phandle(*parent)) << what << " " << node.path();
    }
  }
}

// dtc has nothing to say of the tree once the guest's GIC is there, as it is in libxl's final one. But two things it
// says of others' doing: the boards' GPIO controllers lack #address-cells, and the clocks that stand in for Dom0's have
// no address on the simple-bus that libxl copies, which is the only place for them.
void expect_no_warnings(const Blob& blob, const std::string& what) {
  std::string source = test::decompile(blob).source;
  source = source.substr(0, source.rfind("};")) +
           "gic { compatible = \"arm,gic-400\"; interrupt-controller; #interrupt-cells = <3>; #address-cells = <0>; "
           "phandle = <65000>; }; };";
  std::istringstream warnings(test::decompile(test::blob_of(source)).warnings);
  for (std::string line; std::getline(warnings, line);) {
    EXPECT_TRUE(line.find("(interrupt_provider)") != std::string::npos ||
                line.find("(simple_bus_reg): /passthrough/clock-") != std::string::npos)
        << what << ": " << line << "\n"
        << source;
  }
}

TEST(Boards, EveryEnabledDeviceGivesATreeOrANamedRefusal) {
  const auto paths = boards();
  if (paths.empty()) {
    GTEST_SKIP() << "RUNX_ZYNQMP_DTBS does not name a folder with zynqmp-*.dtb: real boards are NOT checked";
  }
  std::map<std::string, int> outcomes;
  for (const auto& path : paths) {
    const Blob host = board(path);
    const Tree plain = Tree::of(host);
    for (const Node& node : plain.nodes()) {
      if (!is_leaf_device(node)) continue;
      const std::string what = path.filename().string() + " " + node.path();
      const Tree marked = Tree::of(mark_passthrough(host, {node.path()}).value());
      for (const bool allow_dma : {false, true}) {
        const auto result = derive_passthrough(
            marked, {.nodes = {node.path()},
                     .guest_memory = 512 * mib,
                     .dma_without_iommu = allow_dma ? std::set{node.path()} : std::set<std::string>{}});
        ASSERT_TRUE(result) << what << ": " << result.error().what;
        ASSERT_EQ(result->tree.has_tree(), result->refused.empty()) << what;
        if (!allow_dma) {
          const std::string reason = result->refused.empty() ? "given" : result->refused[0].reason;
          ++outcomes[reason.substr(0, reason.find_first_of("(0123456789/"))];
          if (std::getenv("RUNX_SHOW_OUTCOMES") != nullptr) std::cout << what << ": " << reason << "\n";
        }
        for (const Refusal& refusal : result->refused) EXPECT_GT(refusal.reason.size(), 10U) << what;
        if (!result->tree.has_tree()) continue;
        expect_whole(result->tree, what);
        if (path == paths.front()) expect_no_warnings(result->tree, what);
      }
    }
  }
  for (const auto& [outcome, count] : outcomes) std::cout << count << "\t" << outcome << "\n";
  EXPECT_GT(outcomes["given"], static_cast<int>(paths.size()));
}

TEST(Boards, TheDemosDevicesOfTheZcu102) {
  const char* folder = std::getenv("RUNX_ZYNQMP_DTBS");
  if (folder == nullptr) GTEST_SKIP() << "RUNX_ZYNQMP_DTBS is not set: the ZCU102 is NOT checked";
  const Blob host = board(std::filesystem::path(folder) / "zynqmp-zcu102-rev1.0.dtb");
  const std::string timer = "/axi/timer@ff110000";
  const std::string uart = "/axi/serial@ff010000";
  const Tree tree = Tree::of(mark_passthrough(host, {timer, uart}).value());

  const auto one = derive_passthrough(tree, {.nodes = {timer}, .guest_memory = 64 * mib});
  ASSERT_TRUE(one);
  EXPECT_THAT(one->iomem, ElementsAre(IoMem{0xff110, 1, 0xff110}));
  EXPECT_THAT(one->irqs, ElementsAre(68, 69, 70));
  EXPECT_TRUE(one->dtdev.empty());

  const auto two = derive_passthrough(
      tree, {.nodes = {timer, uart}, .clock_rates = {{uart, {100'000'000, 99'999'000}}}, .guest_memory = 64 * mib});
  ASSERT_TRUE(two);
  EXPECT_THAT(two->iomem, ElementsAre(IoMem{0xff010, 1, 0xff010}, IoMem{0xff110, 1, 0xff110}));
  EXPECT_THAT(two->irqs, ElementsAre(68, 69, 70, 54));
  const Tree guest = Tree::of(two->tree);
  EXPECT_EQ(guest.with_alias("serial1")->path(), "/passthrough/serial@ff010000");
  EXPECT_EQ(guest.find("/passthrough/serial@ff010000")->cells("clocks").size(), 2U);
  expect_no_warnings(two->tree, "timer and uart");
}

}  // namespace
}  // namespace runx::devtree
