// SPDX-License-Identifier: Apache-2.0
#pragma once

// From the plan's domain to xl's configuration: the part that does not depend on the container, so that a desk sees
// what the board will write. Pure.

#include "plan/domain_kind.h"
#include "xen/config.h"

namespace runx::xen {

// Without name, uuid, ramdisk and device tree, which are the container's.
DomainConfig domain_config(const plan::DomainStep& domain);

}  // namespace runx::xen
