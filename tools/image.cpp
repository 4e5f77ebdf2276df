// SPDX-License-Identifier: Apache-2.0
// accelkit image: what authors of images do, and `show`, the smallest of it.
#include <iostream>
#include <memory>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "tools/image_commands.h"
#include "tools/opened.h"

namespace runx::tools {
namespace {

using base::Status;

struct Options {
  std::string image;
  std::string platform;
  std::vector<std::string> annotations;
  bool json = false;
};

Status show(const Options& options) {
  const auto run_time = key_values(options.annotations, "--annotation");
  if (!run_time) return tl::unexpected(run_time.error());
  const auto platform = platform_option(options.platform);
  if (!platform) return tl::unexpected(platform.error());
  const auto opened = open_images(options.image, *platform, *run_time, false);
  if (!opened) return tl::unexpected(opened.error());
  auto all = nlohmann::json::array();
  for (const auto& image : *opened) {
    const auto asks = annotations::emit(image.request);
    all.push_back({{"platform", image.platform}, {"annotations", asks}});
    if (options.json) continue;
    if (opened->size() > 1) std::cout << image.platform << "\n";
    for (const auto& [key, value] : asks) std::cout << key << " = " << value << "\n";
  }
  if (options.json) std::cout << base::json_text(all, 2) << "\n";
  return {};
}

}  // namespace

void add_image(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  auto* image = app.add_subcommand("image", "For image authors")->require_subcommand(1);
  image->footer(
      "An image is an OCI layout, as umoci, buildah and skopeo write it (LAYOUT:TAG), or its tar (oci-archive).\n"
      "No daemon is needed and no root. What is changed is changed in one step; after an error nothing is.");
  add_annotate(*image, chosen);
  add_attach(*image, chosen);
  add_lint(*image, chosen);
  auto* shown = image->add_subcommand("show", "Print what the image asks for");
  shown->add_option("image", options->image, "LAYOUT:TAG, or the image's root file system, unpacked")->required();
  shown->add_option("--annotation", options->annotations, "KEY=VALUE as given at run time; may be repeated")
      ->allow_extra_args(false)
      ->check(check_key_value);
  shown->add_option("--platform", options->platform, platform_help)->check(check_platform);
  shown->add_flag("--json", options->json, "For machines: a list with one object a platform");
  shown->callback([&chosen, options] { chosen = [options] { return show(*options); }; });
  add_plan(*image, chosen);
}

}  // namespace runx::tools
