// SPDX-License-Identifier: Apache-2.0
#include "annotations/keys.h"

#include <algorithm>

#include "annotations/area.h"
#include "annotations/value.h"

namespace runx::annotations {

const std::vector<KeyPattern>& key_patterns() {
  static const std::vector<KeyPattern> all = [] {
    std::vector<KeyPattern> out;
    for (const auto* area : areas()) area->list(*area, out);
    return out;
  }();
  return all;
}

const KeyPattern* pattern_of(std::string_view key) {
  const auto parts = key_parts(key);
  // By parts, because the middle ones are the author's.
  const auto is_of = [&](const KeyPattern& known) {
    const auto wanted = key_parts(known.pattern);
    return std::equal(parts.begin(), parts.end(), wanted.begin(), wanted.end(), [](auto part, auto want) {
      return part == want || (want == "NAME" && is_name(part)) || (want == "REGION" && is_name(part) && part != "any");
    });
  };
  const auto found = std::find_if(key_patterns().begin(), key_patterns().end(), is_of);
  return found == key_patterns().end() ? nullptr : &*found;
}

std::vector<std::string_view> key_parts(std::string_view key) {
  std::vector<std::string_view> out;
  for (;;) {
    const auto dot = key.find('.');
    out.push_back(key.substr(0, dot));
    if (dot == std::string_view::npos) return out;
    key.remove_prefix(dot + 1);
  }
}

std::string nearest_key(std::string_view key) {
  if (key.size() > 256) return {};
  const auto parts = key_parts(key);
  // They go into the message, so only good ones stand for themselves.
  const auto own = [&](std::size_t at, const char* otherwise) {
    return parts.size() > at && is_name(parts[at]) ? std::string(parts[at]) : std::string(otherwise);
  };
  const auto name = own(1, "NAME");
  const auto region = own(3, "REGION");
  std::vector<std::string> known;
  for (const auto& known_key : key_patterns()) {
    auto word = known_key.pattern;
    if (const auto at = word.find("REGION"); at != std::string::npos) word.replace(at, 6, region);
    if (const auto at = word.find("NAME"); at != std::string::npos) word.replace(at, 4, name);
    known.push_back(std::move(word));
  }
  return nearest(key, known);
}

}  // namespace runx::annotations
