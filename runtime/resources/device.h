// SPDX-License-Identifier: Apache-2.0
#pragma once

// A platform device as a resource of the machine: its claim is all that is acquired. The domain passes it through.

#include "runtime/resources/kind.h"

namespace runx::resources {

const MachineKind& device_resource();

}  // namespace runx::resources
