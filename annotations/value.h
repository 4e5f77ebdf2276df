// SPDX-License-Identifier: Apache-2.0
#pragma once

// How the values of annotations are spelt: one syntax for each kind of value (spec/annotations.md, "Values").

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/printable.h"

namespace runx::annotations {

// `[a-z0-9-]{1,32}`: names of bitstreams, devices, regions.
bool is_name(std::string_view text);

// A decimal number followed by "MiB" or "GiB", no sign, no space: bytes. Nothing for anything else, zero, or
// more than 1 TiB.
std::optional<std::uint64_t> parse_size(std::string_view text);
std::string size_text(std::uint64_t bytes);  // of a multiple of 1 MiB

// A decimal number in a range, no sign, no leading zero.
std::optional<unsigned> parse_number(std::string_view text, unsigned lowest, unsigned highest);

// An absolute path without empty, "." or ".." components and without control characters, 4095 bytes at most.
bool is_clean_path(std::string_view text);

using base::printable;

// The known word that is closest to `word` (Levenshtein distance of at most a third of its length), else "".
// A word of more than 256 bytes is close to nothing: comparing takes time in proportion to both lengths.
template <class Words>
std::string nearest(std::string_view word, const Words& known);
std::size_t edit_distance(std::string_view a, std::string_view b);

template <class Words>
std::string nearest(std::string_view word, const Words& known) {
  std::string best;
  if (word.size() > 256) return best;
  std::size_t least = word.size() / 3 + 1;
  for (const auto& candidate : known) {
    const auto distance = edit_distance(word, candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace runx::annotations
