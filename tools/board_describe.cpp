// SPDX-License-Identifier: Apache-2.0
// accelkit board describe: a first board file from a tree.
#include <filesystem>
#include <iostream>
#include <memory>

#include <nlohmann/json.hpp>

#include "base/host.h"
#include "base/json.h"
#include "devtree/describe.h"
#include "tools/board_commands.h"

namespace runx::tools {
namespace {

using base::Result;
using base::Status;
using base::text;
using Json = nlohmann::ordered_json;

struct Options {
  std::string tree;
  std::vector<std::string> idcodes;
  std::string manager;
  std::string boot_tree = "/boot/xen.dtb";
  std::string output;
  bool json = false;
};

Result<Json> region_json(const devtree::RegionSketch& region, const Options& options) {
  const auto& manager = options.manager.empty() ? region.manager : options.manager;
  if (options.idcodes.empty()) {
    return base::fail(std::errc::invalid_argument, "the tree has the region ", region.node,
                      ", and cannot say for which part its bitstreams are: add --idcode, which accelkit inspect shows "
                      "of any of them");
  }
  if (manager.empty()) {
    return base::fail(std::errc::invalid_argument, "the region ", region.node,
                      " has no fpga-mgr whose driver is known: add --manager, which "
                      "/sys/class/fpga_manager/*/name shows on the board");
  }
  Json out{{"name", region.name}, {"manager", manager}, {"idcodes", options.idcodes}, {"node", region.node}};
  if (!region.bridge.empty()) out["bridge"] = region.bridge;
  for (const auto& aperture : region.apertures)
    out["apertures"].push_back({{"address", base::hex(aperture.address)}, {"size", base::hex(aperture.size)}});
  return out;
}

Result<Json> board_json(const devtree::Sketch& sketch, const Options& options) {
  Json out{{"schema", 1}, {"name", sketch.name}, {"bootTree", options.boot_tree}};
  for (const auto& region : sketch.regions) {
    auto made = region_json(region, options);
    if (!made) return made;
    out["regions"].push_back(std::move(*made));
  }
  for (const auto& processor : sketch.processors) {
    Json one{{"name", processor.name}, {"node", processor.node}};
    if (!processor.memory.empty()) one["memory"] = processor.memory;
    out["processors"].push_back(std::move(one));
  }
  return out;
}

std::vector<std::string> candidates(const devtree::Blob& host) {
  std::vector<std::string> out;
  for (const auto& verdict : devtree::verdicts(host)) {
    if (verdict.outcome == devtree::Outcome::given || verdict.outcome == devtree::Outcome::markable)
      out.push_back(verdict.node);
  }
  return out;
}

std::vector<std::string> to_do(const devtree::Sketch& sketch) {
  std::vector<std::string> out;
  for (const auto& region : sketch.regions) {
    out.push_back(text("region ", region.name, ": teach it its frames: accelkit fpga learn ", region.name,
                       " BITSTREAM... --board FILE"));
    if (region.apertures.empty()) {
      out.push_back(text("region ", region.name,
                         ": add apertures and interrupts, where guests shall reach what is in "
                         "it (the design's address map)"));
    }
  }
  if (!sketch.processors.empty())
    out.push_back("processors: keep under \"memory\" only what a domain may share with the processor");
  return out;
}

Status describe(const Options& options) {
  const auto host = read_tree(options.tree);
  if (!host) return tl::unexpected(host.error());
  const auto sketch = devtree::describe(devtree::Tree::of(*host));
  const auto board = board_json(sketch, options);
  if (!board) return tl::unexpected(board.error());
  const auto file = board->dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  // What comes out is read by the runtime as it stands.
  if (const auto read = plan::parse_board(file, "the draft"); !read) return tl::unexpected(read.error());
  if (!options.output.empty()) {
    base::Host files;
    const auto path = std::filesystem::absolute(options.output).string();
    if (auto written = files.write_new(path, file, 0644); !written) return written;
  }
  const auto devices = candidates(*host);
  const auto left = to_do(sketch);
  if (options.json) {
    const Json out{{"board", *board}, {"candidates", devices}, {"toDo", left}};
    std::cout << out.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
    return {};
  }
  if (options.output.empty()) std::cout << file;
  // Beside the file itself, what is for people does not stand in its way.
  auto& people = options.output.empty() ? std::cerr : std::cout;
  for (const auto& line : left) people << "to do: " << line << "\n";
  for (const auto& node : devices) people << "a guest could have: --device " << node << "\n";
  return {};
}

}  // namespace

void add_describe(CLI::App& board, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  auto* command = board.add_subcommand("describe", "Draft a board file (board.json) from a board's tree");
  command->add_option("tree", options->tree, "The board's device tree (.dtb)")->required();
  command
      ->add_option("--idcode", options->idcodes,
                   "IDCODE of the part, 8 hexadecimal digits; needed where the tree has a region; may be repeated")
      ->allow_extra_args(false);
  command->add_option("--manager", options->manager,
                      "What /sys/class/fpga_manager/*/name reads, where it is not known");
  command->add_option("--boot-tree", options->boot_tree, "Where Dom0 will keep the tree that Xen is booted with");
  command->add_option("-o,--output", options->output, "Write the draft to this file, which must not exist yet");
  command->add_flag("--json", options->json, "For machines: {board, candidates, toDo}");
  command->callback([&chosen, options] { chosen = [options] { return describe(*options); }; });
}

}  // namespace runx::tools
