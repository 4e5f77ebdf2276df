// SPDX-License-Identifier: Apache-2.0
#include "plan/kinds.h"

#include <algorithm>

#include "plan/device_kind.h"
#include "plan/domain_kind.h"
#include "plan/region_kind.h"

namespace runx::plan {

const Kinds& kinds() {
  static const Kinds table{&region_kind(), &device_kind(), &domain_kind()};
  return table;
}

const Kind* find_kind(const Kinds& kinds, std::string_view name) {
  const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const Kind* kind) { return kind->name() == name; });
  return found == kinds.end() ? nullptr : *found;
}

}  // namespace runx::plan
