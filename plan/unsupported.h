// SPDX-License-Identifier: Apache-2.0
#pragma once

// Keys that the specification has and this version of the runtime cannot honour. They are refused by name: a request
// that is half honoured is worse than one that is not.

#include <string>
#include <vector>

#include "annotations/request.h"

namespace runx::plan {

// A sentence for each such key of `request`, without those of devices, which may be optional (devices.h).
std::vector<std::string> unsupported(const annotations::AcceleratorRequest& request);

// "io.runx-accel.KEY: this version of runx-accel WHAT: remove the key, or use a version that can"
std::string unsupported_sentence(const std::string& key, const std::string& what);

// Whether this version reads bitstreams of the format that the request names; those of others are refused by their key
// and not read.
bool reads_format(const annotations::BitstreamRequest& request);

}  // namespace runx::plan
