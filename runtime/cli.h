// SPDX-License-Identifier: Apache-2.0
#pragma once

// The command line that containerd, podman and people call, the way runc is called.

#include <string>
#include <vector>

#include "base/host.h"

namespace runx::runtime {

// Runs one command and returns its exit code: 0, or 1 with the reason on standard error and in the log, or 2 for a
// usage error.
int run_cli(base::Host& host, const std::vector<std::string>& arguments);

}  // namespace runx::runtime
