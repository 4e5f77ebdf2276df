// SPDX-License-Identifier: Apache-2.0
#include "runtime/resources/resource.h"

#include "fpga/manager.h"
#include "runtime/xen/xl.h"

namespace runx::resources {
namespace {

using base::Status;

constexpr const char* firmware_directory = "runx-accel";  // below /lib/firmware

std::string firmware_directory_path() { return fpga::firmware_path(firmware_directory); }

const std::string& field(const Record& record, const char* key) {
  static const std::string nothing;
  const auto found = record.fields.find(key);
  return found == record.fields.end() ? nothing : found->second;
}

// The fabric keeps the design: nothing in the kernel clears it (drivers/fpga/of-fpga-region.c).
Status release_bitstream(base::Host& host, const Record& record) {
  const auto manager = fpga::find_manager(host, field(record, "manager"));
  if (manager) {
    if (auto reset = fpga::reset_flags(host, *manager); !reset) return reset;
  } else if (manager.error().code != std::errc::no_such_device &&
             manager.error().code != std::errc::function_not_supported) {
    return tl::unexpected(manager.error());  // one that is gone, or never could load, has no flags of ours
  }
  const auto firmware = fpga::firmware_path(field(record, "firmware"));
  if (auto removed = host.remove_temporaries(firmware); !removed) return removed;
  if (auto removed = host.remove(firmware); !removed) return removed;
  auto removed = host.remove(firmware_directory_path());
  if (!removed && removed.error().code == std::errc::directory_not_empty) return {};
  return removed;
}

}  // namespace

Record claim_record(const std::string& claim) { return {"claim", {{"claim", claim}}}; }

Status acquire_claim(base::Host& host, const Record& record, const Owner& owner) {
  return take_claim(host, field(record, "claim"), owner);
}

Record bitstream_record(const plan::BitstreamStep& step, const std::string& key) {
  return {"bitstream",
          {{"region", step.region},
           {"manager", step.manager},
           {"digest", step.payload_digest},
           {"firmware", base::text(firmware_directory, "/", key, "-", step.region, ".bin")}}};
}

Status acquire_bitstream(base::Host& host, const Record& record, const std::string& image) {
  const auto& region = field(record, "region");
  const auto manager = fpga::find_manager(host, field(record, "manager"));
  if (!manager) return base::context(manager.error(), "region ", region);
  const auto path = fpga::firmware_path(field(record, "firmware"));
  // Again, because a container that is being given back removes the directory when it is empty.
  for (int attempts_left = 2;; --attempts_left) {
    if (auto made = host.make_directories(firmware_directory_path()); !made) return made;
    auto written = host.write(path, image);
    if (written) break;
    if (attempts_left == 0 || written.error().code != std::errc::no_such_file_or_directory) return written;
  }
  const auto programmed = fpga::program(host, *manager, field(record, "firmware"), fpga::flag_partial);
  if (!programmed) return base::context(programmed.error(), "region ", region);
  return {};
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
