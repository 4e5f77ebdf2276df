// SPDX-License-Identifier: Apache-2.0
#pragma once

// The overlay that programs a region (region_overlay.h), as bytes. Pure.

#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "fpga/manager.h"

namespace runx::fpga {

// The blob: `firmware-name` and what `flags` say, for the node, and `bridges` as `fpga-bridges` (phandles of the live
// tree, four bytes each) unless empty. `dom0_half` (may be empty) is an overlay that is applied in the same step: the
// half of an image's overlay that is for Dom0. Its fragment for the region, if any, has the region's node as
// `target-path`. It must not program anything itself. Errors: invalid_argument.
base::Result<std::string> region_overlay(const std::string& node, const std::string& firmware, Flags flags,
                                         base::Bytes bridges = {}, base::Bytes dom0_half = {});

// invalid_argument for what cannot be the path of a region's or a bridge's node.
base::Status check_node_path(const std::string& path);

}  // namespace runx::fpga
