// SPDX-License-Identifier: Apache-2.0
#pragma once

// From the plan's domain to xl's configuration: the part that does not depend on the container, so that a desk sees
// what the board will write. Pure.

#include "runtime/plan/plan.h"
#include "runtime/xen/config.h"

namespace runx::runtime {

// Without name, uuid, ramdisk and device tree, which are the container's.
xen::DomainConfig domain_config(const plan::DomainStep& domain);

}  // namespace runx::runtime
