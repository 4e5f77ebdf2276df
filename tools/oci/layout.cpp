// SPDX-License-Identifier: Apache-2.0
#include "tools/oci/layout.h"

#include <sys/stat.h>

#include "base/json.h"
#include "base/printable.h"
#include "base/sha256.h"
#include "tools/oci/stream.h"

namespace runx::tools::oci {

using base::printable;
using base::Result;

namespace {

// An index's or index.json's list of manifests, checked to be one.
base::Status check_index(const Json& index, const std::string& name) {
  const auto found = index.find("manifests");
  if (found == index.end() || !found->is_array())
    return base::fail(std::errc::invalid_argument, name, " has no list of manifests");
  return {};
}

std::string tag_of(const Json& descriptor) {
  if (!descriptor.is_object()) return {};
  const auto found = descriptor.find("annotations");
  return found == descriptor.end() ? std::string() : text_of(*found, tag_key);
}

// Signatures, attestations and other artifacts that live in an index beside images.
bool is_beside(const Json& descriptor) {
  if (!text_of(descriptor, "artifactType").empty()) return true;
  if (const auto found = descriptor.find("annotations");
      found != descriptor.end() && !text_of(*found, "vnd.docker.reference.type").empty())
    return true;
  return false;
}

}  // namespace

// One walk over what a tag names, which replaces descriptors where `change` returned another.
class ImageWalk {
 public:
  ImageWalk(Layout& layout, const std::optional<Platform>& platform, const Layout::Change& change,
            std::map<std::string, std::string>& blobs)
      : layout_(layout), platform_(platform), change_(change), blobs_(blobs) {}

  Result<Json> run(const std::string& tag) {
    const auto tagged = layout_.tagged(tag);
    if (!tagged) return tl::unexpected(tagged.error());
    Json index = layout_.index_;
    for (const auto at : *tagged) {
      auto& entry = index["manifests"][at];
      if (auto done = visit(entry, base::text("index.json, manifest ", at), 0); !done)
        return tl::unexpected(done.error());
    }
    if (found_ > 0) return index;
    if (seen_.empty()) return base::fail(std::errc::invalid_argument, name(tag), " is not an image, but an artifact");
    return base::fail(std::errc::invalid_argument, name(tag), " has no image for ", to_text(*platform_), "; it has ",
                      seen_, ": choose one of these");
  }

 private:
  std::string name(const std::string& tag) const { return layout_.path() + (tag.empty() ? "" : ":" + printable(tag)); }

  base::Status visit(Json& entry, const std::string& where, int depth) {
    const auto descriptor = read_descriptor(entry, where);
    if (!descriptor) return tl::unexpected(descriptor.error());
    if (is_beside(entry)) return {};
    Result<std::optional<Descriptor>> changed = std::optional<Descriptor>();
    if (is_index(*descriptor)) {
      changed = index(*descriptor, depth);
    } else if (is_manifest(*descriptor)) {
      changed = image(*descriptor, entry);
    } else {
      return base::fail(std::errc::not_supported, where, " has the media type \"", printable(descriptor->media_type),
                        "\", which is neither an image's nor an index's");
    }
    if (!changed) return tl::unexpected(changed.error());
    if (*changed && (*changed)->digest != descriptor->digest) {
      entry["digest"] = (*changed)->digest;
      entry["size"] = (*changed)->size;
      entry.erase("data");  // the old content, which a descriptor may carry (descriptor.md, embedded content)
    }
    return {};
  }

  Result<std::optional<Descriptor>> index(const Descriptor& descriptor, int depth) {
    if (depth == limits::index_depth) {
      return base::fail(std::errc::invalid_argument, "index ", descriptor.digest, " stands ", depth,
                        " indexes deep, where nobody puts an image");
    }
    auto value = layout_.document(descriptor);
    if (!value) return tl::unexpected(value.error());
    const auto called = "index " + descriptor.digest;
    if (auto checked = check_index(*value, called); !checked) return tl::unexpected(checked.error());
    const Json before = *value;
    std::size_t number = 0;
    for (auto& entry : (*value)["manifests"]) {
      if (auto done = visit(entry, base::text(called, ", manifest ", number++), depth + 1); !done)
        return tl::unexpected(done.error());
    }
    if (*value == before) return std::optional<Descriptor>();
    auto text = base::json_text(*value);
    auto out = describe(descriptor.media_type, text);
    blobs_[out.digest] = std::move(text);
    return std::optional<Descriptor>(std::move(out));
  }

  Result<std::optional<Descriptor>> image(const Descriptor& descriptor, const Json& entry) {
    if (++looked_at_ > limits::images) {
      return base::fail(std::errc::invalid_argument, layout_.path(), " has more than ", limits::images,
                        " images there");
    }
    // What the index says of the platform saves reading what nobody asked for.
    if (const auto said = entry.find("platform"); platform_ && said != entry.end()) {
      const auto platform = read_platform(*said);
      if (!matches(*platform_, platform)) return skip(platform);
    }
    const auto manifest = layout_.document(descriptor);
    if (!manifest) return tl::unexpected(manifest.error());
    if (!is_image(*manifest)) return std::optional<Descriptor>();
    auto read = read_image(layout_, descriptor);
    if (!read) return tl::unexpected(read.error());
    if (platform_ && !matches(*platform_, read->platform)) return skip(read->platform);
    ++found_;
    auto changed = change_(*read);
    if (!changed) return tl::unexpected(changed.error());
    return std::optional<Descriptor>(std::move(*changed));
  }

  Result<std::optional<Descriptor>> skip(const Platform& platform) {
    seen_ += (seen_.empty() ? "" : ", ") + to_text(platform);
    return std::optional<Descriptor>();
  }

  Layout& layout_;
  const std::optional<Platform>& platform_;
  const Layout::Change& change_;
  std::map<std::string, std::string>& blobs_;
  std::size_t looked_at_ = 0;
  std::size_t found_ = 0;
  std::string seen_;  // platforms that were passed over
};

Reference parse_reference(const std::string& text) {
  struct stat status {};
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || ::stat(text.c_str(), &status) == 0) return {text, ""};
  if (text.find('/', colon) != std::string::npos) return {text, ""};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

Result<Layout> Layout::open(const std::string& path) {
  auto store = open_store(path);
  if (!store) return tl::unexpected(store.error());
  Layout layout(std::move(*store), path);
  const auto document = [&](const std::string& name) -> Result<Json> {
    auto file = layout.store_->open(name);
    if (!file) {
      if (file.error().code != std::errc::no_such_file_or_directory) return tl::unexpected(file.error());
      return base::fail(std::errc::invalid_argument, path, " is not an OCI image layout: it has no ", name);
    }
    const auto text = read_all(*file, name + " of " + path, limits::document);
    if (!text) return tl::unexpected(text.error());
    auto value = base::parse_json(*text, name + " of " + path);
    if (!value) return value;
    if (!value->is_object()) return base::fail(std::errc::invalid_argument, name, " of ", path, " is not an object");
    return value;
  };
  const auto marker = document("oci-layout");
  if (!marker) return tl::unexpected(marker.error());
  if (const auto version = text_of(*marker, "imageLayoutVersion"); !version.starts_with("1.")) {
    return base::fail(std::errc::not_supported, path, " is a layout of version \"", printable(version),
                      "\": 1.0.0 can be read");
  }
  auto index = document("index.json");
  if (!index) return tl::unexpected(index.error());
  if (auto checked = check_index(*index, "index.json of " + path); !checked) return tl::unexpected(checked.error());
  layout.index_ = std::move(*index);
  return layout;
}

Result<std::string> Layout::blob(const Descriptor& descriptor, std::uint64_t limit) {
  auto file = store_->open(blob_name(descriptor.digest));
  if (!file) return tl::unexpected(file.error());
  if (file->size != descriptor.size) {
    return base::fail(std::errc::invalid_argument, "blob ", descriptor.digest, " has ", file->size,
                      " bytes, but its descriptor says ", descriptor.size);
  }
  auto text = read_all(*file, "blob " + descriptor.digest, limit);
  if (!text) return text;
  if (const auto digest = base::sha256_digest(base::bytes_of(*text)); digest != descriptor.digest) {
    return base::fail(std::errc::invalid_argument, "blob ", descriptor.digest, " holds bytes with the digest ", digest);
  }
  return text;
}

Result<Json> Layout::document(const Descriptor& descriptor) {
  const auto text = blob(descriptor);
  if (!text) return tl::unexpected(text.error());
  documents_ += text->size();
  if (documents_ > limits::documents) {
    return base::fail(std::errc::file_too_large, path_, ": the manifests and configs there have more than ",
                      limits::documents / limits::mebibyte, " MiB together: name one image by its tag and --platform");
  }
  auto value = base::parse_json(*text, "blob " + descriptor.digest);
  if (!value) return value;
  if (!value->is_object())
    return base::fail(std::errc::invalid_argument, "blob ", descriptor.digest, " is not a JSON object");
  return value;
}

Result<std::vector<std::size_t>> Layout::tagged(const std::string& tag) const {
  const auto& manifests = index_["manifests"];
  std::vector<std::size_t> out;
  std::string known;
  for (std::size_t i = 0; i < manifests.size(); ++i) {
    const auto have = tag_of(manifests[i]);
    if (!have.empty() && known.size() < 1024) known += (known.empty() ? "" : ", ") + printable(have);
    // Without a tag, what stands beside an image does not make the choice harder.
    if (tag.empty() ? !manifests[i].is_object() || !is_beside(manifests[i]) : have == tag) out.push_back(i);
  }
  if (out.empty() || (tag.empty() && out.size() > 1)) {
    const auto has = known.empty() ? std::string("it has no tags") : "it has " + known;
    if (tag.empty() && out.empty()) return base::fail(std::errc::invalid_argument, path_, " has no image in it");
    if (tag.empty())
      return base::fail(std::errc::invalid_argument, path_, " has several images: write ", path_, ":TAG; ", has);
    return base::fail(std::errc::invalid_argument, path_, " has no tag ", printable(tag), "; ", has);
  }
  return out;
}

Result<Json> Layout::change_images(const std::string& tag, const std::optional<Platform>& platform,
                                   const Change& change, std::map<std::string, std::string>& blobs) {
  return ImageWalk(*this, platform, change, blobs).run(tag);
}

Result<std::vector<Image>> Layout::images(const std::string& tag, const std::optional<Platform>& platform) {
  std::vector<Image> out;
  std::map<std::string, std::string> none;
  const auto walked = change_images(
      tag, platform,
      [&](Image& image) -> Result<Descriptor> {
        out.push_back(image);
        return image.descriptor;
      },
      none);
  if (!walked) return tl::unexpected(walked.error());
  return out;
}

base::Status Layout::check_blob(const Descriptor& descriptor, bool content) {
  const auto blob = BlobSource::open(*store_, descriptor);
  if (!blob) return tl::unexpected(blob.error());
  return content ? (*blob)->finish() : base::Status();
}

base::Status Layout::check_named(const std::string& manifest, const std::map<std::string, std::string>& blobs,
                                 bool content) {
  const auto value = base::parse_json(manifest, "the new manifest");
  if (!value) return tl::unexpected(value.error());
  std::vector<Json> named;
  for (const char* member : {"config", "subject"}) {
    if (value->contains(member)) named.push_back((*value)[member]);
  }
  if (const auto layers = value->find("layers"); layers != value->end())
    named.insert(named.end(), layers->begin(), layers->end());
  for (const auto& one : named) {
    const auto descriptor = read_descriptor(one, "the new manifest");
    if (!descriptor) return tl::unexpected(descriptor.error());
    if (blobs.contains(descriptor->digest)) continue;
    if (auto good = check_blob(*descriptor, content); !good) return good;
  }
  return {};
}

base::Status Layout::commit(const std::map<std::string, std::string>& blobs, const Json& index) {
  for (const auto& [digest, blob] : blobs) {
    const auto good = check_blob({"", digest, blob.size()}, true);
    if (!good && good.error().code != std::errc::no_such_file_or_directory) {
      return base::context(good.error(), "the layout is not changed, because it has a corrupt blob, which is to be ",
                           "removed first");
    }
  }
  return store_->commit(blobs, base::json_text(index));
}

bool is_image(const Json& manifest) {
  const auto found = manifest.find("config");
  if (found == manifest.end()) return false;
  const auto type = text_of(*found, "mediaType");
  return type == config_type || type == docker_config_type;
}

Result<Image> read_image(Layout& layout, const Descriptor& descriptor) {
  auto manifest = layout.document(descriptor);
  if (!manifest) return tl::unexpected(manifest.error());
  const auto called = "manifest " + descriptor.digest;
  if (!is_image(*manifest)) return base::fail(std::errc::invalid_argument, called, " is not an image's");
  Image out;
  out.descriptor = descriptor;
  const auto config = read_descriptor((*manifest)["config"], called + ", config");
  if (!config) return tl::unexpected(config.error());
  auto document = layout.document(*config);
  if (!document) return tl::unexpected(document.error());
  const auto layers = manifest->find("layers");
  if (layers == manifest->end() || !layers->is_array())
    return base::fail(std::errc::invalid_argument, called, " has no list of layers");
  if (layers->size() > limits::layers) {
    return base::fail(std::errc::invalid_argument, called, " has ", layers->size(), " layers, more than ",
                      limits::layers);
  }
  for (const auto& layer : *layers) {
    auto read = read_descriptor(layer, base::text(called, ", layer ", out.layers.size()));
    if (!read) return tl::unexpected(read.error());
    out.layers.push_back(std::move(*read));
  }
  const auto rootfs = document->find("rootfs");
  if (rootfs != document->end() && rootfs->is_object() && rootfs->contains("diff_ids") &&
      (*rootfs)["diff_ids"].is_array()) {
    for (const auto& id : (*rootfs)["diff_ids"]) out.diff_ids.push_back(id.is_string() ? id.get<std::string>() : "");
  }
  if (out.diff_ids.size() != out.layers.size()) {
    return base::fail(std::errc::invalid_argument, called, " has ", out.layers.size(), " layers, but its config lists ",
                      out.diff_ids.size(), " (rootfs.diff_ids)");
  }
  out.platform = read_platform(*document);
  out.manifest = std::move(*manifest);
  out.config = std::move(*document);
  return out;
}

}  // namespace runx::tools::oci
