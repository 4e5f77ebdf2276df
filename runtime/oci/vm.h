// SPDX-License-Identifier: Apache-2.0
#pragma once

// The `vm` section of config.json (runtime-spec, config-vm.md). It comes from whoever runs the container. How many
// virtual CPUs and how much memory it says is lowered into annotations, which stand below those of config.json and
// above the image's. Everything else in it is the board owner's to say, and is refused by name.

#include <nlohmann/json_fwd.hpp>

#include "annotations/request.h"
#include "base/result.h"

namespace runx::oci {

// `config` is the whole of config.json. Errors: invalid_argument, naming the property.
base::Result<annotations::Annotations> read_vm(const nlohmann::json& config);

}  // namespace runx::oci
