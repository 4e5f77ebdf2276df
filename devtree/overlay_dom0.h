// SPDX-License-Identifier: Apache-2.0
#pragma once

// Dom0's half of an overlay for the fabric (overlay_split.h): which nodes are Dom0's, and the overlay that is left when
// all others are taken out. Its references to labels of the board stay as they were, for Dom0's kernel resolves them;
// its fragments are aimed by path. Labels of its own it has none: they would stand in the one /__symbols__ of Dom0,
// where another overlay's label of the same name is an error. Its nodes and the clocks that it makes are called
// REGION_NAME: two overlays may use one name, and none takes a name of the board's.

#include "devtree/overlay.h"
#include "devtree/overlay_split.h"

namespace runx::devtree {

// An fpga-region (Linux: Documentation/devicetree/bindings/fpga/fpga-region.yaml).
bool is_region(const Node& node);

// What an overlay may say to the node of a region: how it is loaded, and where there is nothing yet how it is a bus. Of
// the former Dom0's half keeps the timeouts; the rest is written by who programs (fpga/region_overlay.h).
bool is_load_property(std::string_view property);
bool is_timeout_property(std::string_view property);
bool is_bus_property(std::string_view property);

// Kinds of nodes by which Dom0 programs, clocks and isolates the fabric. Every compatible string has to be of the list,
// for Dom0's kernel takes the driver of any.
bool is_dom0_kind(const Node& node);

// Without bytes when nothing is left. `base` is the boot tree, `merged` the same with the overlay. Adds to both lists.
base::Result<Blob> dom0_half(const Overlay& overlay, const Tree& base, const Tree& merged,
                             const OverlayRequest& request, std::vector<Refusal>& refused,
                             std::vector<Change>& left_out);

}  // namespace runx::devtree
