// SPDX-License-Identifier: Apache-2.0
#include "bitstream/describe.h"

#include <algorithm>

namespace runx::bitstream {
namespace {

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

std::string untold(Format format) {
  switch (format) {
    case Format::xclbin:
      return "not told (the .xclbin does not say)";
    case Format::dtbo:
      return "names no bitstream";
    default:
      return base::text("not told (", sentence_name(format), " does not say)");
  }
}

std::string kind_of(const BitstreamInfo& info) {
  std::string out = !info.partial ? untold(info.format) : *info.partial ? "partial" : "full";
  if (info.compressed) out += ", compressed";
  if (info.encrypted) out += ", encrypted";
  if (info.authenticated) out += ", signed (not verified)";
  return out;
}

std::string format_of(const BitstreamInfo& info) {
  auto out = is_stream_file(info.format) ? "." + to_text(info.format) : sentence_name(info.format);
  if (!info.tool_version.empty())
    out += (info.format == Format::xclbin && info.contains != Format::bit ? ", v++ " : ", Vivado ") + info.tool_version;
  if (!info.date.empty()) out += ", " + info.date + " " + info.time;
  if (info.byte_swapped) out += ", bytes of each word reversed";
  return out;
}

// The header's word and what the table of parts knows of the IDCODE.
std::string part_of(const BitstreamInfo& info) {
  if (!info.part.empty() || info.device.empty()) return info.part;
  return info.device + " (by its idcode)";
}

std::string payload_of(const BitstreamInfo& info) {
  if (info.format == Format::dtbo || (info.format == Format::pdi)) return {};
  if (info.payload_length == 0) {
    const auto streams = std::count_if(info.parts.begin(), info.parts.end(),
                                       [](const Component& part) { return part.kind == "bitstream"; });
    return streams == 0 ? "none: it holds no bitstream" : base::text("none read: it holds ", streams, " of them");
  }
  auto out = counted(info.payload_length, "byte") + " at offset " + grouped(info.payload_offset);
  if (info.contains) out += base::text(", a .", to_text(*info.contains));
  return out;
}

std::string frames_of(const BitstreamInfo& info) {
  if (info.format == Format::dtbo || info.payload_length == 0) return {};
  if (!info.has_stream) {
    return info.format == Format::boot ? "cipher text, which cannot be read"
                                       : "not known: what a PDI writes is read by the device's own loader only";
  }
  auto frames = counted(info.frames, "frame");
  if (info.repeats > 0) frames += " and " + counted(info.repeats, "repeat");
  if (info.encrypted) frames += " before the cipher text, which cannot be read";
  return frames;
}

std::string id_text(std::optional<std::uint32_t> id) { return id ? base::hex(*id) : ""; }

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& text : texts) out += (out.empty() ? "" : ", ") + text;
  return out;
}

// One line for each, in columns as wide as the widest entry.
std::string parts_of(const std::vector<Component>& parts) {
  std::size_t name = 0;
  std::size_t kind = 0;
  std::size_t size = 0;
  for (const auto& part : parts) {
    name = std::max(name, part.name.size());
    kind = std::max(kind, part.kind.size());
    size = std::max(size, grouped(part.length).size());
  }
  std::string out = "\n  parts\n";
  for (const auto& part : parts) {
    const auto length = grouped(part.length);
    out += "  " + part.kind + std::string(kind - part.kind.size() + 2, ' ') + part.name +
           std::string(name - part.name.size() + (name > 0 ? 2 : 0), ' ') + std::string(size - length.size(), ' ') +
           length + base::text(part.length == 1 ? " byte" : " bytes", " at offset ", grouped(part.offset));
    if (part.id) out += ", id " + id_text(part.id);
    if (part.unique_id) out += ", unique id " + id_text(part.unique_id);
    if (part.parent_unique_id) out += ", parent's " + id_text(part.parent_unique_id);
    if (part.encrypted) out += ", encrypted";
    if (part.authenticated) out += ", signed";
    out += "\n";
  }
  return out;
}

std::string overlays_of(const std::vector<OverlayNode>& overlays) {
  std::string out = "\n  overlay\n";
  for (const auto& overlay : overlays) {
    out += "  " + overlay.target + (overlay.node.empty() ? "" : ", " + overlay.node) + ": ";
    if (overlay.firmware.empty()) {
      out += "names no bitstream\n";
      continue;
    }
    out += base::text("loads ", overlay.firmware, overlay.partial ? ", partial" : ", full");
    if (overlay.encrypted) out += ", encrypted";
    if (overlay.authenticated) out += ", signed";
    if (overlay.external) out += ", which somebody else has done";
    out += "\n";
  }
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

}  // namespace

std::string describe(const BitstreamInfo& info, const std::string& name, const std::string& sha256) {
  std::string out = name + "\n";
  line(out, "format", format_of(info));
  line(out, "design", info.design);
  line(out, "part", part_of(info));
  line(out, "platform", info.platform);
  line(out, "shell", joined(info.shells));
  line(out, "uuid", info.uuid);
  line(out, "id", id_text(info.id));
  if (info.parent_id.value_or(0) != 0) line(out, "parent id", id_text(info.parent_id));
  if (info.format != Format::dtbo && info.payload_length > 0)
    line(out, "idcode", info.idcode ? base::hex(*info.idcode, 8) : "none");
  if (info.format != Format::xclbin || info.payload_length > 0) line(out, "kind", kind_of(info));
  line(out, "stream", payload_of(info));
  line(out, "sha256", sha256);
  line(out, "writes", frames_of(info));
  if (info.format == Format::pdi && info.parts.empty() && info.encrypted)
    line(out, "parts", "not listed: their headers are encrypted");
  if (!info.parts.empty()) out += parts_of(info.parts);
  if (!info.overlays.empty()) out += overlays_of(info.overlays);
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

}  // namespace runx::bitstream
