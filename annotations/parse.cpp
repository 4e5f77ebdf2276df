// SPDX-License-Identifier: Apache-2.0
#include "annotations/alias.h"
#include "annotations/area.h"

namespace runx::annotations {
namespace {

constexpr std::size_t longest_value = 4096;

// The area of a key; nullptr when no area has its first part.
const Area* area_of(const std::vector<std::string_view>& parts) {
  const auto rows = areas();
  const auto word = parts.size() == 1 ? std::string_view() : parts.front();
  if (parts.size() > 1 && word.empty()) return nullptr;
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const Area* area) { return area->word == word; });
  return found == rows.end() ? nullptr : *found;
}

bool is_too_long(const Given& given) {
  return given.key.size() > longest_key && pattern_of(std::string_view(given.key).substr(prefix.size())) != nullptr;
}

void take(AcceleratorRequest& request, const Given& given, Complaints& complaints) {
  if (given.value.size() > longest_value) return complaints.add(given, "longer than 4096 bytes", "shorten it");
  const auto* area = area_of(given.parts);
  if (area == nullptr) return complaints.unknown(given);
  if (is_too_long(given)) return complaints.add(given, "a key of more than 63 characters", "shorten the name in it");
  area->read(request, given, complaints);
}

// What is left of the aliases could not be replaced.
void take_alias(const std::string& key, const std::string& value, Complaints& complaints) {
  if (is_marked_key(key)) {
    if (expand_alias(key, value))
      return complaints.add(key, value, "not what the key without the mark says", "remove one of them");
    complaints.add(key, value, "a key of more than 63 characters", "shorten the name in it");
  } else if (expand_alias(key, value)) {
    complaints.add(key, value, "not what the keys say that it is an alias of", "remove the one that is wrong");
  } else if (key == remoteproc_alias) {
    complaints.add(key, value, "not a processor's name", "write its name, or a node of the device tree");
  } else {
    complaints.add(key, value, "not RESOURCE=DEVICE_DATA",
                   "write a region and a file of the image, like pr0=/boot/aes.bit");
  }
}

}  // namespace

std::string sentence(const Complaint& complaint) {
  std::string out = complaint.key;
  if (!complaint.value.empty()) out += " = \"" + complaint.value + "\"";
  return out + ": " + complaint.reason + ": " + complaint.remedy;
}

Parsed parse(const Annotations& annotations) {
  AcceleratorRequest request;
  Complaints complaints;
  for (const auto& [key, value] : without_aliases(annotations)) {
    if (is_alias_key(key)) {
      take_alias(key, value, complaints);
    } else if (key.starts_with(prefix)) {
      take(request, {key, key_parts(std::string_view(key).substr(prefix.size())), value}, complaints);
    }
  }
  for (const auto* area : areas()) area->require(request, complaints);
  return {std::move(request), std::move(complaints).take()};
}

}  // namespace runx::annotations
