// SPDX-License-Identifier: Apache-2.0
#pragma once

// The commands below `accelkit image`, one file each.

#include "tools/commands.h"

namespace runx::tools {

void add_annotate(CLI::App& image, Chosen& chosen);
void add_attach(CLI::App& image, Chosen& chosen);
void add_lint(CLI::App& image, Chosen& chosen);
void add_show(CLI::App& image, Chosen& chosen);
void add_plan(CLI::App& image, Chosen& chosen);

inline constexpr const char* layout_help = "LAYOUT or LAYOUT:TAG; a directory, or a tar of one (oci-archive)";
inline constexpr const char* platform_help = "Only the image for OS/ARCHITECTURE, as linux/arm64";

}  // namespace runx::tools
