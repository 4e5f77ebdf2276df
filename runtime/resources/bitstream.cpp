// SPDX-License-Identifier: Apache-2.0
#include "runtime/resources/bitstream.h"

#include <algorithm>
#include <vector>

#include <fcntl.h>

#include "fpga/manager.h"
#include "fpga/overlay.h"
#include "fpga/region_overlay.h"
#include "fpga/xrt.h"
#include "plan/image.h"
#include "runtime/resources/contents.h"

namespace runx::resources {
namespace {

using base::Status;

constexpr const char* firmware_directory = "runx-accel";  // below /lib/firmware

bool is_set(const Record& record, const char* key) { return field(record, key) == "yes"; }

std::vector<std::string> regions_of(const Record& record) {
  std::vector<std::string> out;
  const auto& all = field(record, "regions");
  for (std::size_t at = 0; at < all.size();) {
    const auto end = std::min(all.find(' ', at), all.size());
    out.push_back(all.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

template <class Write>
Status write_firmware(base::Host& host, const Write& write) {
  // Again, because a container that is being given back removes the directory when it is empty.
  for (int attempts_left = 2;; --attempts_left) {
    if (auto made = host.make_directories(fpga::firmware_path(firmware_directory)); !made) return made;
    auto written = write();
    if (written || attempts_left == 0 || written.error().code != std::errc::no_such_file_or_directory) return written;
  }
}

Status remove_firmware(base::Host& host, const std::string& name) {
  const auto path = fpga::firmware_path(name);
  if (auto removed = host.remove_temporaries(path); !removed) return removed;
  if (auto removed = host.remove(path); !removed) return removed;
  auto removed = host.remove(fpga::firmware_path(firmware_directory));
  if (!removed && removed.error().code == std::errc::directory_not_empty) return {};
  return removed;
}

fpga::RegionLoad region_load(const Record& record) {
  return {field(record, "node"), field(record, "firmware"), field(record, "overlay"), field(record, "bridge")};
}

enum class Bridges { off_meanwhile, off_already };

Status program(base::Host& host, const Record& record, const fpga::Manager& manager, base::Bytes dom0,
               Bridges bridges) {
  const auto flags = is_set(record, "full") ? fpga::Flags{0} : fpga::flag_partial;
  if (bridges == Bridges::off_meanwhile && !field(record, "node").empty()) {
    return fpga::program_region(host, manager, region_load(record), flags, dom0);
  }
  return fpga::program(host, manager, field(record, "firmware"), flags);
}

Status load_firmware(base::Host& host, const Record& record, const Load& what, Bridges bridges) {
  const auto manager = fpga::find_manager(host, field(record, "manager"));
  if (!manager) return tl::unexpected(manager.error());
  const auto& firmware = field(record, "firmware");
  const auto copy = [&] { return copy_payload(what.payload, host, fpga::firmware_path(firmware)); };
  if (auto written = write_firmware(host, copy); !written) return written;
  if (auto programmed = program(host, record, *manager, what.dom0, bridges); !programmed) return programmed;
  // The kernel has read it; it would only cost Dom0's memory.
  return remove_firmware(host, firmware);
}

std::string overlay_file(const Record& record) { return field(record, "firmware") + ".dtbo"; }

// For a region that has no node: what an image's overlay has for Dom0 stands by itself.
Status add_overlay(base::Host& host, const Record& record, base::Bytes dom0) {
  const auto file = overlay_file(record);
  const auto write = [&] { return host.write(fpga::firmware_path(file), base::text_of(dom0)); };
  if (auto written = write_firmware(host, write); !written) return written;
  if (auto applied = fpga::apply_overlay(host, field(record, "overlay"), file); !applied) return applied;
  return remove_firmware(host, file);
}

Status release_overlay(base::Host& host, const Record& record) {
  if (!field(record, "node").empty()) return fpga::release_region(host, region_load(record));
  if (field(record, "overlay").empty()) return {};
  if (auto removed = fpga::remove_overlay(host, field(record, "overlay")); !removed) return removed;
  return remove_firmware(host, overlay_file(record));
}

// Nobody but root writes there, and it is no firmware.
constexpr const char* xclbin_directory = "/run/runx-accel/xrt";
std::string xclbin_path(const Record& record) {
  return base::text(xclbin_directory, "/", field(record, "xclbin"), ".xclbin");
}

Status remove_xclbin(base::Host& host, const Record& record) {
  if (auto removed = host.remove_temporaries(xclbin_path(record)); !removed) return removed;
  return host.remove(xclbin_path(record));
}

Status load_xclbin(base::Host& host, const Record& record, const Payload& payload) {
  if (auto made = host.make_directories(xclbin_directory); !made) return made;
  if (auto written = copy_file(payload, host, xclbin_path(record)); !written) return written;
  if (auto loaded = fpga::load_xclbin(host, xclbin_path(record), field(record, "uuid")); !loaded) return loaded;
  return remove_xclbin(host, record);
}

// Programs the record's regions, and says in the contents what they hold.
Status load(base::Host& host, const Record& record, const Load& what, const Content& content, Bridges bridges) {
  for (const auto& region : regions_of(record)) {
    if (auto forgotten = forget_content(host, region); !forgotten) return forgotten;
  }
  const bool by_xrt = bridges == Bridges::off_meanwhile && !field(record, "xclbin").empty();
  if (auto done = by_xrt ? load_xclbin(host, record, what.payload) : load_firmware(host, record, what, bridges);
      !done) {
    return done;
  }
  for (const auto& region : regions_of(record)) {
    if (auto written = write_content(host, region, content); !written) return written;
  }
  return {};
}

// Nothing where the region holds the blank already, or something that the record did not bring. The board file is read
// again: its owner may have built another blank meanwhile.
Status load_blank(base::Host& host, const Record& record) {
  if (field(record, "blank").empty()) return {};
  const auto name = regions_of(record).at(0);
  const auto contents = read_contents(host);
  if (!contents) return tl::unexpected(contents.error());
  const auto holds = contents->find(name);
  if (holds != contents->end() && holds->second.digest != field(record, "digest")) return {};
  const auto text = host.read(plan::board_path);
  if (!text) return tl::unexpected(text.error());
  const auto board = plan::parse_board(*text, plan::board_path);
  if (!board) return tl::unexpected(board.error());
  const auto region = std::find_if(board->regions.begin(), board->regions.end(),
                                   [&](const plan::Region& known) { return known.name == name; });
  if (region == board->regions.end() || region->blank.empty()) return {};
  const auto file = host.open(region->blank, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!file) return tl::unexpected(file.error());
  const auto facts = plan::read_blank(*region, *file);
  if (!facts) return base::fail(std::errc::invalid_argument, facts.error());
  return load(host, record, {{*file, *facts}}, {facts->payload_digest, region->blank, ""}, Bridges::off_already);
}

}  // namespace

Record bitstream_record(const plan::BitstreamStep& step, const std::string& key, const std::string& id) {
  std::string regions;
  for (const auto& region : step.regions) regions += (regions.empty() ? "" : " ") + region;
  Record record{"bitstream",
                {{"regions", regions},
                 {"manager", step.manager},
                 {"digest", step.payload_digest},
                 {"file", step.file},
                 {"container", id},
                 {"firmware", base::text(firmware_directory, "/", key, "-", step.full ? "full" : regions, ".bin")}}};
  if (step.full) record.fields["full"] = "yes";
  if (!step.xclbin_uuid.empty()) {
    record.fields["xclbin"] = key + "-" + regions;
    record.fields["uuid"] = step.xclbin_uuid;
  }
  if (!step.node.empty()) {
    record.fields["node"] = step.node;
    record.fields["bridge"] = step.bridge;
  }
  // The region is the container's alone while there is an overlay.
  if (!step.node.empty() || step.dom0.has_tree()) record.fields["overlay"] = "runx-accel-" + regions;
  if (step.loaded) record.fields["loaded"] = "yes";
  if (!step.blank.empty()) record.fields["blank"] = step.blank;
  return record;
}

Status acquire_bitstream(base::Host& host, const Record& record, const Load& what) {
  const auto programmed = [&]() -> Status {
    if (is_set(record, "loaded")) return {};
    return load(host, record, what,
                {field(record, "digest"), field(record, "file"), field(record, "container"), is_set(record, "full")},
                Bridges::off_meanwhile);
  };
  auto done = programmed();
  if (done && field(record, "node").empty() && !field(record, "overlay").empty()) {
    done = add_overlay(host, record, what.dom0);
  }
  if (!done) return base::context(done.error(), "region ", field(record, "regions"));
  return {};
}

Status release_bitstream(base::Host& host, const Record& record) {
  if (auto released = release_overlay(host, record); !released) return released;
  const auto manager = fpga::find_manager(host, field(record, "manager"));
  if (manager) {
    if (auto reset = fpga::reset_flags(host, *manager); !reset) return reset;
  } else if (manager.error().code != std::errc::no_such_device &&
             manager.error().code != std::errc::function_not_supported) {
    return tl::unexpected(manager.error());  // one that is gone, or never could load, has no flags of ours
  }
  if (auto removed = remove_firmware(host, field(record, "firmware")); !removed) return removed;
  if (!field(record, "xclbin").empty()) {
    if (auto removed = remove_xclbin(host, record); !removed) return removed;
  }
  for (const auto& region : regions_of(record)) {
    if (auto removed = remove_half_written(host, region); !removed) return removed;
  }
  if (auto blanked = load_blank(host, record); !blanked) {
    return base::context(blanked.error(), "region ", field(record, "regions"), " cannot be made blank");
  }
  return {};
}

}  // namespace runx::resources
