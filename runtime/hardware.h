// SPDX-License-Identifier: Apache-2.0
#pragma once

// The `vm` section of config.json (runtime/oci/vm.h) as a part of the request. The hardware that it asks for by page
// and interrupt becomes devices. A request is not a grant: what is given is what an annotation `device.NAME.path` would
// give, by the same policy, claims and derivation. So pages and interrupts have to be those of whole devices that the
// boot tree marks.

#include <vector>

#include "annotations/request.h"
#include "devtree/blob.h"
#include "devtree/node.h"
#include "plan/board.h"
#include "runtime/oci/vm.h"

namespace runx::runtime {

// The devices, by path and as required ones, called hwconfig-0, hwconfig-1 and so on. Errors, each naming the entry:
// operation_not_permitted for what is no marked device's, for a part of one, and for what stands in a region.
base::Result<std::vector<annotations::DeviceRequest>> requested_devices(const oci::HardwareRequest& hardware,
                                                                        const devtree::Tree& boot_tree,
                                                                        const plan::Board& board);

// Lays the section over `request`, which was read from the image and from `run_time`, the annotations of config.json:
// its memory and vcpus win over the image's and yield to those of `run_time`. Its devices are added, under names that
// `request` does not have; invalid_argument where `request` asks for one of their nodes too. Without devices nothing is
// asked of `boot_tree`, which may be empty then.
base::Status apply_vm(const oci::VmSection& vm, const annotations::Annotations& run_time,
                      const devtree::Blob& boot_tree, const plan::Board& board,
                      annotations::AcceleratorRequest& request);

}  // namespace runx::runtime
