// SPDX-License-Identifier: Apache-2.0
#include "annotations/alias.h"

#include <algorithm>

#include "annotations/keys.h"
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

std::optional<Annotations> expand_marked(const std::string& key, const std::string& value) {
  const auto meant = std::string_view(key).substr(mark.size());
  if (pattern_of(meant) == nullptr) return Annotations();
  if (key.size() > longest_key) return std::nullopt;
  return Annotations{{std::string(prefix).append(meant), value}};
}

Annotations replaced(const Annotations& annotations, bool (*is_replaced)(std::string_view key)) {
  auto out = annotations;
  for (const auto& [key, value] : annotations) {
    if (!is_replaced(key)) continue;
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

bool is_foreign_alias(std::string_view key) { return key == remoteproc_alias || key.starts_with(resource_alias); }

}  // namespace

bool is_marked_key(std::string_view key) { return key.starts_with(mark); }
bool is_alias_key(std::string_view key) { return is_foreign_alias(key) || is_marked_key(key); }

std::optional<Annotations> expand_alias(const std::string& key, const std::string& value) {
  if (is_marked_key(key)) return expand_marked(key, value);
  if (value.size() > 4096) return std::nullopt;
  if (key != remoteproc_alias) return expand_resource(std::string_view(key).substr(resource_alias.size()), value);
  if (!is_reference(value)) return std::nullopt;
  const std::string ours(prefix);
  return Annotations{{ours + "target", "rpu"}, {ours + "rpu.remoteproc.processor", value}};
}

Annotations without_aliases(const Annotations& annotations) { return replaced(annotations, is_alias_key); }

Annotations without_foreign_aliases(const Annotations& annotations) { return replaced(annotations, is_foreign_alias); }

}  // namespace runx::annotations
