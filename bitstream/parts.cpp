// SPDX-License-Identifier: Apache-2.0
#include "bitstream/parts.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <initializer_list>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/printable.h"
#include "bitstream/parts_text.h"
#include "bitstream/stream.h"

namespace runx::bitstream {
namespace {

using base::Result;
using base::Status;
using nlohmann::json;

constexpr std::size_t most_parts = 4096;
constexpr std::uint32_t most_frame_words = 1024;

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

bool before(const Part& a, const Part& b) { return a.idcode < b.idcode; }

// One row, or the sentence that says what is wrong with it.
class RowReader {
 public:
  RowReader(const json& row, std::string where) : row_(row), where_(std::move(where)) {}

  Result<Part> read() {
    if (!row_.is_object()) return wrong("is no object");
    for (const auto& [key, value] : row_.items()) {
      if (key != "idcode" && key != "name" && key != "frameWords" && key != "tap" && key != "source")
        return wrong("has an unknown key \"", base::printable(key), "\"");
    }
    for (const auto& done : {idcode(), name(), frame_words(), tap()}) {
      if (!done) return tl::unexpected(done.error());
    }
    if (const auto* source = member("source"); source != nullptr && !source->is_string())
      return wrong("has a \"source\" that is no string");
    return part_;
  }

 private:
  template <class... Parts>
  tl::unexpected<base::Error> wrong(const Parts&... parts) const {
    return base::fail(std::errc::invalid_argument, where_, " ", parts...);
  }

  const json* member(const char* key) const { return base::member(row_, key); }
  std::string text(const char* key) const { return base::text_member(row_, key); }

  Status idcode() {
    const auto digits = text("idcode");
    const auto* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, part_.idcode, 16);
    if (digits.size() != 8 || error != std::errc{} || stop != end)
      return wrong("has no \"idcode\" of 8 hexadecimal digits");
    part_.idcode &= idcode_mask;
    return {};
  }

  Status name() {
    part_.name = text("name");
    if (!is_name(part_.name)) return wrong("has no \"name\" of 1 to 64 of a-z, 0-9, - and _");
    return {};
  }

  Status frame_words() {
    const auto* words = member("frameWords");
    if (words == nullptr) return {};
    if (!words->is_number_unsigned() || *words < 1U || *words > most_frame_words)
      return wrong("has a \"frameWords\" that is no number from 1 to ", most_frame_words);
    part_.frame_words = words->get<std::uint32_t>();
    return {};
  }

  Status tap() {
    if (member("tap") == nullptr) return {};
    const auto value = text("tap");
    if (value != "fabric" && value != "processor") return wrong("has a \"tap\" that is neither fabric nor processor");
    part_.processor = value == "processor";
    return {};
  }

  const json& row_;
  std::string where_;
  Part part_;
};

}  // namespace

const Parts& Parts::built_in() {
  static const Parts table = [] {
    auto parsed = parse(parts_text, "the table of parts");
    if (!parsed) std::abort();
    return *parsed;
  }();
  return table;
}

Result<Parts> Parts::parse(std::string_view text, const std::string& name) {
  const auto value = base::parse_json(text, name);
  if (!value) return tl::unexpected(value.error());
  if (!value->is_object() || value->value("schema", json()) != 1U)
    return base::fail(std::errc::invalid_argument, name, " has no \"schema\": 1");
  for (const auto& [key, ignored] : value->items()) {
    if (key != "schema" && key != "parts")
      return base::fail(std::errc::invalid_argument, name, " has an unknown key \"", base::printable(key), "\"");
  }
  const auto rows = value->find("parts");
  if (rows == value->end() || !rows->is_array() || rows->size() > most_parts)
    return base::fail(std::errc::invalid_argument, name, " has no list \"parts\" of at most ", most_parts, " rows");
  Parts out;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    auto part = RowReader((*rows)[i], base::text(name, ": parts[", i, "]")).read();
    if (!part) return tl::unexpected(part.error());
    out.rows_.push_back(std::move(*part));
  }
  std::sort(out.rows_.begin(), out.rows_.end(), before);
  const auto twice = std::adjacent_find(out.rows_.begin(), out.rows_.end(),
                                        [](const Part& a, const Part& b) { return a.idcode == b.idcode; });
  if (twice != out.rows_.end())
    return base::fail(std::errc::invalid_argument, name, ": the idcode ", base::hex(twice->idcode, 8),
                      " stands twice (the first digit, the revision, is not compared)");
  return out;
}

Parts Parts::with(const Parts& more) const {
  Parts out = more;
  for (const auto& row : rows_) {
    if (more.find(row.idcode) == nullptr) out.rows_.push_back(row);
  }
  std::sort(out.rows_.begin(), out.rows_.end(), before);
  return out;
}

const Part* Parts::find(std::uint32_t idcode) const {
  const Part wanted{idcode & idcode_mask, "", 0, false};
  const auto found = std::lower_bound(rows_.begin(), rows_.end(), wanted, before);
  return found != rows_.end() && found->idcode == wanted.idcode ? &*found : nullptr;
}

}  // namespace runx::bitstream
