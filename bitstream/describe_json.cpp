// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "bitstream/describe.h"

namespace runx::bitstream {
namespace {

using nlohmann::json;

template <class Value>
json or_null(const std::optional<Value>& value) {
  return value ? json(*value) : json(nullptr);
}

// What the file does not tell is null. A .bit has all its strings, also where one is empty.
json text_or_null(const BitstreamInfo& info, const std::string& value) {
  return info.format == Format::bit || !value.empty() ? json(value) : json(nullptr);
}

json id_or_null(const std::optional<std::uint32_t>& id) { return id ? json(base::hex(*id)) : json(nullptr); }

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

json parts_json(const BitstreamInfo& info) {
  auto out = json::array();
  for (const auto& part : info.parts) {
    json entry = {{"kind", part.kind},     {"name", part.name},           {"offset", part.offset},
                  {"length", part.length}, {"encrypted", part.encrypted}, {"authenticated", part.authenticated}};
    if (info.format == Format::pdi) {
      entry["id"] = id_or_null(part.id);
      entry["unique_id"] = id_or_null(part.unique_id);
      entry["parent_unique_id"] = id_or_null(part.parent_unique_id);
    }
    out.push_back(std::move(entry));
  }
  return out;
}

json overlays_json(const std::vector<OverlayNode>& overlays) {
  auto out = json::array();
  for (const auto& overlay : overlays) {
    out.push_back({{"target", overlay.target},
                   {"node", overlay.node},
                   {"firmware", overlay.firmware.empty() ? json(nullptr) : json(overlay.firmware)},
                   {"partial", overlay.partial},
                   {"encrypted", overlay.encrypted},
                   {"authenticated", overlay.authenticated},
                   {"external", overlay.external}});
  }
  return out;
}

// What only containers and overlays have.
void add_format(json& out, const BitstreamInfo& info) {
  if (info.format == Format::boot || info.format == Format::pdi || info.format == Format::xclbin)
    out["parts"] = parts_json(info);
  if (info.format == Format::pdi) {
    out["id"] = id_or_null(info.id);
    out["parent_id"] = id_or_null(info.parent_id);
  }
  if (info.format == Format::xclbin) {
    out["uuid"] = info.uuid;
    out["platform"] = info.platform;
    out["shells"] = info.shells;
    out["contains"] = info.contains ? json(to_text(*info.contains)) : json(nullptr);
  }
  if (info.format == Format::dtbo) out["overlays"] = overlays_json(info.overlays);
}

}  // namespace

std::string describe_json(const BitstreamInfo& info, const std::string& sha256, bool runs) {
  const json nothing = nullptr;
  const bool payload = info.payload_length > 0;
  json out = {{"format", to_text(info.format)},
              {"design", text_or_null(info, info.design)},
              {"part", text_or_null(info, info.part.empty() ? info.device : info.part)},
              {"device", info.device.empty() ? nothing : json(info.device)},
              {"date", text_or_null(info, info.date)},
              {"time", text_or_null(info, info.time)},
              {"tool_version", text_or_null(info, info.tool_version)},
              {"idcode", info.idcode ? json(base::hex(*info.idcode, 8)) : nothing},
              {"partial", or_null(info.partial)},
              {"compressed", info.compressed},
              {"encrypted", info.encrypted},
              {"authenticated", info.authenticated},
              {"byte_swapped", info.byte_swapped},
              {"sha256", sha256},
              {"payload", payload ? json({{"offset", info.payload_offset}, {"length", info.payload_length}}) : nothing},
              {"frames", info.has_stream ? json(info.frames) : nothing},
              {"repeats", info.has_stream ? json(info.repeats) : nothing},
              {"footprint", info.has_stream ? footprint_json(info.footprint) : nothing}};
  if (runs) out["runs"] = info.has_stream ? runs_json(info.footprint) : nothing;
  add_format(out, info);
  return base::json_text(out, 2) + "\n";
}

}  // namespace runx::bitstream
