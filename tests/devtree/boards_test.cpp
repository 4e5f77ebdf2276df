// SPDX-License-Identifier: Apache-2.0
// Real boards: every zynqmp-*.dtb in the folder that RUNX_ZYNQMP_DTBS names (Debian's arm64 kernel package has them
// under usr/lib/linux-image-*/xilinx). Each enabled leaf device of each board, marked for a guest by itself, gives a
// tree that holds or a refusal with a name.
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
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

// How the table calls a refusal, by words in it. One that is not listed stands there in its own words.
std::string outcome_of(const Passthrough& result) {
  if (result.refused.empty()) return "given";
  constexpr std::array<std::array<std::string_view, 2>, 14> names = {{
      {"does DMA", "does DMA, and no IOMMU stands in front of it"},
      {"hangs on", "on a bus without CPU addresses (I2C, SPI, MDIO); the bus can be asked for"},
      {"has a register block", "registers that are not whole pages"},
      {"shares the page", "a page in common with what stays with Dom0"},
      {"has interrupt", "an interrupt in common with what stays with Dom0"},
      {"has neither registers", "no device: neither registers nor interrupts"},
      {"is a PCI host bridge", "a PCI host bridge"},
      {"is a processor", "a processor"},
      {"is the interrupt controller", "the interrupt controller"},
      {"controls the memory", "the memory controller"},
      {"is an IOMMU", "an IOMMU"},
      {"cannot be given: interrupt PPI", "a private interrupt (PPI)"},
      {"no entry of ranges", "registers that the bus above does not pass on"},
      {"needs ", "needs what stays with Dom0"},
  }};
  const std::string& reason = result.refused[0].reason;
  for (const auto& [words, name] : names) {
    if (reason.find(words) != std::string::npos) return std::string(name);
  }
  return reason;
}

struct Counts {
  int plain = 0;
  int with_dma = 0;
};

std::string table_of(const std::map<std::string, Counts>& outcomes, std::size_t trees) {
  std::ostringstream out;
  out << "| outcome | devices | where the owner allows DMA without an IOMMU |\n|---|--:|--:|\n";
  Counts all;
  for (const auto& [outcome, counts] : outcomes) {
    out << "| " << outcome << " | " << counts.plain << " | " << counts.with_dma << " |\n";
    all.plain += counts.plain;
    all.with_dma += counts.with_dma;
  }
  out << "| all, of " << trees << " trees | " << all.plain << " | " << all.with_dma << " |\n";
  return out.str();
}

TEST(Boards, EveryEnabledDeviceGivesATreeOrANamedRefusal) {
  const auto paths = boards();
  if (paths.empty()) {
    GTEST_SKIP() << "RUNX_ZYNQMP_DTBS does not name a folder with zynqmp-*.dtb: real boards are NOT checked";
  }
  std::map<std::string, Counts> outcomes;
  std::set<std::string> looked_at;  // boards have much in common
  for (const auto& path : paths) {
    const Blob host = board(path);
    const Tree plain = Tree::of(host);
    for (const Node& node : plain.nodes()) {
      if (!is_leaf_device(node)) continue;
      const std::string what = path.filename().string() + " " + node.path();
      const Tree marked = Tree::of(mark_passthrough(host, {node.path()}).value());
      for (const bool allow_dma : {false, true}) {
        PassthroughRequest request{.nodes = {node.path()}, .guest_memory = 512 * mib};
        if (allow_dma) request.dma_without_iommu = {node.path()};
        const auto result = derive_passthrough(marked, request);
        ASSERT_TRUE(result) << what << ": " << result.error().what;
        ASSERT_EQ(result->tree.has_tree(), result->refused.empty()) << what;
        Counts& counts = outcomes[outcome_of(*result)];
        ++(allow_dma ? counts.with_dma : counts.plain);
        if (!allow_dma && std::getenv("RUNX_SHOW_OUTCOMES") != nullptr)
          std::cout << what << ": " << (result->refused.empty() ? "given" : result->refused[0].reason) << "\n";
        for (const Refusal& refusal : result->refused) EXPECT_GT(refusal.reason.size(), 10U) << what;
        if (!result->tree.has_tree() || !looked_at.emplace(base::text_of(result->tree.bytes())).second) continue;
        expect_whole(result->tree, what);
        expect_no_warnings(result->tree, what);
      }
    }
  }
  const std::string table = table_of(outcomes, paths.size());
  const std::string file = RUNX_SOURCE_DIR "/docs/passthrough-coverage.md";
  std::ifstream in(file);
  std::string page{std::istreambuf_iterator<char>(in), {}};
  const auto at = page.find("| outcome |");
  ASSERT_NE(at, std::string::npos) << file << " has no table";
  if (std::getenv("RUNX_UPDATE_GOLDENS") != nullptr) {
    page.replace(at, std::string::npos, table);
    std::ofstream(file) << page;
  }
  EXPECT_EQ(page.substr(at), table) << file << " is not what comes out (RUNX_UPDATE_GOLDENS=1 writes it anew):\n"
                                    << table;
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
