// SPDX-License-Identifier: Apache-2.0
#pragma once

// Accelerator files as an artifact of their own beside the image that uses them (spec/artifacts.md): a manifest whose
// layers are the files as they are, and whose subject is the image.

#include <map>
#include <string>
#include <vector>

#include "annotations/request.h"
#include "tools/oci/layout.h"

namespace runx::tools::oci {

inline constexpr std::string_view artifact_type = "application/vnd.runx-accel.bundle.v1";
inline constexpr std::string_view title_key = "org.opencontainers.image.title";

struct ArtifactFile {
  std::string media_type;  // one of those of spec/artifacts.md
  std::string title;       // the file's name, without folders
  std::string content;
};

// The media type of a file by its name's ending and its use: "bitstream", "overlay", "firmware" or "file".
std::string artifact_media_type(const std::string& use, const std::string& name);

// Adds manifest and files to `blobs`, and the manifest's descriptor to `index` unless it is there already.
Descriptor add_artifact(Json& index, const Descriptor& subject, const annotations::Annotations& annotations,
                        const std::vector<ArtifactFile>& files, std::map<std::string, std::string>& blobs);

// The index's descriptor of what `tag` names: an artifact's subject is the whole image, all its platforms.
base::Result<Descriptor> tagged_descriptor(const Layout& layout, const std::string& tag);

}  // namespace runx::tools::oci
