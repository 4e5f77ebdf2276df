// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the containers of bitstreams (boot image, PDI, .xclbin) have in common: a list of parts.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace runx::bitstream {

// One part of a container. Its bytes lie inside the file: whoever has one need not look again.
struct Component {
  std::string name;  // what the tool called it, made printable; empty when it has none
  std::string kind;  // "bitstream", "cdo", "MEM_TOPOLOGY" …
  std::size_t offset = 0;
  std::size_t length = 0;
  std::optional<std::uint32_t> id, unique_id, parent_unique_id;  // of a PDI's image
  bool encrypted = false;
  bool authenticated = false;
};

}  // namespace runx::bitstream
