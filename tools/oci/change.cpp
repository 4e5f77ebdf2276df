// SPDX-License-Identifier: Apache-2.0
#include "tools/oci/change.h"

#include <algorithm>

#include "annotations/place.h"
#include "base/json.h"
#include "base/printable.h"

namespace runx::tools::oci {
namespace {

using annotations::Annotations;
using base::Result;
using base::Status;

constexpr std::string_view metadata_mark = "metadata";
constexpr std::string_view file_mark = "file:";

Annotations ours(const Annotations& all) {
  Annotations out;
  for (const auto& [key, value] : all) {
    if (key.starts_with(annotations::prefix)) out[key] = value;
  }
  return out;
}

std::string mark_of(const Json& descriptor) {
  const auto found = descriptor.find("annotations");
  return found == descriptor.end() ? std::string() : text_of(*found, own_layer_key);
}

// The member as an object, made when there is none. Null where it is something else.
Json* object_in(Json& parent, const char* member) {
  auto& value = parent[member];
  if (value.is_null()) value = Json::object();
  return value.is_object() ? &value : nullptr;
}

bool is_empty_step(const Json& step) {
  if (!step.is_object()) return false;
  const auto found = step.find("empty_layer");
  return found != step.end() && found->is_boolean() && found->get<bool>();
}

struct OwnLayer {
  Json descriptor;
  std::string diff_id;
  Json step;  // of the history; null when the image has none that counts its layers right
};

class Editor {
 public:
  Editor(const Image& image, const Edit& edit, std::map<std::string, std::string>& blobs)
      : manifest_(image.manifest), config_(image.config), edit_(edit), blobs_(blobs) {}

  Result<Descriptor> run(const Descriptor& before) {
    docker_ = before.media_type == docker_manifest_type;
    counted_ = counts_layers();
    take_off();
    if (auto done = make_layers(); !done) return tl::unexpected(done.error());
    put_on();
    if (auto done = write_keys(); !done) return tl::unexpected(done.error());
    manifest_["config"] = replaced(manifest_["config"], keep(text_of(manifest_["config"], "mediaType"), config_));
    return keep(before.media_type, manifest_);
  }

 private:
  Json& layers() { return manifest_["layers"]; }
  Json& diff_ids() { return config_["rootfs"]["diff_ids"]; }

  // A history is optional, and of use only when it has a step for each layer (config.md, history).
  bool counts_layers() {
    const auto found = config_.find("history");
    if (found == config_.end()) return layers().empty();
    if (!found->is_array()) return false;
    const auto steps =
        std::count_if(found->begin(), found->end(), [](const Json& step) { return !is_empty_step(step); });
    return static_cast<std::size_t>(steps) == layers().size();
  }

  Json take_last_step() {
    auto& history = config_["history"];
    for (std::size_t i = history.size(); i-- > 0;) {
      if (is_empty_step(history[i])) continue;
      Json step = history[i];
      history.erase(i);
      return step;
    }
    return {};
  }

  // Our layers, from the top down to the first that is not ours.
  void take_off() {
    while (!layers().empty()) {
      const auto mark = mark_of(layers().back());
      if (mark != metadata_mark && !mark.starts_with(file_mark)) return;
      OwnLayer layer{layers().back(), diff_ids().back().get<std::string>(), {}};
      layers().erase(layers().size() - 1);
      diff_ids().erase(diff_ids().size() - 1);
      if (counted_) layer.step = take_last_step();
      own_.emplace(mark, std::move(layer));
    }
  }

  Compression compression() {
    if (edit_.compression) return *edit_.compression;
    if (layers().empty()) return Compression::gzip;
    return compression_of(text_of(layers().front(), "mediaType")).value_or(Compression::gzip);
  }

  Status make_layer(const std::string& mark, const std::string& path, const std::string& content) {
    auto made = oci::make_layer({{path.substr(1), content}}, compression(), edit_.epoch, docker_);
    if (!made) return tl::unexpected(made.error());
    OwnLayer layer{to_json(made->descriptor), made->diff_id, Json{{"created_by", "accelkit image: " + path}}};
    layer.descriptor["annotations"][std::string(own_layer_key)] = mark;
    blobs_[made->descriptor.digest] = std::move(made->blob);
    own_[mark] = std::move(layer);
    return {};
  }

  Status make_layers() {
    for (const auto& [path, content] : edit_.files) {
      if (auto done = make_layer(std::string(file_mark) + path, path, content); !done) return done;
    }
    return make_layer(std::string(metadata_mark), std::string(annotations::metadata_path),
                      metadata_text(edit_.annotations));
  }

  // By mark: "file:…" stands before "metadata".
  void put_on() {
    for (auto& [mark, layer] : own_) {
      layers().push_back(std::move(layer.descriptor));
      diff_ids().push_back(std::move(layer.diff_id));
      if (!counted_) continue;
      if (layer.step.is_null()) layer.step = Json{{"created_by", "accelkit image"}};
      config_["history"].push_back(std::move(layer.step));
    }
  }

  Status write_keys() {
    Json* inner = object_in(config_, "config");
    Json* labels = inner == nullptr ? nullptr : object_in(*inner, "Labels");
    Json* manifest = object_in(manifest_, "annotations");
    if (labels == nullptr) return base::fail(std::errc::invalid_argument, "the config's Labels are not an object");
    if (manifest == nullptr)
      return base::fail(std::errc::invalid_argument, "the manifest's annotations are not an object");
    for (Json* object : {labels, manifest}) {
      for (auto entry = object->begin(); entry != object->end();)
        entry = entry.key().starts_with(annotations::prefix) ? object->erase(entry) : std::next(entry);
      for (const auto& [key, value] : edit_.annotations) (*object)[key] = value;
    }
    return {};
  }

  // Puts the document among the blobs.
  Descriptor keep(const std::string& media_type, const Json& document) {
    auto text = base::json_text(document);
    auto out = describe(media_type, text);
    blobs_[out.digest] = std::move(text);
    return out;
  }

  static Json replaced(Json descriptor, const Descriptor& with) {
    descriptor["digest"] = with.digest;
    descriptor["size"] = with.size;
    descriptor.erase("data");
    return descriptor;
  }

  Json manifest_;
  Json config_;
  const Edit& edit_;
  std::map<std::string, std::string>& blobs_;
  std::map<std::string, OwnLayer> own_;
  bool docker_ = false;
  bool counted_ = false;
};

}  // namespace

Result<Said> said(const Image& image) {
  const auto inner = image.config.find("config");
  auto labels = read_annotations(inner == image.config.end() ? Json() : *inner, "Labels",
                                 "the config of " + image.descriptor.digest);
  if (!labels) return tl::unexpected(labels.error());
  auto manifest = read_annotations(image.manifest, "annotations", "manifest " + image.descriptor.digest);
  if (!manifest) return tl::unexpected(manifest.error());
  return Said{ours(*labels), ours(*manifest)};
}

Result<std::optional<Annotations>> carried(Layout& layout, const Image& image) {
  auto said_there = said(image);
  if (!said_there) return tl::unexpected(said_there.error());
  const auto& layers = image.manifest["layers"];
  if (!layers.empty() && mark_of(layers.back()) == metadata_mark) {
    Budget budget;
    auto reader = LayerReader::open(layout.store(), image.layers.back(), budget);
    if (!reader) return tl::unexpected(reader.error());
    std::string text;
    Entry entry;
    for (;;) {
      const auto more = (*reader)->next(entry);
      if (!more) return tl::unexpected(more.error());
      if (!*more) break;
      if ("/" + entry.path != annotations::metadata_path || entry.size > limits::metadata) {
        return base::fail(std::errc::invalid_argument, "layer ", image.layers.back().digest,
                          " says that it is accelkit's own and holds ", base::printable(entry.path),
                          ": make the image again from its base");
      }
      text.resize(static_cast<std::size_t>(entry.size));
      const auto got = (*reader)->data({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
      if (!got) return tl::unexpected(got.error());
    }
    auto metadata = annotations::parse_metadata(text);
    if (!metadata.complaints.empty())
      return base::fail(std::errc::invalid_argument, annotations::sentence(metadata.complaints.front()));
    return std::optional<Annotations>(std::move(metadata.annotations));
  }
  if (said_there->labels.empty() && said_there->manifest.empty()) return std::optional<Annotations>();
  return std::optional<Annotations>(annotations::with_keys(said_there->manifest, said_there->labels));
}

Result<Descriptor> apply(const Image& image, const Edit& edit, std::map<std::string, std::string>& blobs) {
  return Editor(image, edit, blobs).run(image.descriptor);
}

std::string metadata_text(const Annotations& annotations) { return base::json_text(Json(annotations), 2) + "\n"; }

}  // namespace runx::tools::oci
