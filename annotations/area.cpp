// SPDX-License-Identifier: Apache-2.0
#include "annotations/area.h"

namespace runx::annotations {

std::span<const Area* const> areas() {
  static constexpr const Area* rows[] = {
      &top_area, &fpga_area, &rpu_area, &device_area, &domain_area,
  };
  return rows;
}

void Complaints::add(std::string_view key, std::string_view value, std::string reason, std::string remedy) {
  all_.push_back({printable(key, 256), printable(value), std::move(reason), std::move(remedy)});
}

void Complaints::add(const Given& given, std::string reason, std::string remedy) {
  add(given.key, given.value, std::move(reason), std::move(remedy));
}

void Complaints::unknown(const Given& given) {
  const auto near = nearest_key(std::string_view(given.key).substr(prefix.size()));
  add(given, "not a key of schema 1",
      near.empty() ? "remove it, or see spec/annotations.md for the keys"
                   : "did you mean " + std::string(prefix) + near + "?");
}

void Complaints::missing(const std::string& key, const char* remedy) {
  if (!has(key)) add(std::string(prefix) + key, "", "missing", remedy);
}

bool Complaints::has(const std::string& key) const {
  const auto whole = std::string(prefix) + key;
  return std::any_of(all_.begin(), all_.end(), [&](const Complaint& c) { return c.key == whole; });
}

}  // namespace runx::annotations
