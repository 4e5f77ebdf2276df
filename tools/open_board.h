// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the planner says of a request on boards that have a region for whatever it asks for: one whose owner lets in all
// that a policy can, and one whose owner lets in nothing of it. Devices, and overlays of partial bitstreams, are left
// aside: only a board's own tree says which of their nodes it can give.

#include "annotations/request.h"
#include "plan/plan.h"

namespace runx::tools {

// Sentences may stand in both, and twice.
struct OpenBoardRefusals {
  plan::Refusals by_every_board;
  plan::Refusals by_some;
};

OpenBoardRefusals ask_open_boards(annotations::AcceleratorRequest request, const plan::ImageFacts& image);

}  // namespace runx::tools
