// SPDX-License-Identifier: Apache-2.0
#include "fpga/describe.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace runx::fpga {
namespace {

using nlohmann::json;

constexpr std::uint32_t picture_width = 72;

// 10790 -> "10,790"
std::string grouped(std::uint64_t number) {
  auto text = std::to_string(number);
  for (auto at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

std::string counted(std::uint64_t number, const std::string& thing) {
  return grouped(number) + " " + thing + (number == 1 ? "" : "s");
}

void line(std::string& out, std::string key, const std::string& value) {
  if (value.empty()) return;
  key.resize(10, ' ');
  out += "  " + key + value + "\n";
}

std::string kind_of(const BitstreamInfo& info) {
  std::string out = !info.partial ? "not told (a .bin does not say)" : *info.partial ? "partial" : "full";
  if (info.compressed) out += ", compressed";
  if (info.encrypted) out += ", encrypted";
  return out;
}

std::string block_name(std::uint32_t block) {
  if (block == 0) return "block 0: logic and routing";
  if (block == 1) return "block 1: block RAM content";
  return base::text("block ", block);
}

std::uint32_t last_column(const std::vector<FootprintRow>& rows) {
  std::uint32_t last = 0;
  for (const auto& row : rows) last = std::max(last, row.columns.back().last);
  return last;
}

std::string picture_of(const FootprintRow& row, std::uint32_t last, std::uint32_t columns_a_character) {
  std::string out(last / columns_a_character + 1, '.');
  for (const auto& range : row.columns) {
    for (auto column = range.first; column <= range.last; ++column) out[column / columns_a_character] = '#';
  }
  return out;
}

std::string caption_of(const FootprintRow& row) {
  const auto first = row.columns.front().first;
  const auto last = row.columns.back().last;
  auto out = first == last ? base::text("column ", first) : base::text("columns ", first, "..", last);
  out += ", " + counted(row.frames, "frame");
  if (row.repeats > 0) out += ", " + counted(row.repeats, "repeat");
  return out;
}

std::string picture(const Footprint& footprint) {
  auto rows = rows_of(footprint);
  if (rows.empty()) return "";
  std::stable_sort(rows.begin(), rows.end(), [](const FootprintRow& a, const FootprintRow& b) {
    return a.block != b.block ? a.block < b.block : a.row > b.row;
  });
  const auto last = last_column(rows);
  const auto scale = last / picture_width + 1;
  std::string out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i == 0 || rows[i].block != rows[i - 1].block) out += "\n  " + block_name(rows[i].block) + "\n";
    const auto number = std::to_string(rows[i].row);
    out += "  row " + std::string(number.size() < 2 ? 1 : 0, ' ') + number + " |" + picture_of(rows[i], last, scale) +
           "| " + caption_of(rows[i]) + "\n";
  }
  out += "\n  '#': writes begin in this column";
  if (scale > 1) out += base::text(" (", scale, " columns a character)");
  return out + "; long writes go on to the right, and into the next row\n";
}

template <class Value>
json or_null(const std::optional<Value>& value) {
  return value ? json(*value) : json(nullptr);
}

// The strings of a .bit header; a .bin has none.
json header_text(const BitstreamInfo& info, const std::string& value) {
  return info.format == Format::bit ? json(value) : json(nullptr);
}

json footprint_json(const Footprint& footprint) {
  auto out = json::array();
  for (const auto& row : rows_of(footprint)) {
    auto columns = json::array();
    for (const auto& range : row.columns) columns.push_back({range.first, range.last});
    out.push_back({{"block", row.block},
                   {"row", row.row},
                   {"columns", std::move(columns)},
                   {"frames", row.frames},
                   {"repeats", row.repeats}});
  }
  return out;
}

json runs_json(const Footprint& footprint) {
  auto out = json::array();
  for (const auto& run : footprint) {
    out.push_back({{"address", base::hex(run.start.value, 8)},
                   {"frames", run.frames},
                   {"written", run.written},
                   {"repeats", run.repeats}});
  }
  return out;
}

}  // namespace

std::string describe(const BitstreamInfo& info, const std::string& name, const std::string& sha256) {
  std::string out = name + "\n";
  auto format = "." + to_text(info.format);
  if (!info.tool_version.empty()) format += ", Vivado " + info.tool_version;
  if (!info.date.empty()) format += ", " + info.date + " " + info.time;
  if (info.byte_swapped) format += ", bytes of each word reversed";
  line(out, "format", format);
  line(out, "design", info.design);
  line(out, "part", info.part);
  line(out, "idcode", info.idcode ? base::hex(*info.idcode, 8) : "none");
  line(out, "kind", kind_of(info));
  line(out, "stream", counted(info.payload_length, "byte") + base::text(" at offset ", info.payload_offset));
  line(out, "sha256", sha256);
  auto frames = counted(info.frames, "frame");
  if (info.repeats > 0) frames += " and " + counted(info.repeats, "repeat");
  if (info.encrypted) frames += " before the cipher text, which cannot be read";
  line(out, "writes", frames);
  return out + picture(info.footprint);
}

std::string describe_frames(const BitstreamInfo& info) {
  std::string out;
  for (const auto& run : info.footprint) {
    out += to_text(run.start) + ": " + counted(run.written, "frame");
    if (run.repeats > 0) out += ", " + counted(run.repeats, "repeat");
    if (run.frames != run.written + run.repeats) out += base::text(", at most ", run.frames, " in one go");
    out += "\n";
  }
  return out;
}

std::string describe_json(const BitstreamInfo& info, const std::string& sha256, bool runs) {
  json out = {{"format", to_text(info.format)},
              {"design", header_text(info, info.design)},
              {"part", header_text(info, info.part)},
              {"date", header_text(info, info.date)},
              {"time", header_text(info, info.time)},
              {"tool_version", header_text(info, info.tool_version)},
              {"idcode", info.idcode ? json(base::hex(*info.idcode, 8)) : json(nullptr)},
              {"partial", or_null(info.partial)},
              {"compressed", info.compressed},
              {"encrypted", info.encrypted},
              {"byte_swapped", info.byte_swapped},
              {"sha256", sha256},
              {"payload", {{"offset", info.payload_offset}, {"length", info.payload_length}}},
              {"frames", info.frames},
              {"repeats", info.repeats},
              {"footprint", footprint_json(info.footprint)}};
  if (runs) out["runs"] = runs_json(info.footprint);
  return base::json_text(out, 2) + "\n";
}

}  // namespace runx::fpga
