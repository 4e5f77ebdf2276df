// SPDX-License-Identifier: Apache-2.0
#include "annotations/area.h"

namespace runx::annotations {

Annotations emit(const AcceleratorRequest& request) {
  Annotations out;
  for (const auto* area : areas()) area->write(*area, request, out);
  return out;
}

}  // namespace runx::annotations
