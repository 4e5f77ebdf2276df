// SPDX-License-Identifier: Apache-2.0
#pragma once

// The hardware that vm.hwConfig of config.json asks for by page and interrupt (runtime/oci/vm.h), as devices. A
// request is not a grant: what is given is what an annotation `device.NAME.path` would give, by the same policy,
// claims and derivation. So pages and interrupts have to be those of whole devices that the boot tree marks.

#include "annotations/request.h"
#include "devtree/node.h"
#include "plan/board.h"
#include "runtime/oci/vm.h"

namespace runx::runtime {

// The annotations that ask for the devices. Errors, each naming the entry: not_supported or operation_not_permitted
// for what is no marked device's, for a part of one, and for what stands in a region.
base::Result<annotations::Annotations> device_annotations(const oci::HardwareRequest& hardware,
                                                          const devtree::Tree& boot_tree, const plan::Board& board);

}  // namespace runx::runtime
