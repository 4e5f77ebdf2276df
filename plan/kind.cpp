// SPDX-License-Identifier: Apache-2.0
#include "plan/kind.h"

#include <nlohmann/json.hpp>

namespace runx::plan {

// What most kinds have nothing to say to.

base::Status Kind::read_board(const nlohmann::json& /*board*/, const std::string& /*name*/, Board& /*out*/) const {
  return {};
}

void Kind::preview(Planning& /*planning*/, WorthReading& /*worth*/) const {}
bool Kind::needs_boot_tree(const annotations::AcceleratorRequest& /*request*/) const { return false; }
std::vector<std::string> Kind::claims(const Step& /*step*/) const { return {}; }
std::vector<std::string> Kind::create_text(const Step& /*step*/) const { return {}; }
std::vector<std::string> Kind::release_text(const Step& /*step*/) const { return {}; }
nlohmann::json Kind::describe(const Step& step) const { return record(step); }

}  // namespace runx::plan
