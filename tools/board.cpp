// SPDX-License-Identifier: Apache-2.0
// accelkit board prepare: the tree that Xen is to be booted with, from the board's own.
#include <filesystem>
#include <iostream>
#include <memory>

#include <nlohmann/json.hpp>

#include "base/host.h"
#include "base/json.h"
#include "devtree/boot_tree.h"
#include "tools/commands.h"

namespace runx::tools {
namespace {

using base::Status;

struct Options {
  std::string tree;
  std::vector<std::string> devices;
  std::string output;
  bool json = false;
};

Status prepare(const Options& options) {
  const auto bytes = read_file(options.tree, devtree::largest_tree);
  if (!bytes) return tl::unexpected(bytes.error());
  const auto host = devtree::Blob::parse(base::bytes_of(*bytes), options.tree);
  if (!host) return tl::unexpected(host.error());
  const auto tree = devtree::Tree::of(*host);
  std::vector<std::string> paths;
  for (const auto& name : options.devices) {
    const auto node = tree.resolve(name);
    if (!node) return tl::unexpected(node.error());
    paths.push_back(node->path());
  }
  const auto marked = devtree::mark_passthrough(*host, paths);
  if (!marked) return tl::unexpected(marked.error());
  base::Host files;
  const auto output = std::filesystem::absolute(options.output).string();
  if (auto written = files.write(output, base::text_of(marked->bytes()), 0644); !written) return written;
  if (options.json) std::cout << base::json_text({{"tree", options.output}, {"marked", paths}}, 2) << "\n";
  return {};
}

}  // namespace

void add_board(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  auto* board = app.add_subcommand("board", "For engineers who bring up boards")->require_subcommand(1);
  auto* command = board->add_subcommand("prepare", "Mark devices that Xen may give to guests (xen,passthrough)");
  command->add_option("tree", options->tree, "The board's device tree (.dtb)")->required();
  command->add_option("--device", options->devices, "A node's path, alias, label or compatible; may be repeated")
      ->required();
  command
      ->add_option("-o,--output", options->output,
                   "The tree to boot Xen with; keep it in Dom0 too (board.json, bootTree)")
      ->required();
  command->add_flag("--json", options->json, "For machines: the file and the nodes that were marked");
  command->callback([&chosen, options] { chosen = [options] { return prepare(*options); }; });
}

}  // namespace runx::tools
