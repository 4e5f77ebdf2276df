// SPDX-License-Identifier: Apache-2.0
// accelkit board prepare: the tree that Xen is to be booted with, from the board's own.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>

#include <nlohmann/json.hpp>

#include "annotations/value.h"
#include "base/host.h"
#include "base/json.h"
#include "devtree/boot_tree.h"
#include "devtree/overlay.h"
#include "plan/space.h"
#include "tools/board_commands.h"

namespace runx::tools {
namespace {

using base::Result;
using base::Status;

struct Options {
  std::string tree;
  std::vector<std::string> overlays;
  std::vector<std::string> devices;
  std::string board;
  std::string output;
  std::string xen_arguments;
  std::string dom0_arguments;
  std::string kernel;
  std::string ramdisk;
  bool json = false;
};

// ADDRESS=FILE: where the boot loader puts the file, which has to be as long as it is now.
Status read_module(const std::string& option, const std::string& text, std::optional<devtree::Block>& out) {
  if (text.empty()) return {};
  const auto equals = text.find('=');
  const auto address = annotations::parse_address(text.substr(0, equals));
  if (equals == std::string::npos || !address) {
    return base::fail(std::errc::invalid_argument, option, " ", text,
                      ": write ADDRESS=FILE, with an address like 0x20000000, a multiple of 0x1000");
  }
  const auto file = text.substr(equals + 1);
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  if (error) return base::fail_errno(error.value(), "cannot look at ", file);
  if (size == 0) return base::fail(std::errc::invalid_argument, file, " is empty");
  out = devtree::Block{*address, size};
  return {};
}

Status read_arguments(const std::string& option, const std::string& text, std::optional<std::string>& out) {
  if (text.empty()) return {};
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (!printable) return base::fail(std::errc::invalid_argument, option, " has a character that cannot be printed");
  out = text;
  return {};
}

Result<devtree::XenBoot> boot_of(const Options& options) {
  devtree::XenBoot out;
  for (const auto& done : {read_arguments("--xen-bootargs", options.xen_arguments, out.xen_arguments),
                           read_arguments("--dom0-bootargs", options.dom0_arguments, out.dom0_arguments),
                           read_module("--dom0-kernel", options.kernel, out.kernel),
                           read_module("--dom0-ramdisk", options.ramdisk, out.ramdisk)}) {
    if (!done) return tl::unexpected(done.error());
  }
  return out;
}

Result<devtree::Blob> with_overlays(const Options& options) {
  auto tree = read_tree(options.tree);
  for (const auto& name : options.overlays) {
    if (!tree) return tree;
    const auto bytes = read_tree(name);
    if (!bytes) return bytes;
    const auto overlay = devtree::Overlay::read(*bytes, devtree::Tree::of(*tree), name);
    if (!overlay) return tl::unexpected(overlay.error());
    tree = overlay->apply_to(*tree);
  }
  return tree;
}

Status prepare(const Options& options) {
  if (options.devices.empty() && options.board.empty() && options.overlays.empty()) {
    return base::fail(std::errc::invalid_argument,
                      "board prepare: say what to prepare, with --device, --board or --overlay");
  }
  const auto host = with_overlays(options);
  if (!host) return tl::unexpected(host.error());
  const auto tree = devtree::Tree::of(*host);
  std::vector<std::string> paths;
  for (const auto& name : options.devices) {
    const auto node = tree.resolve(name);
    if (!node) return tl::unexpected(node.error());
    if (devtree::is_window(*node)) {
      return base::fail(std::errc::invalid_argument, "--device ", name, ": ", node->path(),
                        " declares a region, which a guest gets with its bitstream: leave this --device out");
    }
    paths.push_back(node->path());
  }
  auto made = devtree::mark_passthrough(*host, paths);
  if (!made) return tl::unexpected(made.error());
  if (!options.board.empty()) {
    const auto board = read_board(options.board);
    if (!board) return tl::unexpected(board.error());
    std::vector<devtree::RegionSpace> spaces;
    for (const auto& region : board->board.regions) spaces.push_back(plan::space_of(region));
    made = devtree::declare_regions(*made, spaces);
    if (!made) return tl::unexpected(made.error());
  }
  const auto boot = boot_of(options);
  if (!boot) return tl::unexpected(boot.error());
  made = devtree::write_chosen(*made, *boot);
  if (!made) return tl::unexpected(made.error());
  base::Host files;
  const auto output = std::filesystem::absolute(options.output).string();
  if (auto written = files.write(output, base::text_of(made->bytes()), 0644); !written) return written;
  if (options.json) std::cout << base::json_text({{"tree", options.output}, {"marked", paths}}, 2) << "\n";
  return {};
}

}  // namespace

void add_prepare(CLI::App& board, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  auto* command = board.add_subcommand("prepare", "Make the tree that Xen is booted with, which says what it may give");
  command->add_option("tree", options->tree, "The board's device tree (.dtb)")->required();
  command
      ->add_option("--overlay", options->overlays,
                   "Apply an overlay first (.dtbo): a static shell that is always in the fabric; may be repeated")
      ->allow_extra_args(false);
  command
      ->add_option("--device", options->devices,
                   "Mark a node for guests (xen,passthrough): its path, alias, label or compatible; may be repeated")
      ->allow_extra_args(false);
  command->add_option("--board", options->board,
                      "Declare the apertures and interrupts of this board file's regions (spec/host.md)");
  command->add_option("--xen-bootargs", options->xen_arguments, "Write Xen's command line into /chosen");
  command->add_option("--dom0-bootargs", options->dom0_arguments, "Write Dom0's command line into /chosen");
  command->add_option("--dom0-kernel", options->kernel,
                      "ADDRESS=FILE: where the boot loader puts Dom0's kernel, where it does not say so itself");
  command->add_option("--dom0-ramdisk", options->ramdisk, "ADDRESS=FILE: the same for Dom0's ramdisk");
  command
      ->add_option("-o,--output", options->output,
                   "The tree to boot Xen with; keep it in Dom0 too (board.json, bootTree)")
      ->required();
  command->add_flag("--json", options->json, "For machines: the file and the nodes that were marked");
  command->callback([&chosen, options] { chosen = [options] { return prepare(*options); }; });
}

}  // namespace runx::tools
