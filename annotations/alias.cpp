// SPDX-License-Identifier: Apache-2.0
#include "annotations/alias.h"

#include <algorithm>

#include "annotations/value.h"

namespace runx::annotations {
namespace {

std::optional<Annotations> expand_resource(std::string_view name, std::string_view value) {
  const auto sign = value.find('=');
  if (!is_name(name) || sign == std::string_view::npos) return std::nullopt;
  const std::string resource(value.substr(0, sign));
  const std::string data(value.substr(sign + 1));
  const bool firmware = data.ends_with(".elf");
  const bool good = firmware ? is_reference(resource) : is_name(resource) || is_clean_path(resource);
  if (!good || !is_clean_path(data)) return std::nullopt;
  const auto key = std::string(prefix) + (firmware ? "rpu." : "fpga.") + std::string(name);
  if (firmware) return Annotations{{key + ".processor", resource}, {key + ".firmware", data}};
  return Annotations{{key + ".region", resource}, {key + ".bitstream", data}};
}

}  // namespace

bool is_alias_key(std::string_view key) { return key == remoteproc_alias || key.starts_with(resource_alias); }

std::optional<Annotations> expand_alias(const std::string& key, const std::string& value) {
  if (value.size() > 4096) return std::nullopt;
  if (key != remoteproc_alias) return expand_resource(std::string_view(key).substr(resource_alias.size()), value);
  if (!is_reference(value)) return std::nullopt;
  const std::string ours(prefix);
  return Annotations{{ours + "target", "rpu"}, {ours + "rpu.remoteproc.processor", value}};
}

Annotations without_aliases(const Annotations& annotations) {
  auto out = annotations;
  for (const auto& [key, value] : annotations) {
    if (!is_alias_key(key)) continue;
    const auto means = expand_alias(key, value);
    if (!means) continue;
    const bool agrees = std::all_of(means->begin(), means->end(), [&](const auto& entry) {
      const auto found = out.find(entry.first);
      return found == out.end() || found->second == entry.second;
    });
    if (!agrees) continue;
    out.erase(key);
    out.insert(means->begin(), means->end());
  }
  return out;
}

}  // namespace runx::annotations
