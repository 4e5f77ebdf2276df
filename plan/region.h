// SPDX-License-Identifier: Apache-2.0
#pragma once

// One region of the board file, read strictly (spec/host.md, "A region").

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "plan/board.h"

namespace runx::plan {

// `where` is what errors call it: "board.json: region 1".
base::Result<Region> parse_region(const nlohmann::json& value, const std::string& where);

}  // namespace runx::plan
