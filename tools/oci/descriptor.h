// SPDX-License-Identifier: Apache-2.0
#pragma once

// Descriptors and the JSON documents that they name (image-spec 1.1: descriptor.md, manifest.md, image-index.md). The
// documents stay JSON, so that members that we do not know survive a change; what we read of them goes through the
// functions here, which never throw.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "annotations/request.h"
#include "base/result.h"

namespace runx::tools::oci {

using Json = nlohmann::json;

inline constexpr std::string_view index_type = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view manifest_type = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view config_type = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view layer_type = "application/vnd.oci.image.layer.v1.tar";
inline constexpr std::string_view empty_type = "application/vnd.oci.empty.v1+json";
// What engines that came from Docker write instead.
inline constexpr std::string_view docker_list_type = "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view docker_manifest_type = "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view docker_config_type = "application/vnd.docker.container.image.v1+json";
inline constexpr std::string_view docker_layer_type = "application/vnd.docker.image.rootfs.diff.tar";

inline constexpr std::string_view tag_key = "org.opencontainers.image.ref.name";

struct Descriptor {
  std::string media_type;
  std::string digest;  // sha256: and 64 digits, always checked
  std::uint64_t size = 0;
};

// `where` is what errors call the place the descriptor stands in ("index.json, manifest 2").
base::Result<Descriptor> read_descriptor(const Json& value, const std::string& where);
Json to_json(const Descriptor& descriptor);

// Of `content`, which is to become a blob.
Descriptor describe(std::string_view media_type, std::string_view content);

bool is_index(const Descriptor& descriptor);
bool is_manifest(const Descriptor& descriptor);

// A member that must be a string, or "" where there is none or it is something else.
std::string text_of(const Json& object, std::string_view member);

// The annotations of a manifest or descriptor, or a config's labels: string members only. At most 4096 of them are an
// object that somebody wrote; more are an attack (invalid_argument).
base::Result<annotations::Annotations> read_annotations(const Json& object, std::string_view member,
                                                        const std::string& where);

// "linux/arm64" or "linux/arm64/v8", as descriptors and configs spell their platform.
struct Platform {
  std::string os;
  std::string architecture;
  std::string variant;
  bool operator==(const Platform&) const = default;
};
base::Result<Platform> parse_platform(std::string_view text);
Platform read_platform(const Json& object);  // a config, or a descriptor's "platform"
std::string to_text(const Platform& platform);
// True when `have` is what `wanted` names; a variant that `wanted` leaves out is any.
bool matches(const Platform& wanted, const Platform& have);

}  // namespace runx::tools::oci
