// SPDX-License-Identifier: Apache-2.0
// accelkit board check: which nodes of the tree a guest can have, and whether tree and board file fit.
#include <iostream>
#include <memory>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "devtree/describe.h"
#include "plan/space.h"
#include "tools/board_commands.h"

namespace runx::tools {
namespace {

using base::Status;
using base::text;
using devtree::Outcome;
using Findings = std::vector<std::string>;

struct Options {
  std::string tree;
  std::string board;
  bool json = false;
};

const char* word(Outcome outcome) {
  switch (outcome) {
    case Outcome::given:
      return "given";
    case Outcome::markable:
      return "markable";
    case Outcome::window:
      return "region";
    case Outcome::refused:
      break;
  }
  return "refused";
}

void check_path(const devtree::Tree& tree, const std::string& what, const std::string& path, Findings& out) {
  if (!path.empty() && !tree.find(path)) out.push_back(text(what, " is ", path, ", which the tree does not have"));
}

void check_region(const devtree::Tree& tree, const plan::Region& region, Findings& out) {
  const auto name = "region " + region.name;
  check_path(tree, name + ": its node", region.node, out);
  check_path(tree, name + ": its bridge", region.bridge, out);
  const auto node = tree.find(region.node);
  if (node && !node->is_compatible("fpga-region"))
    out.push_back(text(name, ": its node ", region.node, " is no fpga-region"));
  if (region.apertures.empty() && region.interrupts.empty()) return;
  const auto window = devtree::declared_window(tree, region.name);
  const std::string remedy = ": prepare the tree with this board file and boot Xen with it";
  if (!window) {
    out.push_back(text(name, ": the tree declares nothing of its apertures and interrupts", remedy));
  } else if (!devtree::declares(*window, tree, plan::space_of(region))) {
    out.push_back(text(name, ": ", window->path(), " declares something else than the board file says", remedy));
  }
}

Findings check_board(const devtree::Tree& tree, const plan::Board& board) {
  Findings out;
  for (const auto& region : board.regions) check_region(tree, region, out);
  for (const auto& processor : board.processors) {
    check_path(tree, "processor " + processor.name + ": its node", processor.node, out);
    for (const auto& memory : processor.memory)
      check_path(tree, "processor " + processor.name + ": its memory", memory, out);
  }
  for (const auto& [node, rates] : board.clock_rates) check_path(tree, "clockRates: a node", node, out);
  for (const auto& node : tree.root().children()) {
    const auto label = devtree::is_window(node) ? node.strings("label") : std::vector<std::string>{};
    const auto known = std::any_of(board.regions.begin(), board.regions.end(), [&](const plan::Region& region) {
      return label == std::vector<std::string>{region.name};
    });
    if (devtree::is_window(node) && !known)
      out.push_back(text(node.path(), " declares a region that the board file does not have"));
  }
  return out;
}

// A bus has as many reasons as devices; the rest is in the JSON.
std::string joined(const std::vector<std::string>& reasons) {
  constexpr std::size_t most = 3;
  std::string out;
  for (std::size_t i = 0; i < reasons.size() && i < most; ++i) out += (out.empty() ? "" : "; ") + reasons[i];
  if (reasons.size() > most) out += text("; and ", reasons.size() - most, " more (--json)");
  return out;
}

void print(const devtree::Verdict& verdict) {
  switch (verdict.outcome) {
    case Outcome::given:
      std::cout << "given    " << verdict.node << "\n";
      break;
    case Outcome::markable:
      std::cout << "markable " << verdict.node << ": not marked xen,passthrough\n";
      break;
    case Outcome::window:
      std::cout << "region   " << verdict.node << "\n";
      break;
    case Outcome::refused:
      std::cout << "refused  " << verdict.node << " " << joined(verdict.reasons) << "\n";
      break;
  }
}

Status check(const Options& options) {
  const auto host = read_tree(options.tree);
  if (!host) return tl::unexpected(host.error());
  const auto tree = devtree::Tree::of(*host);
  Findings findings;
  if (!options.board.empty()) {
    const auto board = read_board(options.board);
    if (!board) return tl::unexpected(board.error());
    findings = check_board(tree, board->board);
  }
  auto nodes = nlohmann::json::array();
  for (const auto& verdict : devtree::verdicts(*host)) {
    if (verdict.marked && verdict.outcome == Outcome::refused)
      findings.push_back(text(verdict.node, " is marked xen,passthrough, but ", joined(verdict.reasons)));
    if (!options.json) print(verdict);
    nodes.push_back({{"node", verdict.node},
                     {"marked", verdict.marked},
                     {"outcome", word(verdict.outcome)},
                     {"reasons", verdict.reasons}});
  }
  if (options.json) std::cout << base::json_text({{"nodes", nodes}, {"findings", findings}}, 2) << "\n";
  if (findings.empty()) return {};
  if (!options.json) {
    for (const auto& finding : findings) std::cout << "finding: " << finding << "\n";
  }
  return base::fail(std::errc::invalid_argument, options.tree, " has ", findings.size(),
                    findings.size() == 1 ? " finding" : " findings");
}

}  // namespace

void add_check(CLI::App& board, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  auto* command = board.add_subcommand("check", "Say of every node of a tree whether a guest can have it, or why not");
  command->add_option("tree", options->tree, "The tree that Xen is booted with, or the board's own")->required();
  command->add_option("--board", options->board, "Check this board file against the tree, too");
  command->add_flag("--json", options->json, "For machines: {nodes: [{node, marked, outcome, reasons}], findings}");
  command->footer(
      "Outcomes: given (marked, can be had), markable (could be had if marked), refused, region (a declaration).\n"
      "Exit code 1 when there is a finding: a marked node that cannot be had, or a board file that does not fit.");
  command->callback([&chosen, options] { chosen = [options] { return check(*options); }; });
}

}  // namespace runx::tools
