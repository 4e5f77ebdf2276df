// SPDX-License-Identifier: Apache-2.0
#pragma once

// Changing an image's documents: the metadata file as a layer, labels, manifest annotations, and files as layers. What
// is not ours stays as it is, members that we do not know included.
//
// Layers that accelkit made stand on top of all others, say so in their descriptor (own_layer_key), and are replaced
// when the same is made again: so the same command twice gives the same digest. The metadata file is the topmost.

#include <map>
#include <optional>
#include <string>

#include "annotations/request.h"
#include "tools/oci/layer.h"
#include "tools/oci/layout.h"

namespace runx::tools::oci {

// In a layer's descriptor: "metadata", or "file:" and the path of the one file in it. It stands under our prefix but
// is no request: requests are read from manifests, configs and the metadata file, never from descriptors.
inline constexpr std::string_view own_layer_key = "io.runx-accel.layer";

// What the image says of itself in labels and in manifest annotations, keys under our prefix only.
struct Said {
  annotations::Annotations labels;
  annotations::Annotations manifest;
};
base::Result<Said> said(const Image& image);

// The annotations that the image carries: its own metadata layer when it is on top, else labels over manifest
// annotations. Nothing when it has none of these (its layers may still hold a metadata file).
base::Result<std::optional<annotations::Annotations>> carried(Layout& layout, const Image& image);

struct Edit {
  annotations::Annotations annotations;      // all that the image is to say
  std::map<std::string, std::string> files;  // absolute path in the image to content: one layer each
  std::optional<Compression> compression;    // nothing: that of the image's first layer, gzip when it has none
  std::int64_t epoch = 0;                    // time stamps
};

// Makes the changed image: its new blobs are added to `blobs`, its manifest's descriptor is returned.
base::Result<Descriptor> apply(const Image& image, const Edit& edit, std::map<std::string, std::string>& blobs);

// The metadata file's text: one JSON object, sorted.
std::string metadata_text(const annotations::Annotations& annotations);

}  // namespace runx::tools::oci
