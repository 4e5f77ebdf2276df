// SPDX-License-Identifier: Apache-2.0
#pragma once

// All keys, as patterns: the nearest known key, the merging of places, the linter and the test of spec/annotations.md
// take them from here. They come from the table of areas (area.h).

#include <string>
#include <string_view>
#include <vector>

#include "annotations/request.h"

namespace runx::annotations {

enum class Who {
  anybody,   // the image and whoever runs it
  run_time,  // whoever runs it, and never the image
};

struct KeyPattern {
  std::string pattern;  // after the prefix: "fpga.NAME.bitstream.REGION"
  Who who;
  bool names_file;
  bool identifies;     // it says which thing its NAME means: device.NAME.path and the like
  const char* reason;  // what is told of a wrong value
};
const std::vector<KeyPattern>& key_patterns();

// The pattern that a key (after the prefix) is of, or nullptr for one that is not known.
const KeyPattern* pattern_of(std::string_view key);

// The known key that `key` (after the prefix) is probably meant to be, with its own NAME and REGION where they are
// good ones; "" when nothing is near.
std::string nearest_key(std::string_view key);

// "a.b..c" is "a", "b", "", "c".
std::vector<std::string_view> key_parts(std::string_view key);

}  // namespace runx::annotations
