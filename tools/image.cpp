// SPDX-License-Identifier: Apache-2.0
// accelkit image: what an unpacked image asks for, and what a board would do with it.
#include <cerrno>
#include <iostream>
#include <memory>

#include <fcntl.h>
#include <sys/mman.h>

#include "annotations/request.h"
#include "base/host.h"
#include "base/rootfs.h"
#include "runtime/guest/ramdisk.h"
#include "runtime/plan/image.h"
#include "tools/commands.h"

namespace runx::tools {
namespace {

using base::Result;
using base::Status;

struct Options {
  std::string rootfs;
  std::vector<std::string> annotations;  // KEY=VALUE
  std::string board;
  std::string tree;
};

struct Opened {
  base::Rootfs rootfs;
  annotations::AcceleratorRequest request;
};

Result<Opened> open(base::Host& files, const Options& options) {
  annotations::Annotations run_time;
  for (const auto& text : options.annotations) {
    const auto sign = text.find('=');
    if (sign == std::string::npos)
      return base::fail(std::errc::invalid_argument, "--annotation ", text, ": write KEY=VALUE");
    run_time[text.substr(0, sign)] = text.substr(sign + 1);
  }
  auto rootfs = base::Rootfs::open(files, options.rootfs);
  if (!rootfs) return tl::unexpected(rootfs.error());
  auto request = plan::read_request(*rootfs, run_time);
  if (!request) return tl::unexpected(request.error());
  return Opened{std::move(*rootfs), std::move(*request)};
}

Status show(const Options& options) {
  base::Host files;
  const auto opened = open(files, options);
  if (!opened) return tl::unexpected(opened.error());
  for (const auto& [key, value] : annotations::emit(opened->request)) std::cout << key << " = " << value << "\n";
  return {};
}

// The archive as the runtime would write it, without the guest's init, which is not at every desk.
Result<std::uint64_t> rootfs_size(base::Host& files, const Options& options) {
  const auto nowhere = files.open("/dev/null", O_WRONLY);
  if (!nowhere) return tl::unexpected(nowhere.error());
  const base::Fd no_init(::memfd_create("no-init", MFD_CLOEXEC));
  if (!no_init) return base::fail_errno(errno, "cannot make a file in memory");
  const auto rootfs = files.open(options.rootfs, O_RDONLY | O_DIRECTORY);
  if (!rootfs) return tl::unexpected(rootfs.error());
  guest::GuestProcess process;
  process.args = {"/"};
  return guest::write_ramdisk(*nowhere, no_init, process, *rootfs);
}

Result<plan::HostFacts> board_facts(const Options& options) {
  constexpr std::size_t largest_board = std::size_t{1} << 20;
  const auto text = read_file(options.board, largest_board);
  if (!text) return tl::unexpected(text.error());
  auto board = plan::parse_board(*text, options.board);
  if (!board) return tl::unexpected(board.error());
  const auto tree = read_file(options.tree, devtree::largest_tree);
  if (!tree) return tl::unexpected(tree.error());
  auto blob = devtree::Blob::parse(base::bytes_of(*tree), options.tree);
  if (!blob) return tl::unexpected(blob.error());
  plan::HostFacts facts;
  facts.board = std::move(*board);
  facts.boot_tree = std::move(*blob);
  return facts;
}

Status make(const Options& options) {
  base::Host files;
  const auto opened = open(files, options);
  if (!opened) return tl::unexpected(opened.error());
  const auto bitstreams = plan::read_bitstreams(opened->rootfs, opened->request);
  if (!bitstreams) return tl::unexpected(bitstreams.error());
  const auto facts = board_facts(options);
  if (!facts) return tl::unexpected(facts.error());
  const auto size = rootfs_size(files, options);
  if (!size) return tl::unexpected(size.error());
  const auto made = plan::make_plan(opened->request, *facts, {bitstreams->facts, *size});
  if (const auto* refusals = std::get_if<plan::Refusals>(&made)) {
    std::string all;
    for (const auto& refusal : *refusals) all += "\n  " + refusal;
    return base::fail(std::errc::operation_not_permitted, "this board would refuse the image:", all);
  }
  std::cout << plan::plan_text(std::get<plan::Plan>(made));
  return {};
}

}  // namespace

void add_image(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  auto* image = app.add_subcommand("image", "For image authors")->require_subcommand(1);
  const auto with_rootfs = [&](const char* name, const char* what) {
    auto* command = image->add_subcommand(name, what);
    command->add_option("rootfs", options->rootfs, "The image's root file system, unpacked")->required();
    command->add_option("--annotation", options->annotations, "KEY=VALUE as given at run time; may be repeated");
    return command;
  };
  auto* shown = with_rootfs("show", "Print what the image asks for");
  shown->callback([&chosen, options] { chosen = [options] { return show(*options); }; });
  auto* planned = with_rootfs("plan", "Print what a board would do, or why it would not");
  planned->add_option("--board", options->board, "The board file (spec/host.md)")->required();
  planned->add_option("--dtb", options->tree, "The tree that Xen was booted with")->required();
  planned->callback([&chosen, options] { chosen = [options] { return make(*options); }; });
}

}  // namespace runx::tools
