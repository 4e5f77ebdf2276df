// SPDX-License-Identifier: Apache-2.0
#pragma once

// Annotations stand in several places (spec/annotations.md, "Where annotations stand"). Here is which of them wins,
// whether the places of one image agree, and what an image may not say at all.

#include <string>
#include <vector>

#include "annotations/request.h"

namespace runx::annotations {

// What the operator says at run time wins, key by key, over what the image says. Aliases are replaced in both, so
// that a key wins over the alias of the other side as well. Where the operator says which device a NAME is, the NAME is
// the operator's: none of the image's keys of it are taken. What comes out is to be parsed: neither side need be right,
// or whole, by itself.
Annotations merge(const Annotations& image, const Annotations& run_time);

// What a place says after `keys` were set in it. Key by key; a key takes the place of a marked one, and the other way
// round. Marks stay, also of keys that we do not know.
Annotations with_keys(const Annotations& place, const Annotations& keys);

// A complaint for every key of an image that only whoever runs it may set, and for a kernel parameter of the runtime's
// in the image's command line (kernel_parameters.h).
std::vector<Complaint> not_for_images(const Annotations& image);

struct Place {
  std::string name;  // for people: "/.runx-accel.json", "labels", "manifest annotations"
  Annotations annotations;
};

// A complaint for every key of ours that the places of an image do not say alike: another value, or none. A place
// without any key of ours is not in use and disagrees with nobody. Foreign keys may differ.
std::vector<Complaint> conflicts(const std::vector<Place>& places);

}  // namespace runx::annotations
