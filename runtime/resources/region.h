// SPDX-License-Identifier: Apache-2.0
#pragma once

// A region of the fabric as a resource of the machine: programmed with the image's bitstream, and given back, which
// leaves the design where it is (the next container may want the same) unless the board's owner named a blank one.

#include "runtime/resources/kind.h"

namespace runx::resources {

const MachineKind& region_resource();

}  // namespace runx::resources
