// SPDX-License-Identifier: Apache-2.0
#include "runtime/resources/resource.h"

#include "runtime/resources/bitstream.h"
#include "xen/xl.h"

namespace runx::resources {

using base::Status;

Record claim_record(const std::string& claim) { return {"claim", {{"claim", claim}}}; }

Status acquire_claim(base::Host& host, const Record& record, const Owner& owner) {
  return take_claim(host, field(record, "claim"), owner);
}

Record domain_record(const xen::DomainConfig& config) {
  return {"domain", {{"name", config.name}, {"uuid", config.uuid}}};
}

base::Result<unsigned> acquire_domain(base::Host& host, const Record& record, const std::string& config_file) {
  return xen::create_paused(host, config_file, field(record, "uuid"));
}

Status release(base::Host& host, const Record& record, const Owner& owner) {
  if (record.kind == "claim") return release_claim(host, field(record, "claim"), owner);
  if (record.kind == "bitstream") return release_bitstream(host, record);
  if (record.kind == "domain") return xen::destroy(host, field(record, "uuid"));
  return base::fail(std::errc::not_supported, "the journal has a record of kind \"", record.kind,
                    "\", which this version cannot give back: delete the container with the version that made it");
}

Status undo(base::Host& host, const Journal& journal, const Owner& owner) {
  for (auto record = journal.records.rbegin(); record != journal.records.rend(); ++record) {
    const auto released = release(host, *record, owner);
    if (!released) return base::context(released.error(), "cannot give everything back");
  }
  return {};
}

}  // namespace runx::resources
