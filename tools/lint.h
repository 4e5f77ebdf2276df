// SPDX-License-Identifier: Apache-2.0
#pragma once

// Everything that can be wrong with an image and can be known without a board. Each finding is one sentence. An error
// is what an engine, or the runtime on every board, will refuse; a warning is what only some boards refuse, or what
// somebody will regret. What the runtime refuses is asked of its own planner, with a board that has whatever the image
// asks for.

#include <string>
#include <vector>

#include "tools/oci/layout.h"

namespace runx::tools {

struct Finding {
  bool error = true;
  std::string what;
};

std::vector<Finding> lint_image(oci::Layout& layout, const oci::Image& image);

}  // namespace runx::tools
