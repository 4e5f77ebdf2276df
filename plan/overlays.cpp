// SPDX-License-Identifier: Apache-2.0
#include "plan/overlays.h"

#include <algorithm>

#include "devtree/overlay_split.h"
#include "plan/bitstream_checks.h"
#include "plan/space.h"

namespace runx::plan {
namespace {

using base::text;

class Splitter {
 public:
  Splitter(const HostFacts& host, const ImageFacts& image) : host_(host), image_(image) {}

  void split(const annotations::BitstreamRequest& request, RegionStep& step) {
    const auto overlay = image_.overlays.find(*request.overlay);
    if (overlay == image_.overlays.end()) return refuse(text("overlay ", *request.overlay, " was not read"));
    if (step.full) {
      return refuse(text("overlay ", *request.overlay, " is for a region, and bitstream ", step.file,
                         " replaces the whole device: use a partial one, or no overlay"));
    }
    const auto& [blob, digest, signature] = overlay->second;
    for (auto& why : not_let_in("overlay " + *request.overlay, *request.overlay, digest, signature, host_))
      refuse(std::move(why));
    const auto* region = find_region(host_.board, step.regions.front());
    auto& tree = out_.fabric.tree;
    auto made = devtree::split_overlay(tree.has_tree() ? tree : host_.boot_tree, blob,
                                       {.region = space_of(*region),
                                        .nodes = request.overlay_nodes,
                                        .name = "overlay " + *request.overlay,
                                        .clocks = region->clocks,
                                        .afi = region->afi,
                                        .bridge = region->bridge});
    if (!made) return refuse(made.error().what);
    for (const auto& refusal : made->refused) {
      refuse(text("overlay ", *request.overlay, ": ", refusal.node, " ", refusal.reason));
    }
    if (!made->refused.empty()) return;
    for (const auto& change : made->left_out)
      out_.left_out.push_back({*request.overlay, change.node + " " + change.what + ": " + change.why});
    step.dom0 = std::move(made->dom0);
    tree = std::move(made->tree);
    out_.fabric.nodes.insert(out_.fabric.nodes.end(), made->guest_nodes.begin(), made->guest_nodes.end());
    out_.fabric.clock_rates.merge(made->clock_rates);
  }

  SplitOverlays take() && { return std::move(out_); }

 private:
  void refuse(std::string why) { out_.refusals.push_back(std::move(why)); }

  const HostFacts& host_;
  const ImageFacts& image_;
  SplitOverlays out_;
};

}  // namespace

SplitOverlays split_overlays(const annotations::AcceleratorRequest& request, const HostFacts& host,
                             const ImageFacts& image, std::vector<RegionStep>& steps) {
  Splitter splitter(host, image);
  for (auto& step : steps) {
    const auto asked = std::find_if(request.bitstreams.begin(), request.bitstreams.end(),
                                    [&](const auto& bitstream) { return bitstream.name == step.name; });
    if (asked->overlay) splitter.split(*asked, step);
  }
  return std::move(splitter).take();
}

}  // namespace runx::plan
