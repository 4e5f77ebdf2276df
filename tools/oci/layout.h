// SPDX-License-Identifier: Apache-2.0
#pragma once

// An OCI image layout, in a directory or in a tar: its index, its blobs, and the images behind a tag, which may be one
// manifest or an index of one for each platform (image-spec 1.1, image-layout.md and image-index.md). Everything read
// is checked against its digest first.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/oci/descriptor.h"
#include "tools/oci/limits.h"
#include "tools/oci/store.h"

namespace runx::tools::oci {

// What a user writes: PATH or PATH:TAG. A path that exists as it stands is taken as a whole.
struct Reference {
  std::string path;
  std::string tag;
};
Reference parse_reference(const std::string& text);

// An image of one platform. The documents are as they were read; a change is made to them (change.h).
struct Image {
  Descriptor descriptor;
  Json manifest;
  Json config;
  std::vector<Descriptor> layers;     // base first
  std::vector<std::string> diff_ids;  // as many
  Platform platform;
};

class Layout {
 public:
  static base::Result<Layout> open(const std::string& path);

  Store& store() { return *store_; }
  const Json& index() const { return index_; }
  const std::string& path() const { return path_; }

  // A blob of at most `limit` bytes, digest and size checked.
  base::Result<std::string> blob(const Descriptor& descriptor, std::uint64_t limit = limits::document);
  base::Result<Json> document(const Descriptor& descriptor);  // a JSON object

  // Where in index.json's manifests the tag stands: once or more.
  base::Result<std::vector<std::size_t>> tagged(const std::string& tag) const;

  // The images behind the tag; all of them, or those of `platform`. No tag: the layout must have exactly one. At least
  // one, or an error that lists what there is. What an index holds beside images (signatures, attestations) is skipped.
  base::Result<std::vector<Image>> images(const std::string& tag, const std::optional<Platform>& platform);

  // Calls `change` with each of these images, and puts the descriptor it returns in the place of the old one. New
  // indexes on the way are added to `blobs`. The new index.json is returned; nothing is written.
  using Change = std::function<base::Result<Descriptor>(Image&)>;
  base::Result<Json> change_images(const std::string& tag, const std::optional<Platform>& platform,
                                   const Change& change, std::map<std::string, std::string>& blobs);

  // Whether the blob is there and as long as its descriptor says; with `content`, whether its digest is right too.
  base::Status check_blob(const Descriptor& descriptor, bool content);
  // The same of everything that the manifest's text names and `blobs` does not have.
  base::Status check_named(const std::string& manifest, const std::map<std::string, std::string>& blobs, bool content);

  // Adds the blobs, and replaces index.json in the same step. A blob that is there already must be what it is called,
  // whoever put it there: otherwise invalid_argument, and nothing has changed.
  base::Status commit(const std::map<std::string, std::string>& blobs, const Json& index);

 private:
  Layout(std::unique_ptr<Store> store, std::string path) : store_(std::move(store)), path_(std::move(path)) {}
  std::unique_ptr<Store> store_;
  std::string path_;
  Json index_;
  std::uint64_t documents_ = 0;  // bytes of those that were read

  friend class ImageWalk;
};

// Reads manifest and config of one image. invalid_argument for an artifact, which has no image config.
base::Result<Image> read_image(Layout& layout, const Descriptor& descriptor);

// True for a manifest whose config is an image's.
bool is_image(const Json& manifest);

}  // namespace runx::tools::oci
