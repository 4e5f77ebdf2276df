// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>

#include "runtime/resources/device.h"
#include "runtime/resources/domain.h"
#include "runtime/resources/kind.h"
#include "runtime/resources/region.h"

namespace runx::resources {

const MachineKinds& machine_kinds() {
  static const MachineKinds table{&region_resource(), &device_resource(), &domain_resource()};
  return table;
}

plan::Kinds pure_halves(const MachineKinds& kinds) {
  plan::Kinds out;
  for (const auto* kind : kinds) out.push_back(&kind->pure());
  return out;
}

const MachineKind& machine_half(const MachineKinds& kinds, const plan::Step& step) {
  const auto found =
      std::find_if(kinds.begin(), kinds.end(), [&](const MachineKind* kind) { return &kind->pure() == &step.kind(); });
  if (found == kinds.end()) std::abort();
  return **found;
}

// What most kinds have nothing to do for.

base::Status MachineKind::look(base::Host& /*host*/, const annotations::AcceleratorRequest& /*request*/,
                               plan::HostFacts& /*facts*/) const {
  return {};
}
base::Status MachineKind::look_again(base::Host& /*host*/, plan::HostFacts& /*facts*/) const { return {}; }
base::Status MachineKind::look_closer(base::Host& /*host*/, const plan::WorthReading& /*worth*/,
                                      const bitstream::Parts& /*parts*/, plan::HostFacts& /*facts*/) const {
  return {};
}
base::Status MachineKind::acquire(Acquisition& /*with*/, const plan::Step& /*step*/) const { return {}; }
base::Status MachineKind::release(base::Host& /*host*/, const Container& /*container*/,
                                  const plan::Step& /*step*/) const {
  return {};
}
base::Status MachineKind::remove_files(base::Host& /*host*/, const Container& /*container*/,
                                       const plan::Step& /*step*/) const {
  return {};
}
base::Result<Inventory> MachineKind::inventory(base::Host& /*host*/, const plan::Board& /*board*/) const {
  return Inventory{};
}

}  // namespace runx::resources
