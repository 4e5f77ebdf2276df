// SPDX-License-Identifier: Apache-2.0
#pragma once

// The ledger of the machine: which container holds which region and device. One file a claim below
// /run/runx-accel/claims, made with link(2), so of two containers that ask at the same time one gets it. It is one
// ledger for all values of --root: the hardware does not care which engine asks.

#include <chrono>
#include <map>
#include <string>

#include "base/host.h"

namespace runx::resources {

inline constexpr const char* claims_directory = "/run/runx-accel/claims";
inline constexpr const char* ledger_lock = "/run/runx-accel/ledger.lock";
// Whoever gives a region back holds it while the FPGA is programmed, which may wait for another load in its turn.
inline constexpr std::chrono::milliseconds ledger_limit{900'000};

// A container as the ledger knows it. The generation tells it from earlier and later ones of the same root and id.
struct Owner {
  std::string root;        // --root of the runtime
  std::string id;          // of the container
  std::string generation;  // 16 hexadecimal digits
  bool operator==(const Owner&) const = default;
};

// A generation that nobody has had: from the kernel's random numbers.
base::Result<std::string> new_generation();

// The ledger, locked for as long as the value lives: what somebody found in it stays true until they have acted on it.
class Ledger {
 public:
  static base::Result<Ledger> lock(base::Host& host);

  // Taking what one holds already is fine. device_or_resource_busy names the holder.
  base::Status take(const std::string& claim, const Owner& owner);
  base::Result<bool> holds(const std::string& claim, const Owner& owner);
  // Giving back what one does not hold (any more) is fine.
  base::Status release(const std::string& claim, const Owner& owner);

 private:
  Ledger(base::Host& host, base::Fd lock) : host_(&host), lock_(std::move(lock)) {}
  base::Host* host_;
  base::Fd lock_;
};

// Every claim that is held, with its container. Needs no lock to look.
base::Result<std::map<std::string, Owner>> holders(base::Host& host);

}  // namespace runx::resources
