// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which of the requested devices are given. A required one that cannot be is a refusal; an optional one is left out,
// with the reason.

#include "plan/plan.h"

namespace runx::plan {

struct ChosenDevices {
  std::vector<std::string> nodes;    // paths
  devtree::Passthrough passthrough;  // tree empty when no node is given
  std::vector<LeftOut> left_out;
  Refusals refusals;
};

// What the overlays of the image's bitstreams bring (overlays.h).
struct Fabric {
  devtree::Blob tree;              // the boot tree with the overlays' nodes; without bytes: there are none
  std::vector<std::string> nodes;  // of `tree`, given to the guest; their regions are the container's
  devtree::ClockRates clock_rates;
};

// Why the node at `path` is not given, whatever it is: the policy, and those who hold it or a part of it.
Refusals not_given(const std::string& path, const HostFacts& host);

// `guest_memory` in bytes: the guest's address map depends on it.
ChosenDevices choose_devices(const annotations::AcceleratorRequest& request, const HostFacts& host,
                             std::uint64_t guest_memory, const Fabric& fabric = {});

}  // namespace runx::plan
