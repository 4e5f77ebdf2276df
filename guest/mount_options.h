// SPDX-License-Identifier: Apache-2.0
#pragma once

// The options of a mount in config.json: those that are flags of mount(2), and the rest, which the file system reads.

#include <string>
#include <vector>

namespace runx::guest {

struct MountOptions {
  unsigned long flags = 0;
  std::string data;
};
MountOptions parse_mount_options(const std::vector<std::string>& options);

// The names that parse_mount_options knows: what `features` reports.
std::vector<std::string> mount_option_names();

}  // namespace runx::guest
