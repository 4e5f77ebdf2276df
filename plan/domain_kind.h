// SPDX-License-Identifier: Apache-2.0
#pragma once

// The Xen domain that the container is. It is nobody else's, so it is not claimed: its UUID is the container's.

#include <cstdint>
#include <string>
#include <vector>

#include "devtree/passthrough.h"
#include "plan/kind.h"

namespace runx::plan {

struct DomainStep {
  std::uint64_t memory = 0;  // bytes, a multiple of 1 MiB
  unsigned vcpus = 1;
  std::string kernel = {};
  std::string command_line = {};
  std::vector<std::string> nodes = {};    // of the host, given to the guest
  std::vector<std::string> fabric = {};   // of the images' overlays, given to the guest with their regions
  devtree::Passthrough passthrough = {};  // tree empty when no node is given. The journal has no need of it
};

// What the domain of this request has: what it asks for, or what the image needs at least. In bytes.
std::uint64_t domain_memory(const annotations::AcceleratorRequest& request, const ImageFacts& image);

const Kind& domain_kind();

}  // namespace runx::plan
