// SPDX-License-Identifier: Apache-2.0
// accelkit passthrough: the derivation by itself, for whoever writes xl.cfg by hand.
#include <iostream>
#include <memory>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "devtree/boot_tree.h"
#include "devtree/passthrough.h"
#include "tools/commands.h"
#include "tools/dts.h"
#include "tools/host_files.h"
#include "xen/config.h"

namespace runx::tools {
namespace {

using base::Result;
using base::Status;
using base::text;
using devtree::Passthrough;

struct Options {
  std::string tree;
  std::vector<std::string> names;
  std::uint64_t memory_mib = 512;
  std::string board;
  std::string output;
  bool allow_dma = false;
  bool with_tree = false;
  bool json = false;
};

struct Derived {
  std::vector<std::string> nodes;
  Passthrough passthrough;
};

Result<devtree::Tree> host_tree(const std::string& path) {
  const auto blob = read_tree(path);
  if (!blob) return tl::unexpected(blob.error());
  auto tree = devtree::Tree::of(*blob);
  if (devtree::is_made_by_xen(tree)) {
    return base::fail(std::errc::invalid_argument, path,
                      ": Xen has made this tree for a domain (it has /hypervisor), and it hides which devices may be "
                      "given away and which stand behind an IOMMU: take the one that Xen is booted with");
  }
  return tree;
}

Result<Derived> derive(const Options& options) {
  const auto tree = host_tree(options.tree);
  if (!tree) return tl::unexpected(tree.error());
  Derived out;
  for (const auto& name : options.names) {
    const auto node = tree->resolve(name);
    if (!node) return tl::unexpected(node.error());
    out.nodes.push_back(node->path());
  }
  devtree::PassthroughRequest request{.nodes = out.nodes};
  request.guest_memory = options.memory_mib << 20;
  request.marked_only = false;
  if (options.allow_dma) request.dma_without_iommu = {out.nodes.begin(), out.nodes.end()};
  if (!options.board.empty()) {
    auto board = read_board(options.board);
    if (!board) return tl::unexpected(board.error());
    request.clock_rates = std::move(board->board.clock_rates);
    request.iommu = board->board.iommu;
  }
  auto made = devtree::derive_passthrough(*tree, request);
  if (!made) return tl::unexpected(made.error());
  out.passthrough = std::move(*made);
  return out;
}

xen::DomainConfig config_of(const Passthrough& made, const std::string& tree) {
  xen::DomainConfig config;
  config.device_tree = tree;
  for (const auto& m : made.iomem) config.iomem.push_back({m.first_page, m.pages, m.guest_page});
  config.irqs = made.irqs;
  config.dtdev = made.dtdev;
  return config;
}

nlohmann::json changes_json(const std::vector<devtree::Change>& changes) {
  auto out = nlohmann::json::array();
  for (const auto& change : changes) out.push_back({{"node", change.node}, {"what", change.what}, {"why", change.why}});
  return out;
}

std::string json_of(const Options& options, const Derived& derived) {
  const auto& made = derived.passthrough;
  nlohmann::json out{
      {"nodes", derived.nodes}, {"memoryMiB", options.memory_mib},         {"irqs", made.irqs},
      {"dtdev", made.dtdev},    {"replaced", changes_json(made.replaced)}, {"dropped", changes_json(made.dropped)}};
  out["deviceTree"] = made.tree.has_tree() ? dts_text(devtree::Tree::of(made.tree)) : std::string();
  for (const char* list : {"iomem", "refused", "notes", "consoles"}) out[list] = nlohmann::json::array();
  for (const auto& m : config_of(made, {}).iomem) out["iomem"].push_back(xen::iomem_text(m));
  for (const auto& refusal : made.refused)
    out["refused"].push_back({{"node", refusal.node}, {"reason", refusal.reason}});
  for (const auto& note : made.notes) out["notes"].push_back({{"node", note.node}, {"note", note.what}});
  for (const auto& console : made.consoles)
    out["consoles"].push_back({{"node", console.node}, {"path", console.path}, {"argument", console.argument}});
  return base::json_text(out, 2) + "\n";
}

// What has the same reason is said once: "node a, b: why".
std::string changes_text(const std::vector<devtree::Change>& changes) {
  std::string out;
  for (std::size_t at = 0; at < changes.size();) {
    const auto& first = changes[at];
    std::string what = first.what;
    for (++at; at < changes.size() && changes[at].node == first.node && changes[at].why == first.why; ++at)
      what += ", " + changes[at].what;
    out += text("#   ", first.node, " ", what, ": ", first.why, "\n");
  }
  return out;
}

// A part of xl.cfg: all that is not for xl stands in comments.
std::string config_part(const Options& options, const Derived& derived) {
  const auto& made = derived.passthrough;
  std::string out = text("# for xl.cfg, with memory = ", options.memory_mib, ":\n");
  for (const auto& node : derived.nodes) out += text("#   ", node, "\n");
  if (options.output.empty()) out += "# device_tree: the guest's tree, which -o FILE writes\n";
  out += xen::device_lines(config_of(made, options.output));
  for (const auto& console : made.consoles)
    out += text("# to have the guest's console on ", console.path, ": extra = \"", console.argument, "\"\n");
  if (!made.notes.empty()) {
    out += "# to know:\n";
    for (const auto& note : made.notes) out += text("#   ", note.node, " ", note.what, "\n");
  }
  if (!made.replaced.empty()) out += "# the guest sees something else:\n" + changes_text(made.replaced);
  if (!made.dropped.empty()) out += "# the guest does not see:\n" + changes_text(made.dropped);
  return out;
}

base::Error refusal_of(const Passthrough& made) {
  std::string all;
  for (const auto& refusal : made.refused) all += text("\n  ", refusal.node, " ", refusal.reason);
  return {std::make_error_code(std::errc::operation_not_permitted), "this cannot be given to a guest:" + all};
}

Status run(const Options& options) {
  const auto derived = derive(options);
  if (!derived) return tl::unexpected(derived.error());
  const auto& made = derived->passthrough;
  if (!options.output.empty() && made.tree.has_tree()) {
    if (auto written = write_file(options.output, base::text_of(made.tree.bytes())); !written) return written;
  }
  if (options.json) std::cout << json_of(options, *derived);
  if (!made.refused.empty()) return tl::unexpected(refusal_of(made));
  if (options.json) return {};
  std::cout << config_part(options, *derived);
  if (options.with_tree)
    std::cout << "\n// the guest's part of the device tree\n" << dts_text(devtree::Tree::of(made.tree));
  return {};
}

}  // namespace

void add_passthrough(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("passthrough", "Derive a guest's device tree and lines for xl.cfg from a board's");
  command->add_option("tree", options->tree, "The tree that Xen is booted with, or the board's own (.dtb)")->required();
  command->add_option("node", options->names, "Nodes to give: path, alias, label or compatible")->required();
  constexpr std::uint64_t most_mib = devtree::largest_guest_memory >> 20;
  command->add_option("--memory", options->memory_mib, "The guest's memory in MiB, which decides its addresses")
      ->check(CLI::Range(std::uint64_t{1}, most_mib))
      ->capture_default_str();
  command->add_option("--board", options->board, "The board file, for clock rates (spec/host.md)");
  command->add_option("-o,--output", options->output, "Write the guest's device tree to this file (.dtb)");
  command->add_flag("--allow-dma-without-iommu", options->allow_dma,
                    "Also what does DMA with no IOMMU in front of it: the guest then reaches all memory");
  command->add_flag("--tree", options->with_tree, "Print the guest's device tree, too");
  command->add_flag("--json", options->json, "For machines, with the tree");
  command->footer("Exit codes: 0 given, 1 refused or an error, 2 a usage error. docs/passthrough.md");
  command->callback([&chosen, options] { chosen = [options] { return run(*options); }; });
}

}  // namespace runx::tools
