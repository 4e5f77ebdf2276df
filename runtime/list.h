// SPDX-License-Identifier: Apache-2.0
#pragma once

// What there is, for operators and schedulers: the containers of one root, and the resources of the machine with who
// holds them.

#include <string>

#include "runtime/container.h"

namespace runx::runtime {

enum class ListFormat { table, json, ids };

// The containers of `caller.root`; ids: one a line. A container that cannot be read is left out with a warning.
base::Result<std::string> list_containers(const Caller& caller, ListFormat format);

// The regions of the board file with what they hold, and the devices that the boot tree marks; each with its holder, of
// whatever root. Errors: of the board file and of the boot tree.
base::Result<std::string> list_resources(const Caller& caller, ListFormat format);

}  // namespace runx::runtime
