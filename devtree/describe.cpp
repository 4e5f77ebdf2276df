// SPDX-License-Identifier: Apache-2.0
#include "devtree/describe.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "devtree/boot_tree.h"
#include "devtree/guest_map.h"
#include "devtree/passthrough.h"

namespace runx::devtree {
namespace {

constexpr std::uint64_t usual_memory = std::uint64_t{512} << 20;

bool is_region(const Node& node) { return node.is_compatible("fpga-region"); }

// "fpga-PR0" is pr0.
std::string region_name(const Node& node, std::set<std::string>& taken) {
  std::string name;
  for (const char c : node.base_name()) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-') name += static_cast<char>(std::tolower(byte));
  }
  if (name.starts_with("fpga-") && name.size() > 5) name = name.substr(5);
  name = name.substr(0, 28);
  name.erase(name.find_last_not_of('-') + 1);
  name.erase(0, name.find_first_not_of('-'));
  if (name.empty() || name == "any" || name == "region") name = base::text("pr", taken.size());
  std::string out = name;
  for (int count = 2; !taken.insert(out).second; ++count) out = base::text(name, "-", count);
  return out;
}

// Linux: drivers/fpga, the names that the drivers register with.
std::string manager_name(const Node& manager) {
  if (manager.is_compatible("xlnx,zynqmp-pcap-fpga")) return "Xilinx ZynqMP FPGA Manager";
  if (manager.is_compatible("xlnx,versal-fpga")) return "Xilinx Versal FPGA Manager";
  if (manager.is_compatible("xlnx,zynq-devcfg-1.0")) return "Xilinx Zynq FPGA Manager";
  return {};
}

// A region has the manager of the one that it stands in.
std::string manager_of(const Node& region, const Tree& tree) {
  for (std::optional<Node> at = region; at; at = at->parent()) {
    const auto phandle = at->cell("fpga-mgr");
    if (!phandle) continue;
    const auto manager = tree.with_phandle(*phandle);
    return manager ? manager_name(*manager) : std::string();
  }
  return {};
}

std::vector<Block> apertures_of(const Node& region, const Tree& tree) {
  std::vector<Block> out;
  for (const Node& node : region.with_descendants()) {
    const auto blocks = node == region || !node.available() ? base::Result<std::vector<Block>>(std::vector<Block>{})
                                                            : cpu_blocks(node, tree);
    for (const Block& block : blocks ? *blocks : std::vector<Block>{}) {
      const bool whole = block.size != 0 && block.address % page_size == 0 && block.size % page_size == 0;
      const bool again = std::any_of(out.begin(), out.end(), [&](const Block& one) { return one.overlaps(block); });
      if (whole && !again && block.end() <= std::uint64_t{1} << 48) out.push_back(block);
    }
  }
  return out;
}

std::vector<RegionSketch> regions_of(const Tree& tree) {
  std::vector<RegionSketch> out;
  std::set<std::string> taken;
  for (const Node& node : tree.nodes()) {
    if (!is_region(node) || !node.available()) continue;
    const auto all = node.with_descendants();
    if (std::any_of(all.begin() + 1, all.end(), is_region)) continue;
    RegionSketch region{region_name(node, taken), node.path(), manager_of(node, tree), {}, apertures_of(node, tree)};
    const auto bridges = node.cells("fpga-bridges");
    const auto bridge = bridges.size() == 1 ? tree.with_phandle(bridges[0]) : std::nullopt;
    if (bridge) region.bridge = bridge->path();
    out.push_back(std::move(region));
  }
  return out;
}

bool is_processor(const Node& node) {
  constexpr std::array<std::string_view, 3> cores = {"xlnx,zynqmp-r5f", "xlnx,versal-r5f", "xlnx,versal-net-r52f"};
  constexpr std::array<std::string_view, 2> older = {"xlnx,zynqmp-r5-remoteproc", "xlnx,zynqmp-r5-remoteproc-1.0"};
  const auto is = [](const Node& one, const auto& names) {
    return std::any_of(names.begin(), names.end(), [&](std::string_view name) { return one.is_compatible(name); });
  };
  if (is(node, cores)) return true;
  // Older ones: a cluster with a node for each core, or the core alone.
  const auto is_core = [](const Node& child) { return child.has("memory-region") || child.has("power-domain"); };
  const auto children = node.children();
  if (is(node, older)) return std::none_of(children.begin(), children.end(), is_core);
  const auto parent = node.parent();
  return parent && is(*parent, older) && is_core(node);
}

std::optional<std::string> label_of(const Node& node, const Tree& tree) {
  const auto symbols = tree.find("/__symbols__");
  if (!symbols) return std::nullopt;
  const std::string path = node.path();
  for (const Property& label : symbols->properties()) {
    if (symbols->strings(label.name) == std::vector<std::string>{path} && label.name.size() <= 128 &&
        label.name != "any")
      return std::string(label.name);
  }
  return std::nullopt;
}

std::vector<ProcessorSketch> processors_of(const Tree& tree) {
  std::vector<ProcessorSketch> out;
  std::set<std::string> taken;
  for (const Node& node : tree.nodes()) {
    // One that is switched off cannot be booted, and its twin in another arrangement of the cluster can.
    if (!is_processor(node) || !node.available()) continue;
    std::string name = label_of(node, tree).value_or(base::text("rpu", out.size()));
    for (std::size_t count = out.size(); !taken.insert(name).second; ++count) name = base::text("rpu", count);
    ProcessorSketch processor{name, node.path(), {}};
    for (const std::uint32_t phandle : node.cells("memory-region")) {
      if (const auto memory = tree.with_phandle(phandle)) processor.memory.push_back(memory->path());
    }
    out.push_back(std::move(processor));
  }
  return out;
}

// What would have to be marked for the node to be given: itself and what of it has resources of its own.
std::vector<std::string> to_mark(const Node& node) {
  std::vector<std::string> out;
  for (const Node& one : node.with_descendants()) {
    if (one == node || (one.okay() && (one.has("reg") || one.has("interrupts") || one.has("interrupts-extended"))))
      out.push_back(one.path());
  }
  return out;
}

base::Result<Passthrough> derive(const Tree& tree, const Node& node) {
  return derive_passthrough(tree, {.nodes = {node.path()}, .guest_memory = usual_memory});
}

Verdict verdict(const Blob& host, const Tree& tree, const Node& node) {
  Verdict out{node.path(), is_marked(node), Outcome::refused, {}};
  if (is_window(node)) {
    out.outcome = Outcome::window;
    return out;
  }
  auto made = derive(tree, node);
  if (made && made->refused.empty()) {
    out.outcome = Outcome::given;
    return out;
  }
  if (!out.marked) {
    const auto marked = mark_passthrough(host, to_mark(node));
    if (marked) {
      const Tree again = Tree::of(*marked);
      made = derive(again, *again.find(out.node));
    }
    if (made && made->refused.empty()) {
      out.outcome = Outcome::markable;
      return out;
    }
  }
  if (!made) {
    out.reasons.push_back(made.error().what);
    return out;
  }
  for (const Refusal& refusal : made->refused)
    out.reasons.push_back(refusal.node == out.node ? refusal.reason : refusal.node + " " + refusal.reason);
  return out;
}

}  // namespace

Sketch describe(const Tree& tree) {
  const auto model = tree.root().strings("model");
  const auto compatible = tree.root().strings("compatible");
  return {!model.empty()        ? model[0]
          : !compatible.empty() ? compatible[0]
                                : "a board",
          regions_of(tree), processors_of(tree)};
}

std::vector<Verdict> verdicts(const Blob& host) {
  const Tree tree = Tree::of(host);
  std::vector<Verdict> out;
  for (const Node& node : tree.nodes()) {
    if (node.parent() && node.has("compatible")) out.push_back(verdict(host, tree, node));
  }
  return out;
}

}  // namespace runx::devtree
