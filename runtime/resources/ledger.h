// SPDX-License-Identifier: Apache-2.0
#pragma once

// The ledger of the machine: which container holds which region and device. One file a claim below
// /run/runx-accel/claims, made with link(2), so of two containers that ask at the same time one gets it. It is one
// ledger for all values of --root: the hardware does not care which engine asks.

#include <map>
#include <string>

#include "base/host.h"

namespace runx::resources {

inline constexpr const char* claims_directory = "/run/runx-accel/claims";
inline constexpr const char* ledger_lock = "/run/runx-accel/ledger.lock";

struct Owner {
  std::string root;  // --root of the runtime
  std::string id;    // of the container
  bool operator==(const Owner&) const = default;
};

// Whoever looks at the ledger and then takes from it holds this meanwhile; let go with the descriptor.
base::Result<base::Fd> lock_ledger(base::Host& host);

// Taking what one holds already is fine. device_or_resource_busy names the holder.
base::Status take_claim(base::Host& host, const std::string& claim, const Owner& owner);

// Giving back what one does not hold (any more) is fine. Takes the lock by itself: not for who holds it already.
base::Status release_claim(base::Host& host, const std::string& claim, const Owner& owner);

// Every claim that is held, with its container.
base::Result<std::map<std::string, Owner>> holders(base::Host& host);

}  // namespace runx::resources
