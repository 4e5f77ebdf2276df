// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which bitstream goes into which region. A request has one file for every region, or variants for some, or both; it
// takes the region that it names, or the first one of the board that is free and that one of its files fits.

#include "plan/region_kind.h"

namespace runx::plan {

struct PlacedBitstreams {
  std::vector<RegionStep> steps;
  Refusals refusals;
};

// What can be said of it before a file is read; the refusals that are left to the files are missing.
WorthReading bitstreams_worth_reading(const annotations::AcceleratorRequest& request, const HostFacts& host);

PlacedBitstreams place_bitstreams(const annotations::AcceleratorRequest& request, const HostFacts& host,
                                  const ImageFacts& image);

}  // namespace runx::plan
