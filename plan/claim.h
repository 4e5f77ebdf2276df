// SPDX-License-Identifier: Apache-2.0
#pragma once

// The names under which the ledger and the policy know what can be held: "region pr0", "device /axi/timer@ff110000".

#include <string>
#include <string_view>

namespace runx::plan {

inline constexpr std::string_view region_prefix = "region ";
inline constexpr std::string_view device_prefix = "device ";

inline std::string region_claim(const std::string& region) { return std::string(region_prefix) + region; }
inline std::string device_claim(const std::string& node) { return std::string(device_prefix) + node; }

}  // namespace runx::plan
