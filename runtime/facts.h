// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads from the machine what the plan needs to know of it; touches nothing.

#include "annotations/request.h"
#include "base/host.h"
#include "runtime/plan/plan.h"

namespace runx::runtime {

base::Result<plan::HostFacts> read_host_facts(base::Host& host, const annotations::AcceleratorRequest& request);

}  // namespace runx::runtime
