// SPDX-License-Identifier: Apache-2.0
#include "plan/region_kind.h"

#include <algorithm>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "plan/bitstreams.h"
#include "plan/claim.h"
#include "plan/overlays.h"
#include "plan/reader.h"
#include "plan/record_reader.h"
#include "plan/region.h"
#include "plan/unsupported.h"

namespace runx::plan {
namespace {

using base::Result;
using base::Status;
using base::text;
using nlohmann::json;

// A clock or AFI register is its region's alone: whoever claims the region has it.
Status check_shares(const Board& board, const std::string& name) {
  std::map<std::uint32_t, std::string> clocks;
  std::map<std::uint32_t, std::string> afi;
  for (const auto& region : board.regions) {
    for (const auto& [clock, rate] : region.clocks) {
      const auto [other, added] = clocks.emplace(clock, region.name);
      if (added) continue;
      return base::fail(std::errc::invalid_argument, name, ": regions ", other->second, " and ", region.name,
                        " both have clock ", clock, ": give it to one of them");
    }
    for (const auto number : region.afi) {
      const auto [other, added] = afi.emplace(number, region.name);
      if (added) continue;
      return base::fail(std::errc::invalid_argument, name, ": regions ", other->second, " and ", region.name,
                        " both have AFI register ", number, ": give it to one of them");
    }
  }
  return {};
}

// Bitstreams of another format are not read, and are refused by their key.
annotations::AcceleratorRequest readable(annotations::AcceleratorRequest request) {
  std::erase_if(request.bitstreams, [](const auto& bitstream) { return !reads_format(bitstream); });
  return request;
}

class RegionKind : public Kind {
 public:
  std::string_view name() const override { return "region"; }
  std::vector<std::string_view> board_members() const override { return {"regions"}; }

  Status read_board(const json& board, const std::string& file, Board& out) const override {
    const auto* value = Reader(board, file).member("regions");
    if (value == nullptr) return {};
    if (!value->is_array()) return base::fail(std::errc::invalid_argument, file, ": \"regions\" is not a list");
    std::set<std::string> names;
    for (std::size_t i = 0; i < value->size(); ++i) {
      auto region = parse_region((*value)[i], text(file, ": region ", i + 1));
      if (!region) return tl::unexpected(region.error());
      if (!names.insert(region->name).second) {
        return base::fail(std::errc::invalid_argument, file, ": two regions are called ", region->name);
      }
      out.regions.push_back(std::move(*region));
    }
    return check_shares(out, file);
  }

  bool needs_boot_tree(const annotations::AcceleratorRequest& request) const override {
    return std::any_of(request.bitstreams.begin(), request.bitstreams.end(),
                       [](const auto& bitstream) { return bitstream.overlay.has_value(); });
  }

  void preview(Planning& planning, WorthReading& worth) const override {
    auto found = bitstreams_worth_reading(readable(planning.request), planning.host);
    planning.refuse_all(found.refusals);
    worth.bitstreams.merge(found.bitstreams);
    worth.overlays.merge(found.overlays);
    worth.regions.merge(found.regions);
  }

  void plan(Planning& planning) const override {
    auto placed = place_bitstreams(readable(planning.request), planning.host, planning.image);
    planning.refuse_all(placed.refusals);
    auto overlays = split_overlays(planning.request, planning.host, planning.image, placed.steps);
    planning.refuse_all(overlays.refusals);
    planning.plan.overlays_left_out = std::move(overlays.left_out);
    planning.fabric = std::move(overlays.fabric);
    for (auto& step : placed.steps) {
      step.overlay = !step.node.empty() || step.dom0.has_tree();
      planning.plan.steps.emplace_back(*this, std::move(step));
    }
  }

  std::vector<std::string> claims(const Step& step) const override {
    std::vector<std::string> out;
    for (const auto& region : step.as<RegionStep>().regions) out.push_back(region_claim(region));
    return out;
  }

  std::vector<std::string> create_text(const Step& step) const override {
    const auto& region = step.as<RegionStep>();
    if (region.loaded) {
      return {text("leave ", region.where(), " as it is: it holds ", region.file, " (", region.payload_digest, ")")};
    }
    return {text("program ", region.where(), " with ", region.file, " (", region.payload_length, " bytes, ",
                 region.payload_digest, ") through ", region.xclbin_uuid.empty() ? "" : "XRT and ",
                 region.node.empty() ? "" : text("its node ", region.node, " and "), "\"", region.manager, "\"")};
  }

  std::vector<std::string> release_text(const Step& step) const override {
    const auto& region = step.as<RegionStep>();
    if (region.blank.empty()) return {};
    return {text("program ", region.where(), " with the blank ", region.blank)};
  }

  json describe(const Step& step) const override {
    const auto& region = step.as<RegionStep>();
    auto out = record(step);
    out["name"] = region.name;
    out["digest"] = region.digest;
    out["payloadOffset"] = region.payload_offset;
    out["payloadLength"] = region.payload_length;
    return out;
  }

  json record(const Step& step) const override {
    const auto& region = step.as<RegionStep>();
    return {{"file", region.file},          {"regions", region.regions},
            {"manager", region.manager},    {"payloadDigest", region.payload_digest},
            {"full", region.full},          {"loaded", region.loaded},
            {"node", region.node},          {"bridge", region.bridge},
            {"xclbin", region.xclbin_uuid}, {"overlay", region.overlay},
            {"blank", region.blank}};
  }

  Result<Step> read_record(const json& record) const override {
    RecordReader in(record);
    RegionStep step;
    step.file = in.text("file");
    step.regions = in.texts("regions");
    step.manager = in.text("manager");
    step.payload_digest = in.text("payloadDigest");
    step.full = in.flag("full");
    step.loaded = in.flag("loaded");
    step.node = in.text("node");
    step.bridge = in.text("bridge");
    step.xclbin_uuid = in.text("xclbin");
    step.overlay = in.flag("overlay");
    step.blank = in.text("blank");
    if (auto done = in.done(); !done) return tl::unexpected(done.error());
    return Step(*this, std::move(step));
  }
};

}  // namespace

std::string RegionStep::where() const {
  if (!full) return "region " + regions.front();
  std::string all;
  for (const auto& region : regions) all += (all.empty() ? "" : ", ") + region;
  return text("the whole device (", regions.size() == 1 ? "region " : "regions ", all, ")");
}

const Kind& region_kind() {
  static const RegionKind kind;
  return kind;
}

}  // namespace runx::plan
