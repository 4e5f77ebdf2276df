// SPDX-License-Identifier: Apache-2.0
#pragma once

// Annotations stand in several places (spec/annotations.md, "Where annotations stand"). Here is which of them wins,
// whether the places of one image agree, and what an image may not say at all.

#include <string>
#include <vector>

#include "annotations/request.h"

namespace runx::annotations {

// What the operator says at run time wins, key by key, over what the image says. Aliases are replaced in both, so
// that a key wins over the alias of the other side as well.
Annotations merge(const Annotations& image, const Annotations& run_time);

// A complaint for every key of an image that only whoever runs it may set.
std::vector<Complaint> not_for_images(const Annotations& image);

struct Place {
  std::string name;  // for people: "/.runx-accel.json", "labels", "manifest annotations"
  Annotations annotations;
};

// A complaint for every key of ours that the places of an image do not say alike: another value, or none. A place
// without any key of ours is not in use and disagrees with nobody. Foreign keys may differ.
std::vector<Complaint> conflicts(const std::vector<Place>& places);

}  // namespace runx::annotations
