// SPDX-License-Identifier: Apache-2.0
#pragma once

// The one table of keys. A Field is a key's last part with how its value is read and written; the parser, the
// emitter, the nearest known key, the linter and the test of spec/annotations.md all take it from here. A new key is
// one line in keys.cpp and one in spec/annotations.md.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "annotations/request.h"

namespace runx::annotations {

enum class Who {
  anybody,   // the image and whoever runs it
  run_time,  // whoever runs it, and never the image
};

template <class Entry>
struct Field {
  std::string_view leaf;
  Who who;
  bool (*read)(Entry&, const std::string& value);           // false: not such a value, and the entry is as before
  std::optional<std::string> (*write)(const Entry& entry);  // nothing: not asked, or the default
  const char* reason;                                       // what is told when read() says false
  const char* remedy;
  bool names_file = false;  // the value is the path of a file of the image
};

// KEY
std::span<const Field<AcceleratorRequest>> top_fields();
// fpga.NAME.KEY, fpga.NAME.KEY.REGION, rpu.NAME.KEY, device.NAME.KEY, domain.KEY
std::span<const Field<BitstreamRequest>> fpga_fields();
std::span<const Field<BitstreamVariant>> variant_fields();
std::span<const Field<ProcessorRequest>> rpu_fields();
std::span<const Field<DeviceRequest>> device_fields();
std::span<const Field<DomainRequest>> domain_fields();

template <class Entry>
const Field<Entry>* find_field(std::span<const Field<Entry>> fields, std::string_view leaf) {
  for (const auto& field : fields) {
    if (field.leaf == leaf) return &field;
  }
  return nullptr;
}

struct KeyPattern {
  std::string pattern;  // after the prefix: "fpga.NAME.bitstream.REGION"
  Who who;
  bool names_file;
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
