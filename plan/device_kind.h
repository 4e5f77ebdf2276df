// SPDX-License-Identifier: Apache-2.0
#pragma once

// A platform device of the host as a resource: claimed, so that no other container is given it or a part of it. The
// domain's step passes it through.

#include <string>

#include "plan/kind.h"

namespace runx::plan {

struct DeviceStep {
  std::string node;  // path in the boot tree
};

const Kind& device_kind();

}  // namespace runx::plan
