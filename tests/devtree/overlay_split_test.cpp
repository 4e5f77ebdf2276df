// SPDX-License-Identifier: Apache-2.0
// Overlays in two halves: each overlays/NAME.dts is an overlay for overlays/base.dtsi, and says in its comments what
// the region has and what is asked for; overlays/NAME.halves.dts is what must come out: the report as comments, Dom0's
// overlay, and the guest's tree as derive_passthrough() makes it. RUNX_UPDATE_GOLDENS=1 writes the latter anew.
#include "devtree/overlay_split.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>

#include "devtree/overlay.h"
#include "devtree/passthrough.h"
#include "tests/devtree/dtc.h"

namespace runx::devtree {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::uint64_t mib = 1 << 20;
const std::string folder = RUNX_SOURCE_DIR "/tests/devtree/overlays";

std::string file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

struct Wanted {
  OverlayRequest request = {};
  std::uint64_t memory = 64 * mib;
};

Wanted wanted_of(const std::string& source) {
  Wanted out;
  out.request.name = "overlay.dtbo";
  std::istringstream lines(source);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string comment, key, value;
    words >> comment >> key >> value;
    if (comment != "//") continue;
    if (key == "ask:") out.request.nodes.push_back(value);
    if (key == "bridge:") out.request.bridge = value;
    if (key == "clock:") {
      std::uint64_t rate = 0;
      words >> rate;
      out.request.clocks[static_cast<std::uint32_t>(std::stoul(value))] = rate;
    }
    if (key == "afi:") {
      do out.request.afi.insert(static_cast<std::uint32_t>(std::stoul(value)));
      while (words >> value);
    }
    if (key == "memory:") out.memory = std::stoull(value) * mib;
    if (key != "region:") continue;
    out.request.region.name = value;
    words >> out.request.region.node;
    while (words >> value) {
      if (value == "spi") {
        Spi spi;
        words >> spi.number >> spi.trigger;
        out.request.region.interrupts.push_back(spi);
      } else {
        const auto plus = value.find('+');
        out.request.region.apertures.push_back(
            {std::stoull(value.substr(0, plus), nullptr, 0), std::stoull(value.substr(plus + 1), nullptr, 0)});
      }
    }
  }
  return out;
}

std::string account(const OverlaySplit& split, const Wanted& wanted) {
  std::ostringstream out;
  for (const auto& node : split.guest_nodes) out << "// guest " << node << "\n";
  for (const auto& refusal : split.refused) out << "// refused " << refusal.node << " " << refusal.reason << "\n";
  for (const auto& change : split.left_out)
    out << "// left out " << change.node << " " << change.what << ": " << change.why << "\n";
  if (split.dom0.has_tree()) out << "\n// Dom0's half\n" << test::decompile(split.dom0).source;
  if (!split.tree.has_tree() || split.guest_nodes.empty()) return out.str();
  const auto guest =
      derive_passthrough(Tree::of(split.tree),
                         {.nodes = split.guest_nodes, .clock_rates = split.clock_rates, .guest_memory = wanted.memory});
  if (!guest) return out.str() + guest.error().what;
  out << "\n// The guest's half\n";
  for (const auto& m : guest->iomem)
    out << "// iomem " << base::hex(m.first_page) << "," << m.pages << "@" << base::hex(m.guest_page) << "\n";
  for (const auto irq : guest->irqs) out << "// irq " << irq << "\n";
  for (const auto& node : guest->dtdev) out << "// dtdev " << node << "\n";
  for (const auto& refusal : guest->refused) out << "// refused " << refusal.node << " " << refusal.reason << "\n";
  if (guest->tree.has_tree()) out << test::decompile(guest->tree).source;
  return out.str();
}

Blob base_tree() { return test::blob_of(file(folder + "/base.dtsi")); }

base::Result<OverlaySplit> split_of(const Blob& host, const Blob& overlay, const OverlayRequest& request) {
  const auto declared = declare_regions(host, {request.region});
  if (!declared) throw std::runtime_error(declared.error().what);
  return split_overlay(*declared, overlay, request);
}

std::vector<std::string> case_names() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (name.ends_with(".dts") && !name.ends_with(".halves.dts")) out.push_back(name.substr(0, name.size() - 4));
  }
  std::sort(out.begin(), out.end());
  return out;
}

class OverlayCase : public ::testing::TestWithParam<std::string> {};

TEST_P(OverlayCase, GivesWhatIsWritten) {
  const auto source = file(folder + "/" + GetParam() + ".dts");
  const auto wanted = wanted_of(source);
  const auto split = split_of(base_tree(), test::blob_of(source), wanted.request);
  ASSERT_TRUE(split) << split.error().what;
  EXPECT_EQ(split->tree.has_tree(), split->refused.empty());
  const auto golden = folder + "/" + GetParam() + ".halves.dts";
  if (std::getenv("RUNX_UPDATE_GOLDENS") != nullptr) std::ofstream(golden) << account(*split, wanted);
  EXPECT_EQ(account(*split, wanted), file(golden));
  // What Dom0 gets is an overlay for the same tree, and gives nothing to anybody.
  if (!split->dom0.has_tree()) return;
  const auto again = Overlay::read(split->dom0, Tree::of(base_tree()), "Dom0's half");
  ASSERT_TRUE(again) << again.error().what;
  EXPECT_TRUE(again->apply_to(base_tree()));
}

INSTANTIATE_TEST_SUITE_P(OverlaySplit, OverlayCase, ::testing::ValuesIn(case_names()),
                         [](const auto& name) { return name.param; });

constexpr const char* accelerator = R"(/dts-v1/; /plugin/; &amba { one@80000000 { compatible = "acme,one";
  reg = <0 0x80000000 0 0x1000>; }; };)";

TEST(OverlaySplit, ARegionThatTheBootTreeDoesNotDeclareIsRefused) {
  const OverlayRequest request{.region = {"pr0", "/fpga-region", {{0x80000000, 0x10000}}, {}}};
  const auto split = split_overlay(base_tree(), test::blob_of(accelerator), request);
  ASSERT_TRUE(split);
  ASSERT_EQ(split->refused.size(), 1U);
  EXPECT_EQ(split->refused[0].reason,
            "lies in region pr0, of which the boot tree declares nothing: prepare it with accelkit board prepare "
            "--board, and boot Xen with that tree");
  auto other = request;
  other.region.apertures[0].size = 0x20000;
  const auto declared = declare_regions(base_tree(), {other.region}).value();
  EXPECT_THAT(split_overlay(declared, test::blob_of(accelerator), request)->refused.at(0).reason,
              HasSubstr("declares other apertures or interrupts than the board file says"));
}

TEST(OverlaySplit, TwoRegionsOneAfterTheOther) {
  const RegionSpace one{"pr0", "/fpga-region", {{0x80000000, 0x10000}}, {}};
  const RegionSpace two{"pr1", "/fpga-other", {{0x90000000, 0x10000}}, {}};
  const auto host = declare_regions(base_tree(), {one, two}).value();
  const auto first = split_overlay(host, test::blob_of(accelerator), {.region = one});
  ASSERT_TRUE(first);
  const auto second = split_overlay(
      first->tree,
      test::blob_of("/dts-v1/; /plugin/; &amba { two@90000000 { compatible = \"acme,two\"; reg = <0 0x90000000 0 "
                    "0x1000>; }; };"),
      {.region = two});
  ASSERT_TRUE(second);
  EXPECT_THAT(second->refused, ::testing::IsEmpty());
  const auto guest =
      derive_passthrough(Tree::of(second->tree),
                         {.nodes = {first->guest_nodes.at(0), second->guest_nodes.at(0)}, .guest_memory = 64 * mib});
  ASSERT_TRUE(guest);
  EXPECT_THAT(guest->iomem, ElementsAre(IoMem{0x80000, 1, 0x80000}, IoMem{0x90000, 1, 0x90000}));
}

TEST(OverlaySplit, TheBridgesOfTheRegionsNodeAreItsOwn) {
  const auto overlay = test::blob_of(
      "/dts-v1/; /plugin/; &fpga_full { slot { compatible = \"fpga-region\"; fpga-bridges = <&decoupler_space>; }; };");
  const OverlayRequest request{.region = {"pr0", "/fpga-region", {{0x80000000, 0x10000}}, {}}};
  EXPECT_EQ(split_of(base_tree(), overlay, request)->refused.size(), 1U);
  auto host = base_tree();
  const Tree tree = Tree::of(host);
  const auto phandle = tree.find("/axi/decoupler@a0200000")->phandle().value();
  ASSERT_TRUE(host.set_property("/fpga-region", "fpga-bridges", cells_value({phandle})));
  EXPECT_THAT(split_of(host, overlay, request)->refused, ::testing::IsEmpty());
  auto other = request;
  other.region.node = "/fpga-other";
  EXPECT_EQ(split_of(host, overlay, other)->refused.size(), 1U);
}

TEST(OverlaySplit, ANodeThatWouldBeTheBoardsIsRefused) {
  const auto overlay =
      test::blob_of("/dts-v1/; /plugin/; &{/} { own { compatible = \"fixed-clock\"; #clock-cells = <0>; }; };");
  const OverlayRequest request{.region = {"pr0", "/fpga-region", {{0x80000000, 0x10000}}, {}}};
  auto host = base_tree();
  EXPECT_THAT(split_of(host, overlay, request)->refused, ::testing::IsEmpty());
  ASSERT_TRUE(host.add_node("/", {"pr0_own"}));
  EXPECT_EQ(split_of(host, overlay, request)->refused.at(0).reason,
            "would be /pr0_own, which the board has: rename it");
}

// The shell of a real board, on the ZCU102's tree of the kernel: the same part, and the labels that the shell wants.
class Shell : public ::testing::Test {
 protected:
  static constexpr const char* folder_ = RUNX_REAL_BITSTREAMS;
  static std::string real(const char* name) { return file(std::filesystem::path(folder_) / name); }
  void SetUp() override {
    if (real("shell.dtbo").empty()) GTEST_SKIP() << folder_ << " is not here: the shell of the K26 is NOT checked";
  }
  static Blob overlay(const char* name) { return Blob::parse(base::bytes_of(real(name)), name).value(); }
  const RegionSpace space_{"pr0", "/fpga-region", {{0x80000000, 0x2000000}}, {}};
};

TEST_F(Shell, TheSlotsDevicesGoToTheGuest) {
  OverlayRequest request{
      .region = space_, .nodes = {"RP_0_AccelConfig_0", "/axi/rm_comm_box@81000000"}, .name = "shell.dtbo"};
  for (std::uint32_t clock = 0; clock < 4; ++clock) request.clocks[clock] = 250'000'000;
  for (std::uint32_t port = 0; port < 16; ++port) request.afi.insert(port);
  const auto split = split_of(base_tree(), overlay("shell.dtbo"), request);
  ASSERT_TRUE(split) << split.error().what;
  for (const auto& refusal : split->refused) ADD_FAILURE() << refusal.node << " " << refusal.reason;
  EXPECT_THAT(split->guest_nodes, ElementsAre("/axi/AccelConfig@80000000", "/axi/rm_comm_box@81000000"));
  const Tree dom0 = Tree::of(split->dom0);
  EXPECT_EQ(dom0.find("/fragment@0")->strings("target-path"), std::vector<std::string>{"/fpga-region"});
  EXPECT_FALSE(dom0.find("/fragment@0/__overlay__")->has("firmware-name"));
  EXPECT_TRUE(dom0.find("/fragment@0/__overlay__/pr0_fpga-PR0"));
  EXPECT_TRUE(dom0.find("/fragment@1/__overlay__/pr0_afi0"));
  EXPECT_TRUE(dom0.find("/fragment@1/__overlay__/pr0_clocking3"));
  EXPECT_FALSE(dom0.find("/fragment@2"));
  // Of clocking2, which Dom0's half sets.
  EXPECT_EQ(split->clock_rates.at("/axi/AccelConfig@80000000"), std::vector<std::uint64_t>{249'997'498});
  for (const std::uint64_t memory : {512 * mib, 2048 * mib}) {
    const auto guest = derive_passthrough(Tree::of(split->tree), {.nodes = split->guest_nodes, .guest_memory = memory});
    ASSERT_TRUE(guest);
    for (const auto& refusal : guest->refused) ADD_FAILURE() << refusal.node << " " << refusal.reason;
    ASSERT_EQ(guest->iomem.size(), 2U);
    EXPECT_EQ(guest->iomem[0].first_page, 0x80000U);
    EXPECT_EQ(guest->iomem[0].pages, 0x1000U);
    // With 2 GB the guest's memory ends at 0xc0000000.
    EXPECT_EQ(guest->iomem[0].guest_page, memory == 512 * mib ? 0x80000U : 0xc0000U);
  }
}

TEST_F(Shell, ByDefaultWhatLiesOutsideTheRegionIsRefused) {
  const auto split = split_of(base_tree(), overlay("shell.dtbo"), {.region = space_, .name = "shell.dtbo"});
  ASSERT_TRUE(split);
  std::vector<std::string> nodes;
  for (const auto& refusal : split->refused) nodes.push_back(refusal.node);
  EXPECT_THAT(nodes, ::testing::IsSupersetOf({"/axi/AccelConfig@82000000", "/axi/SIHA_Manager@a0100000"}));
}

TEST_F(Shell, ASlotsOverlayNeedsTheShell) {
  const auto bare = split_of(base_tree(), overlay("aes128-slot0.dtbo"), {.region = space_, .name = "aes.dtbo"});
  ASSERT_FALSE(bare);
  EXPECT_EQ(bare.error().what,
            "aes.dtbo: refers to the label fpga_PR0, which the boot tree does not have: use an overlay for this board");
  // The owner of the board has put the shell into the tree that Xen boots.
  const Tree base = Tree::of(base_tree());
  const auto host = Overlay::read(overlay("shell.dtbo"), base, "shell")->apply_to(base_tree()).value();
  const RegionSpace slot{"pr0", "/fpga-region/fpga-PR0", {}, {}};
  const auto split = split_overlay(host, overlay("aes128-slot0.dtbo"), {.region = slot});
  ASSERT_TRUE(split) << split.error().what;
  for (const auto& refusal : split->refused) ADD_FAILURE() << refusal.node << " " << refusal.reason;
  EXPECT_THAT(split->guest_nodes, ::testing::IsEmpty());
  EXPECT_FALSE(split->dom0.has_tree()) << "it only says what is loaded, and how";
  std::vector<std::string> left_out;
  for (const auto& change : split->left_out) left_out.push_back(change.node + " " + change.what);
  EXPECT_THAT(left_out, ElementsAre(slot.node + " firmware-name", slot.node + " partial-fpga-config"));
  // The other slot's is refused.
  const RegionSpace wrong{"pr1", "/fpga-region/fpga-PR1", {}, {}};
  const auto other = split_overlay(host, overlay("aes128-slot0.dtbo"), {.region = wrong});
  ASSERT_TRUE(other);
  EXPECT_EQ(other->refused.at(0).reason,
            "is programmed by the overlay, but region pr1 is /fpga-region/fpga-PR1: use an overlay for that region");
}

}  // namespace
}  // namespace runx::devtree
