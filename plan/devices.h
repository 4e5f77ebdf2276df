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

// Why the node at `path` is not given, whatever it is: the policy, and those who hold it or a part of it.
Refusals not_given(const std::string& path, const HostFacts& host);

// `guest_memory` in bytes: the guest's address map depends on it.
ChosenDevices choose_devices(const annotations::AcceleratorRequest& request, const HostFacts& host,
                             std::uint64_t guest_memory, const Fabric& fabric = {});

// The path of the node that a device request means. Errors: as of devtree::Tree::resolve().
base::Result<std::string> node_of(const annotations::DeviceRequest& device, const devtree::Tree& tree);

}  // namespace runx::plan
