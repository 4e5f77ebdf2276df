// SPDX-License-Identifier: Apache-2.0
#include "annotations/place.h"

#include <algorithm>
#include <set>

#include "annotations/alias.h"
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

std::string shown(const Annotations& annotations, const std::string& key) {
  const auto* value = value_at(annotations, key);
  return value == nullptr ? "does not have it" : "says \"" + printable(*value) + "\"";
}

}  // namespace

Annotations merge(const Annotations& image, const Annotations& run_time) {
  auto out = without_aliases(run_time);
  out.merge(without_aliases(image));
  return out;
}

std::vector<Complaint> not_for_images(const Annotations& image) {
  std::vector<Complaint> out;
  for (const auto& [key, value] : ours(image)) {
    const auto* known = pattern_of(std::string_view(key).substr(prefix.size()));
    if (known == nullptr || known->who == Who::anybody) continue;
    out.push_back({printable(key, 256), printable(value), "not for an image to say",
                   "remove it from the image, and set it when the container is run"});
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
