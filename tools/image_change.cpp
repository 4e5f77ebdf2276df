// SPDX-License-Identifier: Apache-2.0
// accelkit image annotate: what the image asks for, written into it.
#include <iostream>
#include <memory>

#include "annotations/place.h"
#include "base/json.h"
#include "tools/image_change.h"
#include "tools/image_commands.h"
#include "tools/oci/view.h"
#include "tools/opened.h"

namespace runx::tools {

using annotations::Annotations;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t most_keys = 1024;

struct Options {
  std::string image;
  std::string from;
  std::vector<std::string> set;
  std::vector<std::string> unset;
  std::string platform;
  std::string compression;
  bool json = false;
};

Status complain(const std::vector<annotations::Complaint>& complaints) {
  if (complaints.empty()) return {};
  std::string all = "the annotations are not what schema " + std::string(annotations::schema) + " takes:";
  for (const auto& complaint : complaints) all += "\n  " + annotations::sentence(complaint);
  return base::fail(std::errc::invalid_argument, all);
}

Result<Annotations> from_file(const std::string& path) {
  const auto text = read_file(path, oci::limits::metadata);
  if (!text) return tl::unexpected(text.error());
  auto metadata = annotations::parse_metadata(*text);
  for (auto& complaint : metadata.complaints) complaint.key = path;
  if (auto good = complain(metadata.complaints); !good) return tl::unexpected(good.error());
  return std::move(metadata.annotations);
}

Status annotate(const Options& options) {
  const auto set = key_values(options.set, "--set");
  if (!set) return tl::unexpected(set.error());
  std::optional<Annotations> from;
  if (!options.from.empty()) {
    auto read = from_file(options.from);
    if (!read) return tl::unexpected(read.error());
    from = std::move(*read);
  }
  return change_layout(options.image, options.platform, options.json,
                       [&](oci::Layout& layout, const oci::Image& image) -> Result<oci::Edit> {
                         auto edit = new_edit(options.compression);
                         if (!edit) return edit;
                         if (from) {
                           edit->annotations = *from;
                         } else {
                           auto now = said_now(layout, image);
                           if (!now) return tl::unexpected(now.error());
                           edit->annotations = std::move(*now);
                         }
                         for (const auto& [key, value] : *set) edit->annotations[key] = value;
                         for (const auto& key : options.unset) edit->annotations.erase(key);
                         return edit;
                       });
}

}  // namespace

Result<Annotations> said_now(oci::Layout& layout, const oci::Image& image) {
  auto carried = oci::carried(layout, image);
  if (!carried) return tl::unexpected(carried.error());
  if (*carried) return std::move(**carried);
  const auto view = oci::View::of(layout, image);
  if (!view) return tl::unexpected(view.error());
  const std::string path(annotations::metadata_path);
  if (!view->is_file(path)) return Annotations();
  const auto text = view->read(path, oci::limits::metadata);
  if (!text) return tl::unexpected(text.error());
  auto metadata = annotations::parse_metadata(*text);
  if (auto good = complain(metadata.complaints); !good) return tl::unexpected(good.error());
  return std::move(metadata.annotations);
}

Result<oci::Edit> new_edit(const std::string& compression) {
  oci::Edit edit;
  const auto epoch = oci::source_date_epoch();
  if (!epoch) return tl::unexpected(epoch.error());
  edit.epoch = *epoch;
  if (compression == "gzip") edit.compression = oci::Compression::gzip;
  if (compression == "zstd") edit.compression = oci::Compression::zstd;
  if (compression == "none") edit.compression = oci::Compression::none;
  return edit;
}

Status check_annotations(const Annotations& annotations) {
  if (annotations.size() > most_keys) {
    return base::fail(std::errc::invalid_argument, annotations.size(), " annotations are more than the ", most_keys,
                      " that an image can use");
  }
  auto complaints = annotations::parse(annotations).complaints;
  for (auto& complaint : annotations::not_for_images(annotations)) complaints.push_back(std::move(complaint));
  return complain(complaints);
}

Status change_layout(const std::string& reference, const std::string& platform_text, bool json,
                     const MakeEdit& make_edit) {
  const auto platform = platform_option(platform_text);
  if (!platform) return tl::unexpected(platform.error());
  const auto named = oci::parse_reference(reference);
  auto layout = oci::Layout::open(named.path);
  if (!layout) return tl::unexpected(layout.error());
  std::map<std::string, std::string> blobs;
  auto done = oci::Json::array();
  const auto index = layout->change_images(
      named.tag, *platform,
      [&](oci::Image& image) -> Result<oci::Descriptor> {
        const auto edit = make_edit(*layout, image);
        if (!edit) return tl::unexpected(edit.error());
        if (auto good = check_annotations(edit->annotations); !good) return tl::unexpected(good.error());
        auto changed = oci::apply(image, *edit, blobs);
        if (!changed) return changed;
        // Layers that stay are read for their digests only where files are put on top of them: annotate is to take no
        // longer than what it writes, and lint reads them.
        if (auto whole = layout->check_named(blobs[changed->digest], blobs, !edit->files.empty()); !whole)
          return base::context(whole.error(), "the layout is not changed");
        done.push_back({{"platform", oci::to_text(image.platform)}, {"digest", changed->digest}});
        return changed;
      },
      blobs);
  if (!index) return tl::unexpected(index.error());
  if (auto written = layout->commit(blobs, *index); !written) return written;
  if (json) {
    std::cout << base::json_text(done, 2) << "\n";
    return {};
  }
  for (const auto& image : done)
    std::cout << oci::text_of(image, "platform") << " " << oci::text_of(image, "digest") << "\n";
  return {};
}

void add_annotate(CLI::App& image, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  auto* command = image.add_subcommand(
      "annotate", "Write what the image asks for into its file system, its labels and its manifest annotations");
  command->add_option("image", options->image, layout_help)->required();
  command->add_option("--from", options->from, "A JSON object of annotations, instead of those the image has");
  command->add_option("--set", options->set, "KEY=VALUE on top of that; may be repeated")
      ->allow_extra_args(false)
      ->check(check_key_value);
  command->add_option("--unset", options->unset, "A KEY to take away; may be repeated")->allow_extra_args(false);
  command->add_option("--platform", options->platform, platform_help)->check(check_platform);
  command
      ->add_option("--compression", options->compression, "Of the new layer; unless given, that of the image's first")
      ->check(CLI::IsMember({"gzip", "zstd", "none"}));
  command->add_flag("--json", options->json, "For machines: a list of platforms and their manifests' digests");
  command->footer(
      "The keys are those of spec/annotations.md; all that is wrong with them is said at once.\n"
      "The same annotations give the same digest. SOURCE_DATE_EPOCH sets the new layer's times (unless set: 1970).");
  command->callback([&chosen, options] {
    if (options->from.empty() && options->set.empty() && options->unset.empty())
      throw CLI::RequiredError("--from, --set or --unset");
    chosen = [options] { return annotate(*options); };
  });
}

}  // namespace runx::tools
