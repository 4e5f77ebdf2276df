// SPDX-License-Identifier: Apache-2.0
// accelkit image show: what an image asks for, and in which of its places it says so.
#include <iostream>
#include <memory>

#include <nlohmann/json.hpp>

#include "annotations/alias.h"
#include "annotations/place.h"
#include "base/json.h"
#include "base/printable.h"
#include "plan/image.h"
#include "tools/image_commands.h"
#include "tools/opened.h"

namespace runx::tools {
namespace {

using annotations::Annotations;
using annotations::Place;
using base::Result;
using base::Status;

struct Options {
  std::string image;
  std::string platform;
  std::vector<std::string> annotations;
  bool json = false;
};

struct Shown {
  Annotations asks;           // what the metadata file asks for, or, without one, labels and manifest annotations
  std::vector<Place> places;  // that are in use, each with keys of ours instead of aliases; none of a root file system
  bool without_file = false;  // no runtime reads these places by itself
};

std::vector<Place> places_in_use(const std::vector<Place>& places) {
  std::vector<Place> out;
  for (const auto& place : places) {
    auto keys = annotations::without_aliases(place.annotations);
    std::erase_if(keys, [](const auto& entry) { return !entry.first.starts_with(annotations::prefix); });
    if (!keys.empty()) out.push_back({place.name, std::move(keys)});
  }
  return out;
}

Result<Shown> shown(const Opened& image, const Annotations& run_time) {
  Shown out{annotations::emit(image.request), places_in_use(image.places)};
  out.without_file = !out.places.empty() && out.places.front().name != annotations::metadata_path;
  if (!out.without_file) return out;
  Annotations all;
  for (const auto& place : out.places) all.insert(place.annotations.begin(), place.annotations.end());
  const auto request = plan::read_request(all, run_time);
  if (!request) return tl::unexpected(request.error());
  out.asks = annotations::emit(*request);
  return out;
}

// "  (labels, manifest annotations)": the places that say it, where not every one of them does.
std::string origin(const Shown& image, const std::string& key, const Annotations& run_time) {
  if (run_time.contains(key)) return image.places.empty() ? "" : "  (--annotation)";
  const std::string* value = nullptr;
  std::string names;
  std::size_t count = 0;
  for (const auto& place : image.places) {
    const auto found = place.annotations.find(key);
    if (found == place.annotations.end() || (value != nullptr && *value != found->second)) continue;
    value = &found->second;
    names += (names.empty() ? "" : ", ") + place.name;
    ++count;
  }
  const bool everywhere = count == image.places.size() && !image.without_file;
  return names.empty() || everywhere ? "" : "  (" + names + ")";
}

void print(const Shown& image, const Annotations& run_time) {
  for (const auto& [key, value] : image.asks)
    std::cout << key << " = " << value << origin(image, key, run_time) << "\n";
  if (image.without_file) {
    std::cerr
        << "accelkit: note: there is no " << annotations::metadata_path
        << ", so a runtime sees this only where the engine hands labels or annotations on: accelkit image annotate "
           "writes it\n";
    return;
  }
  for (const auto& place : image.places) {
    for (const auto& [key, value] : place.annotations) {
      if (image.places.front().annotations.contains(key)) continue;
      std::cerr << "accelkit: note: " << base::printable(key, 256) << " = " << base::printable(value) << " is in "
                << place.name << " and not in " << annotations::metadata_path << ", so no runtime reads it there\n";
    }
  }
}

nlohmann::json to_json(const Opened& opened, const Shown& image) {
  nlohmann::json out{{"platform", opened.platform}, {"annotations", image.asks}};
  for (const auto& place : opened.places) out["places"][place.name] = place.annotations;
  return out;
}

Status show(const Options& options) {
  const auto run_time = key_values(options.annotations, "--annotation");
  if (!run_time) return tl::unexpected(run_time.error());
  const auto platform = platform_option(options.platform);
  if (!platform) return tl::unexpected(platform.error());
  const auto opened = open_images(options.image, *platform, *run_time, false);
  if (!opened) return tl::unexpected(opened.error());
  auto all = nlohmann::json::array();
  for (const auto& image : *opened) {
    const auto found = shown(image, *run_time);
    if (!found) return tl::unexpected(found.error());
    if (options.json) {
      all.push_back(to_json(image, *found));
      continue;
    }
    if (opened->size() > 1) std::cout << image.platform << "\n";
    print(*found, annotations::without_aliases(*run_time));
  }
  if (options.json) std::cout << base::json_text(all, 2) << "\n";
  return {};
}

}  // namespace

void add_show(CLI::App& image, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  auto* command = image.add_subcommand("show", "Print what the image asks for");
  command->add_option("image", options->image, "LAYOUT:TAG, or the image's root file system, unpacked")->required();
  command->add_option("--annotation", options->annotations, "KEY=VALUE as given at run time; may be repeated")
      ->allow_extra_args(false)
      ->check(check_key_value);
  command->add_option("--platform", options->platform, platform_help)->check(check_platform);
  command->add_flag("--json", options->json, "For machines: a list with one object a platform");
  command->footer(
      "Where the metadata file, the labels and the manifest annotations of a layout do not say the same, each line "
      "ends\n"
      "in the places that say it.");
  command->callback([&chosen, options] { chosen = [options] { return show(*options); }; });
}

}  // namespace runx::tools
