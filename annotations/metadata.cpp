// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "annotations/request.h"
#include "annotations/value.h"
#include "base/json.h"

namespace runx::annotations {

Metadata parse_metadata(std::string_view text) {
  Metadata out;
  const std::string file(metadata_path);
  const auto complain = [&](std::string value, std::string reason) {
    out.complaints.push_back(
        {file, printable(value), std::move(reason), "write a JSON object of annotations, each value a string"});
  };
  const auto value = base::parse_json(text, "the file");
  if (!value) {
    complain("", value.error().what);
  } else if (!value->is_object()) {
    complain("", "not a JSON object");
  } else {
    for (const auto& [key, entry] : value->items()) {
      if (entry.is_string()) {
        out.annotations[key] = entry.get<std::string>();
      } else {
        complain(key, "the value of this key is not a string");
      }
    }
  }
  return out;
}

}  // namespace runx::annotations
