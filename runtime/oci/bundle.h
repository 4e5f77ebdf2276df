// SPDX-License-Identifier: Apache-2.0
#pragma once

// An OCI bundle: config.json, read once. What a domain can honour becomes a value; what it cannot is an error and no
// container (runtime-spec, runtime.md, "create": a property that cannot be applied). docs/config-json.md says of
// every property what becomes of it.

#include <string>

#include "annotations/request.h"
#include "base/host.h"
#include "guest/process.h"
#include "runtime/oci/vm.h"

namespace runx::oci {

inline constexpr const char* version = "1.3.0";  // of the runtime-spec that this program follows

struct Bundle {
  std::string path;    // absolute
  std::string rootfs;  // absolute
  std::string config;  // the text of config.json: later changes of the file have no effect
  guest::GuestProcess process;
  annotations::Annotations annotations;  // of config.json, as they stand there
  VmSection vm;                          // the annotations win over it
};

base::Result<Bundle> read_bundle(base::Host& host, const std::string& path);

// Pure: the text of config.json, `path` being the bundle's.
base::Result<Bundle> parse_config(std::string text, const std::string& path);

}  // namespace runx::oci
