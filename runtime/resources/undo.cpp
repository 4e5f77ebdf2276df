// SPDX-License-Identifier: Apache-2.0
#include "runtime/resources/undo.h"

#include <algorithm>

namespace runx::resources {
namespace {

using base::Result;
using base::Status;

class Undo {
 public:
  Undo(base::Host& host, const std::string& path, const Journal& journal, const MachineKinds& kinds)
      : host_(host), path_(path), journal_(journal), kinds_(kinds), pure_(pure_halves(kinds)) {}

  Status run() {
    if (auto cut = cut_torn(host_, path_, journal_); !cut) return cut;
    for (auto number = journal_.records.size(); number-- > 0;) {
      if (journal_.released.contains(number)) continue;
      if (auto done = give_back(number); !done) return done;
    }
    return {};
  }

 private:
  Status give_back(std::size_t number) {
    const auto step = step_of(journal_.records[number], pure_);
    if (!step) return tl::unexpected(step.error());
    const auto claims = step->kind().claims(*step);
    auto done = claims.empty() ? release(number, *step) : release_held(number, *step, claims);
    return done ? host_.append(path_, released_line(number)) : done;
  }

  Status release(std::size_t number, const plan::Step& step) {
    if (!journal_.acquired.contains(number)) return {};
    const auto& kind = machine_half(kinds_, step);
    if (auto released = kind.release(host_, journal_.container, step); !released) return released;
    return kind.remove_files(host_, journal_.container, step);
  }

  Status release_held(std::size_t number, const plan::Step& step, const std::vector<std::string>& claims) {
    auto ledger = Ledger::lock(host_);
    if (!ledger) return tl::unexpected(ledger.error());
    const auto held = holds_all(*ledger, claims);
    if (!held) return tl::unexpected(held.error());
    if (*held) {
      if (auto released = release(number, step); !released) return released;
    } else if (journal_.acquired.contains(number)) {
      const auto& kind = machine_half(kinds_, step);
      if (auto removed = kind.remove_files(host_, journal_.container, step); !removed) return removed;
    }
    for (const auto& claim : claims) {
      if (auto released = ledger->release(claim, journal_.container.owner); !released) return released;
    }
    return {};
  }

  // Without one of them the hardware was never acquired, or was released already.
  Result<bool> holds_all(Ledger& ledger, const std::vector<std::string>& claims) {
    for (const auto& claim : claims) {
      auto held = ledger.holds(claim, journal_.container.owner);
      if (!held || !*held) return held;
    }
    return true;
  }

  base::Host& host_;
  const std::string& path_;
  const Journal& journal_;
  const MachineKinds& kinds_;
  plan::Kinds pure_;
};

}  // namespace

Status undo(base::Host& host, const std::string& path, const Journal& journal, const MachineKinds& kinds) {
  const auto undone = Undo(host, path, journal, kinds).run();
  if (!undone) return base::context(undone.error(), "cannot give everything back");
  return {};
}

}  // namespace runx::resources
