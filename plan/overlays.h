// SPDX-License-Identifier: Apache-2.0
#pragma once

// The overlays that an image brings with its bitstreams, in two halves (devtree/overlay_split.h): Dom0's goes to the
// step that programs the region, the guest's into the tree that its devices are derived from.

#include "plan/region_kind.h"

namespace runx::plan {

struct SplitOverlays {
  Fabric fabric;
  std::vector<LeftOut> left_out;
  Refusals refusals;
};

// `steps` have their regions; those whose request has an overlay get their `dom0`.
SplitOverlays split_overlays(const annotations::AcceleratorRequest& request, const HostFacts& host,
                             const ImageFacts& image, std::vector<RegionStep>& steps);

}  // namespace runx::plan
