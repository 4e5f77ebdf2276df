// SPDX-License-Identifier: Apache-2.0
#pragma once

// A region of the board file in the words of devtree/, which knows no board files.

#include "devtree/boot_tree.h"
#include "plan/board.h"

namespace runx::plan {

inline devtree::RegionSpace space_of(const Region& region) {
  devtree::RegionSpace out{region.name, region.node};
  for (const auto& aperture : region.apertures) out.apertures.push_back({aperture.address, aperture.size});
  for (const auto& line : region.interrupts) out.interrupts.push_back({line.spi, line.edge ? 1U : 4U});
  return out;
}

}  // namespace runx::plan
