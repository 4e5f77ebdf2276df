// SPDX-License-Identifier: Apache-2.0
#include "tools/open_board.h"

#include <iterator>
#include <map>

#include "plan/bitstream_checks.h"

namespace runx::tools {
namespace {

using annotations::AcceleratorRequest;
using annotations::BitstreamRequest;
using base::text;

// Who owns a board that has a region for whatever an image asks for. What the lenient one refuses, everybody does.
enum class Owner { lenient, strict };

plan::HostFacts open_board(const AcceleratorRequest& request, const plan::ImageFacts& image, Owner owner) {
  plan::Region region{.name = "", .manager = "any", .idcodes = {}};
  region.any_frames = true;
  for (const auto& [file, facts] : image.bitstreams) region.idcodes.push_back(facts.info.idcode.value_or(0));
  std::map<std::string, std::string> nodes;  // by the region's name
  for (const auto& bitstream : request.bitstreams) {
    nodes[text("for ", bitstream.name)];  // no name of an annotation has a space
    for (const auto& [name, variant] : bitstream.variants) nodes[name];
    if (!bitstream.region) continue;
    const bool is_path = bitstream.region->starts_with('/');
    const auto& name = is_path && !bitstream.variants.empty() ? bitstream.variants.begin()->first : *bitstream.region;
    nodes[name] = is_path ? *bitstream.region : "";
  }
  plan::HostFacts out;
  for (const auto& [name, node] : nodes) {
    region.name = name;
    region.node = node;
    out.board.regions.push_back(region);
  }
  const bool lenient = owner == Owner::lenient;
  plan::PolicyRule rule;
  rule.give = {"*"};
  rule.encrypted = rule.headerless = rule.full = lenient;
  out.policy = plan::Policy{{rule}};
  out.zocl = !lenient;  // XRT follows more of an .xclbin than its bitstream
  return out;
}

// Parts of the request that stand on their own, so that no bitstream is in the way of another: what is not about
// bitstreams, each bitstream as it is, and each of its variants.
std::vector<AcceleratorRequest> parts_of(const AcceleratorRequest& request, const plan::ImageFacts& image) {
  std::vector<AcceleratorRequest> out(1, request);
  out.front().bitstreams.clear();
  AcceleratorRequest one;
  const auto add = [&](const BitstreamRequest& bitstream) {
    one.bitstreams = {bitstream};
    out.push_back(one);
  };
  for (const auto& bitstream : request.bitstreams) {
    add(bitstream);
    const auto file = image.bitstreams.find(bitstream.file);
    if (file != image.bitstreams.end() && plan::is_full(bitstream, file->second)) continue;
    for (const auto& [region, variant] : bitstream.variants) {
      auto there = bitstream;
      there.region = region;
      add(there);
    }
  }
  return out;
}

plan::Refusals refusals(AcceleratorRequest request, const plan::ImageFacts& image, Owner owner) {
  for (auto& bitstream : request.bitstreams) {
    bitstream.shell.reset();
    const auto file = image.bitstreams.find(bitstream.file);
    const bool full = file != image.bitstreams.end() && plan::is_full(bitstream, file->second);
    if (!full) bitstream.overlay.reset();
  }
  auto made = plan::make_plan(request, open_board(request, image, owner), image);
  auto* refused = std::get_if<plan::Refusals>(&made);
  return refused == nullptr ? plan::Refusals() : std::move(*refused);
}

}  // namespace

OpenBoardRefusals ask_open_boards(AcceleratorRequest request, const plan::ImageFacts& image) {
  // Only a board's tree says which devices it can give.
  request.devices.clear();
  request.board.clear();
  OpenBoardRefusals out;
  const auto add = [](plan::Refusals& to, plan::Refusals more) {
    to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  };
  for (const auto& part : parts_of(request, image)) {
    add(out.by_every_board, refusals(part, image, Owner::lenient));
    add(out.by_some, refusals(part, image, Owner::strict));
  }
  // All of it together: a board may have fewer regions than the image has bitstreams.
  add(out.by_some, refusals(request, image, Owner::lenient));
  return out;
}

}  // namespace runx::tools
