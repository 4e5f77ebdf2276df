// SPDX-License-Identifier: Apache-2.0
#include "annotations/value.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <utility>
#include <vector>

#include "base/sha256.h"

namespace runx::annotations {
namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

std::optional<std::uint64_t> digits(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || (text.size() > 1 && text[0] == '0'))
    return std::nullopt;
  return value;
}

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }

// 1 to `longest` letters, digits and `others`.
bool is_word(std::string_view text, std::size_t longest, std::string_view others) {
  return !text.empty() && text.size() <= longest && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) || is_digit(c) || others.find(c) != std::string_view::npos;
  });
}

bool is_small_name(std::string_view text, std::size_t longest) {
  return !text.empty() && text.size() <= longest &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

}  // namespace

bool is_name(std::string_view text) { return is_small_name(text, 32) && text.front() != '-' && text.back() != '-'; }
bool is_alias(std::string_view text) { return is_small_name(text, 31); }
bool is_label(std::string_view text) { return is_word(text, 31, "_") && !is_digit(text[0]); }
bool is_compatible(std::string_view text) { return is_word(text, 128, ",._+-"); }
bool is_identifier(std::string_view text) { return is_word(text, 128, "._:+-"); }
bool is_reference(std::string_view text) {
  return is_word(text, 128, ",._+@-") || (is_clean_path(text) && text.find(' ') == std::string_view::npos);
}

bool is_digest(std::string_view text) { return base::is_sha256_digest(text); }

bool is_columns(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return false;
  const auto first = parse_number(text.substr(0, dash), 0, 255);
  const auto last = parse_number(text.substr(dash + 1), 0, 255);
  return first && last && *first <= *last;
}

bool is_command_line(std::string_view text) {
  return !text.empty() && text.size() <= 1024 && std::all_of(text.begin(), text.end(), [](char c) {
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\'' && c != '\\';
  });
}

std::optional<std::vector<std::string>> parse_list(std::string_view text, bool (*valid)(std::string_view)) {
  constexpr std::size_t most = 32;
  std::vector<std::string> out;
  for (;;) {
    const auto space = text.find(' ');
    const auto element = text.substr(0, space);
    if (out.size() == most || !valid(element) || std::find(out.begin(), out.end(), element) != out.end())
      return std::nullopt;
    out.emplace_back(element);
    if (space == std::string_view::npos) return out;
    text.remove_prefix(space + 1);
  }
}

std::optional<std::uint64_t> parse_address(std::string_view text) {
  if (text.size() < 3 || text.size() > 14 || !text.starts_with("0x") || text[2] == '0') return std::nullopt;
  text.remove_prefix(2);
  if (!std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }))
    return std::nullopt;
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return value % 4096 == 0 ? std::optional(value) : std::nullopt;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  const auto unit = text.substr(text.size() - 3);
  if (unit != "MiB" && unit != "GiB") return std::nullopt;
  const std::uint64_t scale = unit == "MiB" ? mebibyte : mebibyte << 10;
  const auto number = digits(text.substr(0, text.size() - 3));
  if (!number || *number == 0 || *number > (mebibyte << 20) / scale) return std::nullopt;
  return *number * scale;
}

std::string size_text(std::uint64_t bytes) {
  const auto mib = bytes / mebibyte;
  return mib % 1024 == 0 && mib != 0 ? std::to_string(mib / 1024) + "GiB" : std::to_string(mib) + "MiB";
}

std::optional<unsigned> parse_number(std::string_view text, unsigned lowest, unsigned highest) {
  const auto number = digits(text);
  if (!number || *number < lowest || *number > highest) return std::nullopt;
  return static_cast<unsigned>(*number);
}

bool is_clean_path(std::string_view text) {
  if (text.size() < 2 || text.size() > 4095 || text[0] != '/') return false;
  if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    return false;
  while (!text.empty()) {
    text.remove_prefix(1);
    const auto part = text.substr(0, text.find('/'));
    if (part.empty() || part == "." || part == "..") return false;
    text.remove_prefix(part.size());
  }
  return true;
}

std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() >= limit) return limit;
  while (!a.empty() && a.front() == b.front()) {
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  // Row i of the table has the distances of a's first i bytes to each beginning of b. A distance below the limit is
  // never further than that from the diagonal, and a row without one has none below it.
  std::vector<std::size_t> row(b.size() + 1, limit);
  std::iota(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(std::min(row.size(), limit)), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::size_t first = i + 1 > limit ? i + 1 - limit : 0;
    const std::size_t end = std::min(b.size(), i + 1 + limit);
    std::size_t diagonal = std::exchange(row[first], first == 0 ? i + 1 : limit);
    std::size_t least = row[first];
    for (std::size_t j = first; j < end; ++j) {
      const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, diagonal + 1, changed, limit});
      least = std::min(least, row[j + 1]);
    }
    if (least >= limit) return limit;
  }
  return std::min(row[b.size()], limit);
}

}  // namespace runx::annotations
