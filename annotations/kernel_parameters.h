// SPDX-License-Identifier: Apache-2.0
#pragma once

// Kernel parameters that belong to the runtime: with one of them a guest leaves what the runtime put around the
// program (its init, its user, the read-only root) or what the runtime listens to (its console, its end). An image may
// not set them, and whoever runs it only where the host's policy says so (spec/host.md, kernelParameters).

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace runx::annotations {

// As the kernel's Documentation/admin-guide/kernel-parameters.rst spells them. A row that ends in `*` is every
// parameter with this beginning.
std::span<const std::string_view> runtime_parameters();

// The first row of the table that the command line sets, without its `*`; nothing: none. As the kernel reads it
// (lib/cmdline.c, next_arg(); kernel/params.c, parameq()): parameters stand between spaces, `-` and `_` are the same in
// a name, and upper case is another name. The command line has no quotes (is_command_line()).
std::optional<std::string_view> runtime_parameter_in(std::string_view command_line);

}  // namespace runx::annotations
