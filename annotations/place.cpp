// SPDX-License-Identifier: Apache-2.0
#include "annotations/place.h"

#include <algorithm>
#include <set>

#include "annotations/alias.h"
#include "annotations/kernel_parameters.h"
#include "annotations/keys.h"
#include "annotations/value.h"

namespace runx::annotations {
namespace {

Annotations ours(const Annotations& annotations) {
  auto out = without_aliases(annotations);
  std::erase_if(out, [](const auto& entry) { return !entry.first.starts_with(prefix); });
  return out;
}

const std::string* value_at(const Annotations& annotations, const std::string& key) {
  const auto found = annotations.find(key);
  return found == annotations.end() ? nullptr : &found->second;
}

bool same_in(const Annotations& a, const Annotations& b, const std::string& key) {
  const auto* left = value_at(a, key);
  const auto* right = value_at(b, key);
  return left == nullptr || right == nullptr ? left == right : *left == *right;
}

// device.NAME.path and the like.
bool identifies(const std::string& key) {
  if (!key.starts_with(prefix)) return false;
  const auto* known = pattern_of(std::string_view(key).substr(prefix.size()));
  return known != nullptr && known->identifies;
}

std::string shown(const Annotations& annotations, const std::string& key) {
  const auto* value = value_at(annotations, key);
  return value == nullptr ? "does not have it" : "says \"" + printable(*value) + "\"";
}

}  // namespace

Annotations merge(const Annotations& image, const Annotations& run_time) {
  auto out = without_aliases(run_time);
  auto lower = without_aliases(image);
  for (const auto& [key, value] : out) {
    if (!identifies(key)) continue;
    const auto name = key.substr(0, key.rfind('.') + 1);
    std::erase_if(lower, [&](const auto& entry) { return entry.first.starts_with(name); });
  }
  out.merge(lower);
  return out;
}

Annotations with_keys(const Annotations& place, const Annotations& keys) {
  auto out = without_foreign_aliases(keys);
  auto lower = without_foreign_aliases(place);
  for (const auto& [key, value] : out) {
    if (is_marked_key(key)) {
      lower.erase(std::string(prefix).append(key, mark.size()));
    } else if (key.starts_with(prefix)) {
      lower.erase(std::string(mark).append(key, prefix.size()));
    }
  }
  out.merge(lower);
  return out;
}

std::vector<Complaint> not_for_images(const Annotations& image) {
  std::vector<Complaint> out;
  for (const auto& [key, value] : ours(image)) {
    const auto* known = pattern_of(std::string_view(key).substr(prefix.size()));
    if (known == nullptr) continue;
    if (known->who == Who::run_time) {
      out.push_back({printable(key, 256), printable(value), "not for an image to say",
                     "remove it from the image, and set it when the container is run"});
    }
    const auto parameter = known->pattern == "domain.cmdline" ? runtime_parameter_in(value) : std::nullopt;
    if (parameter) {
      out.push_back({printable(key, 256), printable(value),
                     "sets " + std::string(*parameter) + ", which is the runtime's", "remove the parameter"});
    }
  }
  return out;
}

std::vector<Complaint> conflicts(const std::vector<Place>& places) {
  std::vector<Place> used;
  std::set<std::string> all;
  for (const auto& place : places) {
    auto mine = ours(place.annotations);
    if (mine.empty()) continue;
    for (const auto& [key, value] : mine) all.insert(key);
    used.push_back({place.name, std::move(mine)});
  }
  std::vector<Complaint> out;
  for (const auto& key : all) {
    const auto& first = used.front();
    for (const auto& other : used) {
      if (same_in(first.annotations, other.annotations, key)) continue;
      out.push_back({printable(key, 256), "",
                     other.name + " " + shown(other.annotations, key) + ", but " + first.name + " " +
                         shown(first.annotations, key),
                     "say the same everywhere (accelkit image annotate does)"});
    }
  }
  return out;
}

}  // namespace runx::annotations
