// SPDX-License-Identifier: Apache-2.0
#pragma once

// The table of the kinds of resources (kind.h), as a value that is handed to whatever loops over it.

#include <string_view>
#include <vector>

namespace runx::plan {

class Kind;

// In the order of planning: a later kind finds what an earlier one has put into the Planning.
using Kinds = std::vector<const Kind*>;
const Kinds& kinds();

// nullptr: there is no such kind.
const Kind* find_kind(const Kinds& kinds, std::string_view name);

}  // namespace runx::plan
