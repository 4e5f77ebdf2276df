// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a container takes of the machine, one kind after the other: claims, bitstreams, the domain. For each there is
// a record that goes to the journal first, an acquire that does it, and one `release` for all that undoes what a
// record says. Names are chosen by us and deterministic, so that the record alone is enough to give back, and
// giving back twice (or what was never taken) is fine.

#include <string>

#include "base/host.h"
#include "runtime/resources/journal.h"
#include "runtime/resources/ledger.h"
#include "xen/config.h"

namespace runx::resources {

Record claim_record(const std::string& claim);
base::Status acquire_claim(base::Host& host, const Record& record, const Owner& owner);

Record domain_record(const xen::DomainConfig& config);
// Creates the domain, paused. Returns its domid.
base::Result<unsigned> acquire_domain(base::Host& host, const Record& record, const std::string& config_file);

base::Status release(base::Host& host, const Record& record, const Owner& owner);

// Releases all that the journal lists, newest first. Stops at the first failure: what is older stays held, because a
// region or device must not be given to another container while a domain that owns it may still live.
base::Status undo(base::Host& host, const Journal& journal, const Owner& owner);

}  // namespace runx::resources
