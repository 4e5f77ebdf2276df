// SPDX-License-Identifier: Apache-2.0
#pragma once

// The machine half of a kind of resource (plan/kind.h has the pure half): how the machine is looked at, how a step is
// acquired, how it is given back, and what people are shown of it. A new kind is a file here and a row in kinds.cpp.
//
// The order of things, which undo.h and create.cpp keep for all kinds: a step's record is written down, its claims are
// taken, a note says that acquiring begins, it is acquired. Back: released, the claims released, a note.

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/host.h"
#include "plan/image.h"
#include "plan/kind.h"
#include "runtime/resources/journal.h"

namespace runx::resources {

// What an acquisition may use, and leaves for those after it.
struct Acquisition {
  base::Host& host;
  const Container& container;
  const std::string& directory;        // of the container's state
  const plan::Bitstreams& bitstreams;  // of the image
  const bitstream::Parts& parts;       // that they were read with
  unsigned domid = 0;                  // set once there is a domain
};

// A resource of the machine, as `list --resources` shows it.
struct InventoryItem {
  std::string claim;    // "region pr0"
  std::string content;  // what it holds, for people; "-" where that means nothing
  nlohmann::json entry;
};

struct Inventory {
  std::string section;  // of the JSON output: "regions"; empty: this kind has none
  std::vector<InventoryItem> items;
};

class MachineKind {
 public:
  MachineKind() = default;
  virtual ~MachineKind() = default;
  MachineKind(const MachineKind&) = delete;
  MachineKind& operator=(const MachineKind&) = delete;

  virtual const plan::Kind& pure() const = 0;

  // Puts into the facts what the pure half plans from: once before anything is written, and the part that other
  // containers change again under the ledger's lock.
  virtual base::Status look(base::Host& host, const annotations::AcceleratorRequest& request,
                            plan::HostFacts& facts) const;
  virtual base::Status look_again(base::Host& host, plan::HostFacts& facts) const;
  // Reads files of Dom0 that only some plans need, once it is known what may be in this one.
  virtual base::Status look_closer(base::Host& host, const plan::WorthReading& worth, const bitstream::Parts& parts,
                                   plan::HostFacts& facts) const;

  virtual base::Status acquire(Acquisition& with, const plan::Step& step) const;
  // Gives back what `acquire` took or began to take. Called only while the container holds the step's claims; giving
  // back twice is fine.
  virtual base::Status release(base::Host& host, const Container& container, const plan::Step& step) const;
  // Removes files that bear the container's own name, whoever holds the hardware by now. Comes after `release`.
  virtual base::Status remove_files(base::Host& host, const Container& container, const plan::Step& step) const;

  virtual base::Result<Inventory> inventory(base::Host& host, const plan::Board& board) const;
};

using MachineKinds = std::vector<const MachineKind*>;
const MachineKinds& machine_kinds();

// The pure halves of the table.
plan::Kinds pure_halves(const MachineKinds& kinds);

// The machine half of a step's kind, which the table has: another one is a broken invariant.
const MachineKind& machine_half(const MachineKinds& kinds, const plan::Step& step);

}  // namespace runx::resources
