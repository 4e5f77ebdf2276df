// SPDX-License-Identifier: Apache-2.0
#pragma once

// Device tree overlays through configfs, which only the vendors' kernels have (drivers/of/configfs.c): a directory
// /sys/kernel/config/device-tree/overlays/NAME is made, the name of a blob below /lib/firmware is written to its
// `path`, and the overlay is in the live tree. Removing the directory removes the overlay.
//
// The surprises, and what is done about them:
// - a write to `path` that failed reports success: `path` reads empty then, and `status` says `unapplied`. Both are
//   read back. The errno is in the kernel's log alone (kmsg.h).
// - `path` can be set once; another write gives EPERM. A directory that is there already is not written to.
// - rmdir forgets whether the overlay could be removed. Whoever removes one looks at the live tree afterwards
//   (region_overlay.h does); one that stayed can be removed by nothing but a boot.
// - an overlay below which another one stands is not removed (of_overlay_remove: EBUSY, which rmdir forgets): newest
//   first, always.
// - old tools mount configfs at /configfs: both places are looked at.

#include <string>

#include "base/host.h"
#include "base/result.h"

namespace runx::fpga {

// The directory in which overlays are made. function_not_supported when there is none.
base::Result<std::string> find_overlays(base::Host& host);

// Applies /lib/firmware/`file` as the overlay `name`: [A-Za-z0-9._-], at most 64 of them, not beginning with a dot.
// An overlay that failed leaves nothing. Errors: file_exists when there is an overlay of that name; else the kernel's
// errno where its log has one (io_error where not), and its words.
base::Status apply_overlay(base::Host& host, const std::string& name, const std::string& file);

// Fine when there is none, also where there is no configfs.
base::Status remove_overlay(base::Host& host, const std::string& name);

// invalid_argument for a name that apply_overlay() would not take.
base::Status check_overlay_name(const std::string& name);

}  // namespace runx::fpga
