// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether this machine's Xen takes device tree overlays while it runs (`xl dt-overlay`). Most do not: it is switched on
// when the hypervisor is built (CONFIG_OVERLAY_DTB), and neither xl's help nor `xl info` tell. So it is asked to remove
// an overlay that nobody has added: Dom0's own tree. Xen answers that it does not know that one, or that it knows no
// overlays; nothing changes either way. Facts: xen/common/dt-overlay.c, tools/xl/xl_vmcontrol.c.
//
// Nothing is built on a "yes" (docs/decisions/0009): `runx-accel features` shows it to people.

#include "base/host.h"

namespace runx::xen {

enum class DtOverlay {
  yes,
  off,      // the hypervisor was built without
  no_xl,    // there is no xl, or it does not know the command
  unknown,  // none of the answers that are known
};

DtOverlay probe_dt_overlay(base::Host& host);

// "yes", "off", "no-xl", "unknown".
const char* word(DtOverlay answer);

}  // namespace runx::xen
