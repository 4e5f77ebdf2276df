// SPDX-License-Identifier: Apache-2.0
#include "runtime/resources/region.h"

#include <algorithm>
#include <vector>

#include <fcntl.h>

#include "base/json.h"
#include "base/printable.h"
#include "fpga/manager.h"
#include "fpga/overlay.h"
#include "fpga/region_overlay.h"
#include "fpga/xrt.h"
#include "plan/claim.h"
#include "plan/image.h"
#include "plan/region_kind.h"
#include "runtime/resources/board_files.h"
#include "runtime/resources/contents.h"
#include "runtime/resources/payload.h"

namespace runx::resources {
namespace {

using base::Result;
using base::Status;
using base::text;
using plan::RegionStep;

constexpr const char* firmware_directory = "runx-accel";  // below /lib/firmware
// Nobody but root writes there, and it is no firmware.
constexpr const char* xclbin_directory = "/run/runx-accel/xrt";

// The names of what a step puts on the machine.
struct Names {
  std::string firmware;  // below /lib/firmware
  std::string overlay;   // in configfs; empty: there is none. The region is the container's alone while it is there
  std::string overlay_file;
  std::string xclbin;  // a path
};

Names names_of(const Container& container, const RegionStep& step) {
  const auto& region = step.regions.front();
  Names out;
  out.firmware = text(firmware_directory, "/", container.uuid, "-", step.full ? "full" : region, ".bin");
  if (step.overlay) out.overlay = "runx-accel-" + region;
  out.overlay_file = out.firmware + ".dtbo";
  out.xclbin = text(xclbin_directory, "/", container.uuid, "-", region, ".xclbin");
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

Status remove_file(base::Host& host, const std::string& path) {
  if (auto removed = host.remove_temporaries(path); !removed) return removed;
  return host.remove(path);
}

Status remove_firmware(base::Host& host, const std::string& name) {
  if (auto removed = remove_file(host, fpga::firmware_path(name)); !removed) return removed;
  auto removed = host.remove(fpga::firmware_path(firmware_directory));
  if (!removed && removed.error().code == std::errc::directory_not_empty) return {};
  return removed;
}

// The board file's regions, and nothing else of it: giving back must not depend on what other kinds have there.
Result<plan::Board> read_regions(base::Host& host) {
  const auto text = host.read(plan::board_path);
  if (!text) return tl::unexpected(text.error());
  const auto value = base::parse_json(*text, plan::board_path);
  if (!value) return tl::unexpected(value.error());
  plan::Board board;
  if (auto read = plan::region_kind().read_board(*value, plan::board_path, board); !read) {
    return tl::unexpected(read.error());
  }
  return board;
}

Result<base::Fd> open_blank(base::Host& host, const plan::Region& region) {
  return host.open(region.blank, O_RDONLY | O_NONBLOCK | O_NOCTTY);
}

// One step on one machine.
class RegionLoader {
 public:
  RegionLoader(base::Host& host, const Container& container, const RegionStep& step)
      : host_(host), container_(container), step_(step), names_(names_of(container, step)) {}

  Status acquire(const plan::Bitstreams& bitstreams, const bitstream::Parts& parts) {
    if (!step_.loaded) {
      const Payload payload{*bitstreams.files.at(step_.file), bitstreams.facts.at(step_.file), parts};
      if (auto done = load(payload, own_content(), Bridges::off_meanwhile); !done) return done;
    }
    return step_.node.empty() && step_.overlay ? add_overlay() : Status();
  }

  Status release() {
    if (auto released = release_overlay(); !released) return released;
    if (auto reset = reset_flags(); !reset) return reset;
    for (const auto& region : step_.regions) {
      if (auto removed = remove_half_written(host_, region); !removed) return removed;
    }
    if (auto blanked = load_blank(); !blanked) {
      return base::context(blanked.error(), step_.where(), " cannot be made blank");
    }
    return {};
  }

  Status remove_files() {
    if (auto removed = remove_firmware(host_, names_.firmware); !removed) return removed;
    if (step_.overlay) {
      if (auto removed = remove_firmware(host_, names_.overlay_file); !removed) return removed;
    }
    return step_.xclbin_uuid.empty() ? Status() : remove_file(host_, names_.xclbin);
  }

 private:
  enum class Bridges { off_meanwhile, off_already };

  Content own_content() const {
    return {step_.payload_digest,
            step_.file,
            container_.owner.id,
            container_.owner.root,
            container_.kubernetes_namespace,
            step_.full};
  }

  fpga::RegionLoad region_load() const {
    return {step_.node, names_.firmware, step_.node.empty() ? "" : names_.overlay, step_.bridge};
  }

  // Programs the step's regions, and says in the contents what they hold.
  Status load(const Payload& payload, const Content& content, Bridges bridges) {
    for (const auto& region : step_.regions) {
      if (auto forgotten = forget_content(host_, region); !forgotten) return forgotten;
    }
    const bool by_xrt = bridges == Bridges::off_meanwhile && !step_.xclbin_uuid.empty();
    if (auto done = by_xrt ? load_xclbin(payload) : load_firmware(payload, bridges); !done) return done;
    for (const auto& region : step_.regions) {
      if (auto written = write_content(host_, region, content); !written) return written;
    }
    return {};
  }

  Status load_firmware(const Payload& payload, Bridges bridges) {
    const auto manager = fpga::find_manager(host_, step_.manager);
    if (!manager) return tl::unexpected(manager.error());
    const auto copy = [&] { return copy_payload(payload, host_, fpga::firmware_path(names_.firmware)); };
    if (auto written = write_firmware(host_, copy); !written) return written;
    if (auto programmed = program(*manager, bridges); !programmed) return programmed;
    // The kernel has read it; it would only cost Dom0's memory.
    return remove_firmware(host_, names_.firmware);
  }

  Status program(const fpga::Manager& manager, Bridges bridges) {
    const auto flags = step_.full ? fpga::Flags{0} : fpga::flag_partial;
    if (bridges == Bridges::off_meanwhile && !step_.node.empty()) {
      return fpga::program_region(host_, manager, region_load(), flags, step_.dom0.bytes());
    }
    return fpga::program(host_, manager, names_.firmware, flags);
  }

  Status load_xclbin(const Payload& payload) {
    if (auto made = host_.make_directories(xclbin_directory); !made) return made;
    if (auto written = copy_file(payload, host_, names_.xclbin); !written) return written;
    if (auto loaded = fpga::load_xclbin(host_, names_.xclbin, step_.xclbin_uuid); !loaded) return loaded;
    return remove_file(host_, names_.xclbin);
  }

  // For a region that has no node: what an image's overlay has for Dom0 stands by itself.
  Status add_overlay() {
    const auto& file = names_.overlay_file;
    const auto write = [&] { return host_.write(fpga::firmware_path(file), base::text_of(step_.dom0.bytes())); };
    if (auto written = write_firmware(host_, write); !written) return written;
    if (auto applied = fpga::apply_overlay(host_, names_.overlay, file); !applied) return applied;
    return remove_firmware(host_, file);
  }

  Status release_overlay() {
    if (!step_.node.empty()) return fpga::release_region(host_, region_load());
    return step_.overlay ? fpga::remove_overlay(host_, names_.overlay) : Status();
  }

  Status reset_flags() {
    const auto manager = fpga::find_manager(host_, step_.manager);
    if (manager) return fpga::reset_flags(host_, *manager);
    // One that is gone, or never could load, has no flags of ours.
    const auto& code = manager.error().code;
    if (code == std::errc::no_such_device || code == std::errc::function_not_supported) return {};
    return tl::unexpected(manager.error());
  }

  // Nothing where the region holds the blank already, or something that the step did not bring. The board file is read
  // again: its owner may have built another blank meanwhile.
  Status load_blank() {
    if (step_.blank.empty()) return {};
    const auto& name = step_.regions.front();
    const auto contents = read_contents(host_);
    if (!contents) return tl::unexpected(contents.error());
    const auto holds = contents->find(name);
    if (holds != contents->end() && holds->second.digest != step_.payload_digest) return {};
    const auto board = read_regions(host_);
    if (!board) return tl::unexpected(board.error());
    const auto* region = plan::find_region(*board, name);
    if (region == nullptr || region->blank.empty()) return {};
    const auto file = open_blank(host_, *region);
    if (!file) return tl::unexpected(file.error());
    const auto parts = read_parts(host_);
    if (!parts) return tl::unexpected(parts.error());
    const auto facts = plan::read_blank(*region, *file, *parts);
    if (!facts) return base::fail(std::errc::invalid_argument, facts.error());
    return load({*file, *facts, *parts}, {facts->payload_digest, region->blank, "", "", "", false},
                Bridges::off_already);
  }

  base::Host& host_;
  const Container& container_;
  const RegionStep& step_;
  Names names_;
};

std::string content_text(const Content& content) {
  constexpr std::size_t shown = sizeof "sha256:" - 1 + 12;
  return text(base::printable(content.file), " (", content.digest.substr(0, shown), "…, ",
              content.container.empty() ? "the blank" : "of container " + content.container, ")");
}

class RegionResource : public MachineKind {
 public:
  const plan::Kind& pure() const override { return plan::region_kind(); }

  Status look(base::Host& host, const annotations::AcceleratorRequest& request, plan::HostFacts& facts) const override {
    if (request.bitstreams.empty()) return {};
    const auto zocl = fpga::find_zocl(host);
    if (!zocl) return tl::unexpected(zocl.error());
    facts.zocl = zocl->has_value();
    return {};
  }

  Status look_again(base::Host& host, plan::HostFacts& facts) const override {
    const auto contents = read_contents(host);
    if (!contents) return tl::unexpected(contents.error());
    facts.contents.clear();
    for (const auto& [region, content] : *contents) {
      facts.contents[region] = {content.digest, content.container, content.root, content.kubernetes_namespace,
                                content.full};
    }
    return {};
  }

  Status look_closer(base::Host& host, const plan::WorthReading& worth, const bitstream::Parts& parts,
                     plan::HostFacts& facts) const override {
    for (const auto& region : facts.board.regions) {
      if (region.blank.empty() || !worth.regions.contains(region.name)) continue;
      const auto file = open_blank(host, region);
      facts.blanks.emplace(
          region.name, file ? plan::read_blank(region, *file, parts) : plan::Blank(tl::unexpected(file.error().what)));
    }
    return {};
  }

  Status acquire(Acquisition& with, const plan::Step& step) const override {
    const auto& region = step.as<RegionStep>();
    auto done = RegionLoader(with.host, with.container, region).acquire(with.bitstreams, with.parts);
    if (!done) return base::context(done.error(), region.where());
    return {};
  }

  Status release(base::Host& host, const Container& container, const plan::Step& step) const override {
    return RegionLoader(host, container, step.as<RegionStep>()).release();
  }

  Status remove_files(base::Host& host, const Container& container, const plan::Step& step) const override {
    return RegionLoader(host, container, step.as<RegionStep>()).remove_files();
  }

  Result<Inventory> inventory(base::Host& host, const plan::Board& board) const override {
    const auto contents = read_contents(host);
    if (!contents) return tl::unexpected(contents.error());
    Inventory out{"regions", {}};
    for (const auto& region : board.regions) {
      nlohmann::json entry{{"name", region.name}, {"manager", region.manager}, {"holds", nullptr}};
      if (!region.shell.empty()) entry["shell"] = region.shell;
      if (!region.node.empty()) entry["node"] = region.node;
      const auto content = contents->find(region.name);
      const bool known = content != contents->end();
      if (known) {
        const auto& what = content->second;
        entry["holds"] = {
            {"digest", what.digest}, {"file", what.file}, {"container", what.container}, {"full", what.full}};
      }
      out.items.push_back(
          {plan::region_claim(region.name), known ? content_text(content->second) : "not known", std::move(entry)});
    }
    return out;
  }
};

}  // namespace

const MachineKind& region_resource() {
  static const RegionResource kind;
  return kind;
}

}  // namespace runx::resources
