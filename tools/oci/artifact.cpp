// SPDX-License-Identifier: Apache-2.0
#include "tools/oci/artifact.h"

#include <algorithm>

#include "base/json.h"

namespace runx::tools::oci {

std::string artifact_media_type(const std::string& use, const std::string& name) {
  std::string out = "application/vnd.runx-accel." + use + ".v1";
  const auto dot = name.rfind('.');
  if (dot == std::string::npos) return out;
  const auto ending = name.substr(dot + 1);
  for (const char* known : {"bit", "bin", "pdi", "xclbin", "dtbo", "elf"}) {
    if (ending == known) return out + "." + ending;
  }
  return out;
}

Descriptor add_artifact(Json& index, const Descriptor& subject, const annotations::Annotations& annotations,
                        const std::vector<ArtifactFile>& files, std::map<std::string, std::string>& blobs) {
  const std::string nothing = "{}";
  auto config = to_json(describe(empty_type, nothing));
  config["data"] = "e30=";  // the same two bytes, as manifest.md advises
  blobs[text_of(config, "digest")] = nothing;
  Json layers = Json::array();
  for (const auto& file : files) {
    const auto descriptor = describe(file.media_type, file.content);
    auto layer = to_json(descriptor);
    layer["annotations"][std::string(title_key)] = file.title;
    layers.push_back(std::move(layer));
    blobs[descriptor.digest] = file.content;
  }
  const Json manifest{
      {"schemaVersion", 2}, {"mediaType", manifest_type},  {"artifactType", artifact_type},   {"config", config},
      {"layers", layers},   {"subject", to_json(subject)}, {"annotations", Json(annotations)}};
  auto text = base::json_text(manifest);
  const auto descriptor = describe(manifest_type, text);
  blobs[descriptor.digest] = std::move(text);
  auto& manifests = index["manifests"];
  const bool there = std::any_of(manifests.begin(), manifests.end(), [&](const Json& entry) {
    return entry.is_object() && text_of(entry, "digest") == descriptor.digest;
  });
  if (!there) {
    auto entry = to_json(descriptor);
    entry["artifactType"] = artifact_type;
    manifests.push_back(std::move(entry));
  }
  return descriptor;
}

base::Result<Descriptor> tagged_descriptor(const Layout& layout, const std::string& tag) {
  const auto tagged = layout.tagged(tag);
  if (!tagged) return tl::unexpected(tagged.error());
  if (tagged->size() > 1) {
    return base::fail(std::errc::invalid_argument, layout.path(), " has ", tagged->size(), " manifests of the tag ",
                      tag, ": an artifact has one subject, so put them into one index first");
  }
  return read_descriptor(layout.index()["manifests"][tagged->front()], "index.json");
}

}  // namespace runx::tools::oci
