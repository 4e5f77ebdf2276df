// SPDX-License-Identifier: Apache-2.0
#pragma once

// Other projects' spellings of what our keys say, so that an image or a pod that was written for them is understood:
//
//   io.runx-accel.resource.NAME = RESOURCE=DEVICE_DATA   the proposal of 2020 for the image-spec
//   remoteproc.name = PROCESSOR                          Arm's remoteproc-runtime
//
// An alias is replaced by our keys before anything else happens. One that cannot be (its value is wrong, or one of
// our keys says something else in the same place) stays where it is, and `parse` complains of it.

#include <optional>
#include <string>
#include <string_view>

#include "annotations/request.h"

namespace runx::annotations {

inline constexpr std::string_view resource_alias = "io.runx-accel.resource.";  // and a NAME
inline constexpr std::string_view remoteproc_alias = "remoteproc.name";

bool is_alias_key(std::string_view key);

// Our annotations for one alias; nothing when the key's NAME or the value is wrong.
std::optional<Annotations> expand_alias(const std::string& key, const std::string& value);

// With every alias that can be replaced by our keys.
Annotations without_aliases(const Annotations& annotations);

}  // namespace runx::annotations
