// SPDX-License-Identifier: Apache-2.0
#pragma once

// Other spellings of what our keys say. Of other projects, so that an image or a pod that was written for them is
// understood:
//
//   io.runx-accel.resource.NAME = RESOURCE=DEVICE_DATA   the proposal of 2020 for the image-spec
//   remoteproc.name = PROCESSOR                          Arm's remoteproc-runtime
//
// And of ours, with the mark that lets keys be added to a schema without breaking those who read it today: a reader
// that knows KEY takes it as KEY, any other ignores it.
//
//   io.runx-accel.may.KEY = VALUE
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
inline constexpr std::string_view mark = "io.runx-accel.may.";  // and a key without the prefix

bool is_alias_key(std::string_view key);  // marked ones are aliases, too
bool is_marked_key(std::string_view key);

// Our annotations for one alias: none for a marked key that we do not know. Nothing when the key's NAME or the value is
// wrong, or a marked key that we know is too long.
std::optional<Annotations> expand_alias(const std::string& key, const std::string& value);

// With every alias that can be replaced by our keys, and without the marked keys that we do not know.
Annotations without_aliases(const Annotations& annotations);

// The same, but marked keys stay as they are: for what is written into an image again.
Annotations without_foreign_aliases(const Annotations& annotations);

}  // namespace runx::annotations
