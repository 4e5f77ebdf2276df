// SPDX-License-Identifier: Apache-2.0
#pragma once

// How the values of annotations are spelt: one syntax for each kind of value (spec/annotations.md, "Values").

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/printable.h"

namespace runx::annotations {

// Names of bitstreams, devices, regions.
inline constexpr const char* name_syntax = "[a-z0-9-]{1,32} without a dash at either end";
bool is_name(std::string_view text);

// A decimal number followed by "MiB" or "GiB", no sign, no space: bytes. Nothing for anything else, zero, or
// more than 1 TiB.
std::optional<std::uint64_t> parse_size(std::string_view text);
std::string size_text(std::uint64_t bytes);  // of a multiple of 1 MiB

// A decimal number in a range, no sign, no leading zero.
std::optional<unsigned> parse_number(std::string_view text, unsigned lowest, unsigned highest);

// An absolute path without empty, "." or ".." components and without control characters, 4095 bytes at most.
bool is_clean_path(std::string_view text);

// A page's address in the guest: "0x" and 1 to 12 lower-case hexadecimal digits, a multiple of 4 KiB, no leading zero.
std::optional<std::uint64_t> parse_address(std::string_view text);

// Names in a device tree (Devicetree Specification 0.4, 2.3.1 and 3.3) and of what stands outside it.
bool is_alias(std::string_view text);       // [a-z0-9-]{1,31}
bool is_label(std::string_view text);       // [A-Za-z_][A-Za-z0-9_]{0,30}
bool is_compatible(std::string_view text);  // [A-Za-z0-9,._+-]{1,128}
bool is_identifier(std::string_view text);  // [A-Za-z0-9._:+-]{1,128}
bool is_reference(std::string_view text);   // a path without spaces, or [A-Za-z0-9,._+@-]{1,128}
bool is_columns(std::string_view text);     // "0-7": first and last column, 0 to 255

// "sha256:" and 64 lower-case hexadecimal digits.
bool is_digest(std::string_view text);

// 1 to 1024 bytes of printable ASCII without quotes and backslashes.
bool is_command_line(std::string_view text);

// Elements with one space between two; 1 to 32 of them, none twice. Nothing when one is not `valid`.
std::optional<std::vector<std::string>> parse_list(std::string_view text, bool (*valid)(std::string_view));

using base::printable;

// The known word that is closest to `word`: at most a third of its letters and at most 8 are wrong (Levenshtein
// distance). Else "". The words come from images, so the time is kept in proportion to one length: who mistypes more
// than 8 letters meant another word, and a word of more than 256 bytes is close to nothing.
template <class Words>
std::string nearest(std::string_view word, const Words& known);

// The Levenshtein distance, or `limit` when it is not less. Takes time in proportion to `limit` and the shorter length.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit);

template <class Words>
std::string nearest(std::string_view word, const Words& known) {
  std::string best;
  if (word.size() > 256) return best;
  std::size_t least = std::min<std::size_t>(word.size() / 3, 8) + 1;
  for (const auto& candidate : known) {
    const auto distance = edit_distance(word, candidate, least);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace runx::annotations
