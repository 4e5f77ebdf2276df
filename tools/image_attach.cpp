// SPDX-License-Identifier: Apache-2.0
// accelkit image attach: accelerator files, into the image or beside it.
#include <filesystem>
#include <iostream>
#include <memory>

#include "annotations/place.h"
#include "annotations/value.h"
#include "base/json.h"
#include "base/printable.h"
#include "base/sha256.h"
#include "tools/image_change.h"
#include "tools/image_commands.h"
#include "tools/oci/artifact.h"

namespace runx::tools {
namespace {

using annotations::Annotations;
using base::Result;
using base::Status;

// As the runtime limits a bitstream (plan/image.cpp).
constexpr std::size_t largest_file = std::size_t{256} << 20;

struct Options {
  std::string image;
  std::vector<std::string> bitstreams, overlays, firmwares, files;
  std::vector<std::string> regions;
  std::string platform;
  std::string compression;
  bool artifact = false;
  bool json = false;
};

// One file and what the annotations will say of it.
struct Attached {
  std::string use;   // "bitstream", "overlay", "firmware", "file"
  std::string name;  // of the annotation; "" for a plain file
  std::string path;  // in the image
  std::string content;
};

// FILE[:/path/in/image]; without a path the file goes below /boot under its own name.
Result<Attached> attached(const std::string& use, const std::string& name, const std::string& text) {
  Attached out{use, name, "", ""};
  const auto colon = text.rfind(":/");
  const std::string file = text.substr(0, colon);
  out.path =
      colon == std::string::npos ? "/boot/" + std::filesystem::path(file).filename().string() : text.substr(colon + 1);
  if (!annotations::is_clean_path(out.path) || out.path == annotations::metadata_path ||
      std::filesystem::path(out.path).filename().string().starts_with(".wh.")) {
    return base::fail(std::errc::invalid_argument, "--", use, " ", base::printable(text), ": ",
                      base::printable(out.path), " is not a place for it in the image: write FILE:/absolute/path");
  }
  auto content = read_file(file, largest_file);
  if (!content) return tl::unexpected(content.error());
  out.content = std::move(*content);
  return out;
}

// check_named_file() has looked at it.
Result<Attached> named(const std::string& use, const std::string& text) {
  const auto sign = text.find('=');
  return attached(use, text.substr(0, sign), text.substr(sign + 1));
}

Result<std::vector<Attached>> read_files(const Options& options) {
  std::vector<Attached> out;
  const auto add = [&](Result<Attached> one) -> Status {
    if (!one) return tl::unexpected(one.error());
    for (const auto& other : out) {
      if (other.path == one->path)
        return base::fail(std::errc::invalid_argument, "two files for ", one->path, " in the image");
    }
    out.push_back(std::move(*one));
    return {};
  };
  for (const auto& text : options.bitstreams) {
    if (auto done = add(named("bitstream", text)); !done) return tl::unexpected(done.error());
  }
  for (const auto& text : options.overlays) {
    if (auto done = add(named("overlay", text)); !done) return tl::unexpected(done.error());
  }
  for (const auto& text : options.firmwares) {
    if (auto done = add(named("firmware", text)); !done) return tl::unexpected(done.error());
  }
  for (const auto& text : options.files) {
    if (auto done = add(attached("file", "", text)); !done) return tl::unexpected(done.error());
  }
  return out;
}

// --region REGION where there is one bitstream, else NAME=REGION.
// What no single option's check can see.
void check_usage(const Options& options) {
  if (options.bitstreams.empty() && options.overlays.empty() && options.firmwares.empty() && options.files.empty())
    throw CLI::RequiredError("--bitstream, --overlay, --firmware or --file");
  for (const auto& text : options.regions) {
    if (text.find('=') == std::string::npos && options.bitstreams.size() != 1)
      throw CLI::ValidationError("--region", base::printable(text) + ": which bitstream's? write NAME=REGION");
  }
}

void add_regions(const Options& options, const std::vector<Attached>& files, Annotations& keys) {
  const auto fpga = std::string(annotations::prefix) + "fpga.";
  for (const auto& text : options.regions) {
    const auto sign = text.find('=');
    const auto name = sign == std::string::npos ? files.front().name : text.substr(0, sign);
    keys[fpga + name + ".region"] = sign == std::string::npos ? text : text.substr(sign + 1);
  }
}

Annotations keys_of(const Options& options, const std::vector<Attached>& files) {
  const std::string prefix(annotations::prefix);
  Annotations keys;
  for (const auto& file : files) {
    const auto digest = base::sha256_digest(base::bytes_of(file.content));
    if (file.use == "bitstream") {
      keys[prefix + "fpga." + file.name + ".bitstream"] = file.path;
      keys[prefix + "fpga." + file.name + ".digest"] = digest;
    } else if (file.use == "overlay") {
      keys[prefix + "fpga." + file.name + ".overlay"] = file.path;
    } else if (file.use == "firmware") {
      keys[prefix + "rpu." + file.name + ".firmware"] = file.path;
      keys[prefix + "rpu." + file.name + ".digest"] = digest;
    }
  }
  add_regions(options, files, keys);
  return keys;
}

Status attach_artifact(const Options& options, const std::vector<Attached>& files, Annotations keys) {
  keys[std::string(annotations::prefix) + "schema"] = annotations::schema;
  if (auto good = check_annotations(keys); !good) return good;
  const auto reference = oci::parse_reference(options.image);
  auto layout = oci::Layout::open(reference.path);
  if (!layout) return tl::unexpected(layout.error());
  // Reading the images first: an artifact is not attached to what is none.
  if (const auto images = layout->images(reference.tag, {}); !images) return tl::unexpected(images.error());
  const auto subject = oci::tagged_descriptor(*layout, reference.tag);
  if (!subject) return tl::unexpected(subject.error());
  std::vector<oci::ArtifactFile> parts;
  for (const auto& file : files) {
    const auto title = std::filesystem::path(file.path).filename().string();
    parts.push_back({oci::artifact_media_type(file.use, title), title, file.content});
  }
  auto index = layout->index();
  std::map<std::string, std::string> blobs;
  const auto artifact = oci::add_artifact(index, *subject, keys, parts, blobs);
  if (auto whole = layout->check_named(blobs[artifact.digest], blobs, true); !whole)
    return base::context(whole.error(), "the layout is not changed");
  if (auto done = layout->commit(blobs, index); !done) return done;
  if (options.json) {
    std::cout << base::json_text({{"artifact", artifact.digest}, {"subject", subject->digest}}, 2) << "\n";
  } else {
    std::cout << "artifact " << artifact.digest << " for " << subject->digest << "\n";
  }
  return {};
}

Status attach(const Options& options) {
  const auto files = read_files(options);
  if (!files) return tl::unexpected(files.error());
  const auto keys = keys_of(options, *files);
  if (options.artifact) return attach_artifact(options, *files, keys);
  return change_layout(options.image, options.platform, options.json,
                       [&](oci::Layout& layout, const oci::Image& image) -> Result<oci::Edit> {
                         auto edit = new_edit(options.compression);
                         if (!edit) return edit;
                         auto now = said_now(layout, image);
                         if (!now) return tl::unexpected(now.error());
                         edit->annotations = annotations::with_keys(*now, keys);
                         edit->annotations.try_emplace(std::string(annotations::prefix) + "schema",
                                                       annotations::schema);
                         for (const auto& file : *files) edit->files[file.path] = file.content;
                         return edit;
                       });
}

}  // namespace

void add_attach(CLI::App& image, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  auto* command = image.add_subcommand("attach", "Put accelerator files into the image, or beside it as an artifact");
  command->add_option("image", options->image, layout_help)->required();
  command->add_option("--bitstream", options->bitstreams, "NAME=FILE[:/path/in/image] (unless given, /boot/FILE)")
      ->allow_extra_args(false)
      ->check(check_named_file);
  command->add_option("--region", options->regions, "REGION, or NAME=REGION, that the bitstream asks for")
      ->allow_extra_args(false);
  command->add_option("--overlay", options->overlays, "NAME=FILE[:/path/in/image], a .dtbo of fpga.NAME")
      ->allow_extra_args(false)
      ->check(check_named_file);
  command->add_option("--firmware", options->firmwares, "NAME=FILE[:/path/in/image], an ELF of rpu.NAME")
      ->allow_extra_args(false)
      ->check(check_named_file);
  command->add_option("--file", options->files, "FILE[:/path/in/image] that no annotation names")
      ->allow_extra_args(false);
  auto* platform = command->add_option("--platform", options->platform, platform_help)->check(check_platform);
  command->add_option("--compression", options->compression, "Of new layers; unless given, that of the image's first")
      ->check(CLI::IsMember({"gzip", "zstd", "none"}));
  command->add_flag("--artifact", options->artifact, "Leave the image as it is; add a manifest whose subject it is")
      ->excludes(platform);  // its subject is the tag with all its platforms
  command->add_flag("--json", options->json, "For machines");
  command->footer(
      "Paths and digests are written into the annotations; what the image asked for before stays. A file for the same\n"
      "path replaces the one that was attached before. Artifacts are described in spec/artifacts.md; annotating the\n"
      "image later changes its digest, so attach them last.");
  command->callback([&chosen, options] {
    check_usage(*options);
    chosen = [options] { return attach(*options); };
  });
}

}  // namespace runx::tools
