// SPDX-License-Identifier: Apache-2.0
#pragma once

// The `vm` section of config.json (runtime-spec, config-vm.md). It comes from whoever runs the container, and stands
// below the annotations of config.json and above the image's. The pages, interrupts and IOMMU masters that it asks for
// are a request like every other: runtime/hardware.h finds out which devices they are. Everything else is the board
// owner's to say, and is refused by name.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace runx::oci {

// Machine pages of 4 KiB, and where the guest wants them.
struct IoMems {
  std::uint64_t first_mfn = 0;
  std::uint64_t count = 0;                                // at least 1; first_mfn + count is at most 2^36
  std::optional<std::uint64_t> first_gfn = std::nullopt;  // nothing: wherever they fit, by preference at first_mfn
  bool operator==(const IoMems&) const = default;
};

// vm.hwConfig, as far as it names hardware.
struct HardwareRequest {
  std::vector<IoMems> iomems = {};
  std::vector<std::uint32_t> irqs = {};  // GIC numbers: SPI + 32
  std::vector<std::string> dtdevs = {};  // absolute paths; the specification's example has them without the first "/"
  bool empty() const { return iomems.empty() && irqs.empty() && dtdevs.empty(); }
};

struct VmSection {
  std::optional<unsigned> vcpus = std::nullopt;        // 1..128
  std::optional<std::uint64_t> memory = std::nullopt;  // bytes, a multiple of 1 MiB, at most 1 TiB
  HardwareRequest hardware = {};
};

// `config` is the whole of config.json. Errors: invalid_argument, naming the property.
base::Result<VmSection> read_vm(const nlohmann::json& config);

}  // namespace runx::oci
