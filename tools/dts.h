// SPDX-License-Identifier: Apache-2.0
#pragma once

// A device tree as source text, as people know it from dtc. For reading: values are shown as strings or cells by what
// they look like, because a flattened tree does not say which they are.

#include <string>

#include "devtree/node.h"

namespace runx::tools {

std::string dts_text(const devtree::Tree& tree);

}  // namespace runx::tools
