// SPDX-License-Identifier: Apache-2.0
#pragma once

// The Xen domain as a resource of the machine: created paused by `xl`, from files in the container's directory, and
// destroyed by its UUID.

#include "runtime/resources/kind.h"

namespace runx::resources {

const MachineKind& domain_resource();

}  // namespace runx::resources
