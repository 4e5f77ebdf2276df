// SPDX-License-Identifier: Apache-2.0
// accelkit image lint: what is wrong with an image, before a board says so.
#include <iostream>
#include <memory>

#include "base/json.h"
#include "tools/image_commands.h"
#include "tools/lint.h"
#include "tools/opened.h"

namespace runx::tools {
namespace {

using base::Status;

struct Options {
  std::string image;
  std::string platform;
  bool json = false;
};

Status lint(const Options& options) {
  const auto platform = platform_option(options.platform);
  if (!platform) return tl::unexpected(platform.error());
  const auto reference = oci::parse_reference(options.image);
  auto layout = oci::Layout::open(reference.path);
  if (!layout) return tl::unexpected(layout.error());
  const auto images = layout->images(reference.tag, *platform);
  if (!images) return tl::unexpected(images.error());
  auto all = oci::Json::array();
  std::size_t errors = 0;
  for (const auto& image : *images) {
    const auto name = oci::to_text(image.platform);
    for (const auto& finding : lint_image(*layout, image)) {
      const char* severity = finding.error ? "error" : "warning";
      errors += finding.error ? 1 : 0;
      all.push_back({{"platform", name}, {"severity", severity}, {"what", finding.what}});
      if (options.json) continue;
      std::cout << severity << ": " << (images->size() > 1 ? name + ": " : "") << finding.what << "\n";
    }
  }
  if (options.json) std::cout << base::json_text(all, 2) << "\n";
  if (errors == 0) return {};
  return base::fail(std::errc::invalid_argument, options.image, " has ", errors, errors == 1 ? " error" : " errors");
}

}  // namespace

void add_lint(CLI::App& image, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  auto* command = image.add_subcommand("lint", "Find what can be wrong with an image, without a board");
  command->add_option("image", options->image, layout_help)->required();
  command->add_option("--platform", options->platform, platform_help)->check(check_platform);
  command->add_flag("--json", options->json, "For machines: a list of {platform, severity, what}");
  command->footer("Exit code 1 when there is an error; warnings alone are 0.");
  command->callback([&chosen, options] { chosen = [options] { return lint(*options); }; });
}

}  // namespace runx::tools
