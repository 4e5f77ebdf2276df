// SPDX-License-Identifier: Apache-2.0
#include "tools/oci/descriptor.h"

#include "base/printable.h"
#include "base/sha256.h"
#include "tools/oci/limits.h"

namespace runx::tools::oci {

using base::printable;
using base::Result;

std::string text_of(const Json& object, std::string_view member) {
  if (!object.is_object()) return {};
  const auto found = object.find(member);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<Descriptor> read_descriptor(const Json& value, const std::string& where) {
  if (!value.is_object()) return base::fail(std::errc::invalid_argument, where, " is not a descriptor");
  Descriptor out;
  out.media_type = text_of(value, "mediaType");
  out.digest = text_of(value, "digest");
  if (!base::is_sha256_digest(out.digest)) {
    return base::fail(std::errc::invalid_argument, where, " has the digest \"", printable(out.digest),
                      "\": only sha256: and 64 lower-case digits are read");
  }
  const auto size = value.find("size");
  if (size == value.end() || !size->is_number_unsigned()) {
    return base::fail(std::errc::invalid_argument, where, " does not say how large ", out.digest, " is");
  }
  out.size = size->get<std::uint64_t>();
  return out;
}

Json to_json(const Descriptor& descriptor) {
  return Json{{"mediaType", descriptor.media_type}, {"digest", descriptor.digest}, {"size", descriptor.size}};
}

Descriptor describe(std::string_view media_type, std::string_view content) {
  return {std::string(media_type), base::sha256_digest(base::bytes_of(content)), content.size()};
}

bool is_index(const Descriptor& descriptor) {
  return descriptor.media_type == index_type || descriptor.media_type == docker_list_type;
}

bool is_manifest(const Descriptor& descriptor) {
  return descriptor.media_type == manifest_type || descriptor.media_type == docker_manifest_type;
}

Result<annotations::Annotations> read_annotations(const Json& object, std::string_view member,
                                                  const std::string& where) {
  annotations::Annotations out;
  if (!object.is_object()) return out;
  const auto found = object.find(member);
  if (found == object.end() || found->is_null()) return out;
  if (!found->is_object()) return base::fail(std::errc::invalid_argument, member, " of ", where, " is not an object");
  if (found->size() > limits::annotations) {
    return base::fail(std::errc::invalid_argument, where, " has ", found->size(), " ", member, ", more than the ",
                      limits::annotations, " that anybody needs");
  }
  for (const auto& [key, value] : found->items()) {
    if (!value.is_string()) {
      return base::fail(std::errc::invalid_argument, member, " of ", where, ": the value of ", printable(key),
                        " is not a string");
    }
    out[key] = value.get<std::string>();
  }
  return out;
}

Result<Platform> parse_platform(std::string_view text) {
  Platform out;
  const auto first = text.find('/');
  const auto second = first == std::string_view::npos ? first : text.find('/', first + 1);
  if (first != std::string_view::npos) {
    out.os = text.substr(0, first);
    out.architecture = text.substr(first + 1, second == std::string_view::npos ? second : second - first - 1);
    if (second != std::string_view::npos) out.variant = text.substr(second + 1);
  }
  if (out.os.empty() || out.architecture.empty()) {
    return base::fail(std::errc::invalid_argument, "platform \"", printable(text),
                      "\": write OS/ARCHITECTURE, like linux/arm64");
  }
  return out;
}

Platform read_platform(const Json& object) {
  return {text_of(object, "os"), text_of(object, "architecture"), text_of(object, "variant")};
}

std::string to_text(const Platform& platform) {
  std::string out = platform.os + "/" + platform.architecture;
  if (!platform.variant.empty()) out += "/" + platform.variant;
  return printable(out);
}

bool matches(const Platform& wanted, const Platform& have) {
  return wanted.os == have.os && wanted.architecture == have.architecture &&
         (wanted.variant.empty() || wanted.variant == have.variant);
}

}  // namespace runx::tools::oci
