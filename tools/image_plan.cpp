// SPDX-License-Identifier: Apache-2.0
// accelkit image plan: what a board would do with an image, by the runtime's own planner.
#include <filesystem>
#include <iostream>
#include <memory>

#include <nlohmann/json.hpp>

#include "base/host.h"
#include "base/json.h"
#include "plan/domain_kind.h"
#include "plan/image.h"
#include "tools/dts.h"
#include "tools/host_files.h"
#include "tools/image_commands.h"
#include "tools/opened.h"
#include "xen/domain.h"

namespace runx::tools {
namespace {

using base::Result;
using base::Status;

struct Options {
  std::string image;
  std::vector<std::string> annotations;
  std::string platform;
  std::string board;
  std::string tree;
  std::string policy;
  std::string kubernetes_namespace;
  std::string output;
  bool with_tree = false;
  bool hardware = false;
  bool json = false;
};

Status add_policy(const Options& options, plan::HostFacts& facts) {
  facts.kubernetes_namespace = options.kubernetes_namespace;
  if (options.policy.empty()) return {};
  const auto text = read_file(options.policy, largest_host_file);
  if (!text) return tl::unexpected(text.error());
  auto policy = plan::parse_policy(*text, options.policy);
  if (!policy) return tl::unexpected(policy.error());
  auto keys = plan::public_keys(*policy, read_file);
  if (!keys) return tl::unexpected(keys.error());
  facts.policy = std::move(*policy);
  facts.keys = std::move(*keys);
  return {};
}

Result<plan::HostFacts> board_facts(const Options& options) {
  auto board = read_board(options.board);
  if (!board) return tl::unexpected(board.error());
  auto blob = read_tree(options.tree);
  if (!blob) return tl::unexpected(blob.error());
  plan::HostFacts facts;
  facts.board = std::move(board->board);
  facts.boot_tree = std::move(*blob);
  if (auto done = add_policy(options, facts); !done) return tl::unexpected(done.error());
  return facts;
}

Result<plan::Plan> refused(const Options& options, const plan::Refusals& refusals) {
  if (options.json) std::cout << base::json_text(nlohmann::json{{"refusals", refusals}}, 2) << "\n";
  std::string all;
  for (const auto& refusal : refusals) all += "\n  " + refusal;
  return base::fail(std::errc::operation_not_permitted, "this board would refuse the image:", all);
}

Result<plan::Plan> plan_of(const Options& options) {
  const auto run_time = key_values(options.annotations, "--annotation");
  if (!run_time) return tl::unexpected(run_time.error());
  const auto platform = platform_option(options.platform);
  if (!platform) return tl::unexpected(platform.error());
  const auto images = open_images(options.image, *platform, *run_time, true);
  if (!images) return tl::unexpected(images.error());
  const auto& image = images->front();
  const auto facts = board_facts(options);
  if (!facts) return tl::unexpected(facts.error());
  plan::ImageBudget budget(facts->board.image);
  const auto bitstreams = plan::read_bitstreams(image.rootfs, image.request, all_files(image.request), budget);
  if (!bitstreams) return tl::unexpected(bitstreams.error());
  if (auto taken = budget.take("the root file system", image.ramdisk_bytes, 0); !taken)
    return tl::unexpected(taken.error());
  auto made = plan::make_plan(image.request, *facts, bitstreams->with_rootfs(image.ramdisk_bytes));
  if (const auto* refusals = std::get_if<plan::Refusals>(&made)) return refused(options, *refusals);
  return std::get<plan::Plan>(std::move(made));
}

// What create chooses for each container stands in angle brackets.
std::string xl_text(const plan::DomainStep& domain) {
  auto config = xen::domain_config(domain);
  config.name = "runx-<container>";
  config.uuid = "<uuid>";
  config.ramdisk = "<root>/<container>/ramdisk";
  if (domain.passthrough.tree.has_tree()) config.device_tree = "<root>/<container>/guest.dtb";
  return xen::config_text(config);
}

// The section of config.json (runtime-spec, config-vm.md) that says the same to another runtime: memory in bytes, pages
// and interrupts in decimal.
nlohmann::ordered_json hardware_section(const plan::DomainStep& domain, const std::string& tree) {
  nlohmann::ordered_json out;
  const auto& passthrough = domain.passthrough;
  if (!tree.empty()) out["deviceTree"] = tree;
  out["vcpus"] = domain.vcpus;
  out["memory"] = domain.memory;
  if (!passthrough.dtdev.empty()) out["dtdevs"] = passthrough.dtdev;
  for (const auto& m : passthrough.iomem)
    out["iomems"].push_back({{"firstGFN", m.guest_page}, {"firstMFN", m.first_page}, {"nrMFNs", m.pages}});
  if (!passthrough.irqs.empty()) out["irqs"] = passthrough.irqs;
  return {{"vm", {{"hwConfig", out}}}};
}

Status run(const Options& options) {
  const auto made = plan_of(options);
  if (!made) return tl::unexpected(made.error());
  const auto domain = made->all<plan::DomainStep>().front();
  const auto& tree = domain.passthrough.tree;
  if (!options.output.empty()) {
    if (!tree.has_tree())
      return base::fail(std::errc::invalid_argument, "the guest gets no device, so there is no tree to write to ",
                        options.output);
    base::Host files;
    const auto path = std::filesystem::absolute(options.output).string();
    if (auto written = files.write(path, base::text_of(tree.bytes()), 0644); !written) return written;
  }
  if (options.hardware) {
    if (tree.has_tree() && options.output.empty())
      return base::fail(std::errc::invalid_argument,
                        "--hwconfig names the guest's device tree as a file: say where to write it with -o");
    const auto path = tree.has_tree() ? std::filesystem::absolute(options.output).lexically_normal().string() : "";
    std::cout << hardware_section(domain, path).dump(2) << "\n";
    return {};
  }
  const auto source = tree.has_tree() ? dts_text(devtree::Tree::of(tree)) : std::string();
  if (options.json) {
    auto out = plan::plan_json(*made);
    out["xl"] = xl_text(domain);
    out["deviceTree"] = source;
    std::cout << base::json_text(out, 2) << "\n";
    return {};
  }
  std::cout << plan::plan_text(*made);
  if (!options.with_tree) return {};
  std::cout << "\n# the domain's xl configuration\n" << xl_text(domain);
  if (!source.empty()) std::cout << "\n// the guest's part of the device tree\n" << source;
  return {};
}

}  // namespace

void add_plan(CLI::App& image, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  auto* command = image.add_subcommand("plan", "Print what a board would do, or why it would not");
  command->add_option("image", options->image, "LAYOUT:TAG, or the image's root file system, unpacked")->required();
  command->add_option("--annotation", options->annotations, "KEY=VALUE as given at run time; may be repeated")
      ->allow_extra_args(false)
      ->check(check_key_value);
  command->add_option("--platform", options->platform, platform_help)->check(check_platform);
  command->add_option("--board", options->board, "The board file (spec/host.md)")->required();
  command->add_option("--dtb", options->tree, "The tree that Xen was booted with")->required();
  auto* policy = command->add_option("--policy", options->policy, "The board's policy file; unless given, it has none");
  command
      ->add_option("--namespace", options->kubernetes_namespace,
                   "Who asks, as the policy names them; unless given, nobody")
      ->needs(policy);
  command->add_flag("--tree", options->with_tree, "Print the guest's device tree and the xl configuration too");
  command->add_option("-o,--output", options->output, "Write the guest's device tree to this file (.dtb)");
  auto* hardware = command->add_flag(
      "--hwconfig", options->hardware,
      "Print vm.hwConfig of config.json for another runtime, and nothing else; with -o where there is a device");
  command->add_flag("--json", options->json, "For machines, with everything that --tree prints; or the refusals")
      ->excludes(hardware);
  command->callback([&chosen, options] { chosen = [options] { return run(*options); }; });
}

}  // namespace runx::tools
