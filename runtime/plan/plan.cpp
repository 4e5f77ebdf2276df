// SPDX-License-Identifier: Apache-2.0
#include "runtime/plan/plan.h"

#include <algorithm>

#include "annotations/value.h"

namespace runx::plan {
namespace {

using annotations::AcceleratorRequest;
using annotations::BitstreamRequest;
using base::text;

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
// What the guest's kernel and init need beside the ramdisk: a 7 MB kernel runs a small program in 40 MiB.
constexpr std::uint64_t guest_base = 48 * mebibyte;
constexpr std::uint64_t memory_step = 4 * mebibyte;
constexpr std::uint32_t idcode_mask = 0x0FFFFFFF;  // the highest nibble is the silicon's revision

std::string idcode_text(std::uint32_t code) { return base::hex(code, 8).substr(2); }

std::string region_claim(const std::string& region) { return "region " + region; }
constexpr std::string_view device_prefix = "device ";
std::string device_claim(const std::string& node) { return std::string(device_prefix) + node; }

class Planner {
 public:
  Planner(const AcceleratorRequest& request, const HostFacts& host, const ImageFacts& image)
      : request_(request), host_(host), image_(image) {}

  std::variant<Plan, Refusals> plan() && {
    for (const auto& bitstream : request_.bitstreams) place(bitstream);
    memory();
    devices();
    auto& domain = plan_.domain;
    domain.vcpus = request_.domain.vcpus.value_or(1);
    domain.kernel = host_.board.guest_kernel;
    domain.command_line = "console=hvc0 quiet panic=-1 rootfstype=ramfs";
    if (!host_.board.guest_command_line.empty()) domain.command_line += " " + host_.board.guest_command_line;
    if (!refusals_.empty()) return std::move(refusals_);
    return std::move(plan_);
  }

 private:
  template <class... Parts>
  void refuse(const Parts&... parts) {
    refusals_.push_back(text(parts...));
  }

  // What of the bitstream itself speaks against it, whatever the region.
  bool sound(const BitstreamRequest& request, const BitstreamFacts& facts) {
    const auto before = refusals_.size();
    if (request.digest && *request.digest != facts.digest) {
      refuse("bitstream ", request.file, " has digest ", facts.digest, ", but the image asks for ", *request.digest,
             ": rebuild the image with the file that was meant");
    }
    if (facts.info.encrypted) {
      refuse("bitstream ", request.file, " is encrypted, so nobody can check what it writes: use a plain one");
    }
    if (!facts.info.partial) {
      refuse("bitstream ", request.file,
             " does not say whether it is partial (a .bin has no header): use the .bit file");
    } else if (!*facts.info.partial) {
      refuse("bitstream ", request.file,
             " is a full one and would replace the whole device: use a partial one for a region");
    }
    if (!facts.info.idcode) {
      refuse("bitstream ", request.file,
             " does not say for which part it is (no IDCODE): write it with a tool that does");
    }
    return refusals_.size() == before;
  }

  static bool fits(const Region& region, std::uint32_t code) {
    return std::any_of(region.idcodes.begin(), region.idcodes.end(),
                       [&](std::uint32_t known) { return (known & idcode_mask) == (code & idcode_mask); });
  }

  const std::string* holder(const std::string& claim) const {
    const auto found = host_.holders.find(claim);
    return found == host_.holders.end() ? nullptr : &found->second;
  }

  bool used_here(const Region& region) const {
    return std::any_of(plan_.bitstreams.begin(), plan_.bitstreams.end(),
                       [&](const BitstreamStep& step) { return step.region == region.name; });
  }

  void wrong_part(const BitstreamRequest& request, const BitstreamFacts& facts, const Region& region) {
    std::string known;
    for (const auto code : region.idcodes) known += (known.empty() ? "" : " or ") + idcode_text(code);
    refuse("bitstream ", request.file, " is for the part with IDCODE ", idcode_text(*facts.info.idcode),
           facts.info.part.empty() ? "" : " (" + annotations::printable(facts.info.part) + ")", ", but region ",
           region.name, " takes ", known, ": build it for this board");
  }

  const Region* named_region(const BitstreamRequest& request, const BitstreamFacts& facts) {
    const auto& regions = host_.board.regions;
    const auto found =
        std::find_if(regions.begin(), regions.end(), [&](const Region& r) { return r.name == *request.region; });
    if (found == regions.end()) {
      refuse("region ", *request.region, ", which fpga.", request.name, " asks for, is not one of this board's regions",
             region_names(), ": ask for one of these, or for any");
      return nullptr;
    }
    if (!fits(*found, *facts.info.idcode)) {
      wrong_part(request, facts, *found);
      return nullptr;
    }
    if (const auto* other = holder(region_claim(found->name))) {
      refuse("region ", found->name, " is held by container ", *other, ": delete it first, or ask for another region");
      return nullptr;
    }
    return &*found;
  }

  const Region* any_region(const BitstreamRequest& request, const BitstreamFacts& facts) {
    std::string held;
    bool wanted_here = false;
    for (const auto& region : host_.board.regions) {
      if (!fits(region, *facts.info.idcode)) continue;
      const bool wanted = asked_by_name(region) || used_here(region);
      const auto* other = holder(region_claim(region.name));
      if (other == nullptr && !wanted) return &region;
      wanted_here = wanted_here || wanted;
      if (other != nullptr) held += text(held.empty() ? "" : ", ", region.name, " is held by container ", *other);
    }
    if (!held.empty()) {
      refuse("no free region for bitstream ", request.file, ": ", held, ": delete one of them first");
    } else if (wanted_here) {
      refuse("no region is left for bitstream ", request.file,
             ": the image's other bitstreams take all that fit it: ask for fewer");
    } else if (host_.board.regions.empty()) {
      refuse("bitstream ", request.file, " has no place: this board's file names no region of the FPGA");
    } else {
      wrong_part(request, facts, host_.board.regions.front());
    }
    return nullptr;
  }

  bool asked_by_name(const Region& region) const {
    return std::any_of(request_.bitstreams.begin(), request_.bitstreams.end(),
                       [&](const BitstreamRequest& other) { return other.region == region.name; });
  }

  std::string region_names() const {
    std::string out;
    for (const auto& region : host_.board.regions) out += (out.empty() ? " (" : ", ") + region.name;
    return out.empty() ? " (it has none)" : out + ")";
  }

  void place(const BitstreamRequest& request) {
    const auto found = image_.bitstreams.find(request.file);
    if (found == image_.bitstreams.end()) return refuse("bitstream ", request.file, " was not read");
    const auto& facts = found->second;
    if (!sound(request, facts)) return;
    const Region* region = request.region ? named_region(request, facts) : any_region(request, facts);
    if (region == nullptr) return;
    plan_.bitstreams.push_back({request.name, request.file, region->name, region->manager, facts.digest,
                                facts.payload_digest, facts.info.payload_offset, facts.info.payload_length});
  }

  // The ramdisk is in memory twice while the kernel unpacks it. Whole steps, so that a file more or less changes
  // nothing.
  void memory() {
    const auto needed = guest_base + (2 * image_.rootfs_bytes + memory_step - 1) / memory_step * memory_step;
    plan_.domain.memory = std::max(request_.domain.memory.value_or(0), needed);
    if (request_.domain.memory && *request_.domain.memory < needed) {
      refuse("domain.memory ", annotations::size_text(*request_.domain.memory),
             " is too small for this image: its root file system of ", image_.rootfs_bytes / mebibyte,
             " MiB needs at least ", annotations::size_text(needed));
    }
  }

  // A node and what stands below it are one device: giving both away would give something twice.
  static bool overlap(const std::string& a, const std::string& b) {
    return a == b || a.starts_with(b + "/") || b.starts_with(a + "/");
  }

  bool is_free(const std::string& node) {
    for (const auto& [claim, other] : host_.holders) {
      if (!claim.starts_with(device_prefix) || !overlap(node, claim.substr(device_prefix.size()))) continue;
      refuse(claim, " is held by container ", other, ": delete it first");
      return false;
    }
    return true;
  }

  void devices() {
    if (request_.devices.empty()) return;
    const auto tree = devtree::Tree::of(host_.boot_tree);
    devtree::PassthroughRequest wanted;
    for (const auto& device : request_.devices) {
      wanted.nodes.push_back(device.path);
      is_free(device.path);
    }
    wanted.clock_rates = host_.board.clock_rates;
    wanted.guest_memory = plan_.domain.memory;
    auto made = devtree::derive_passthrough(tree, wanted);
    if (!made) return refuse(made.error().what);
    for (const auto& refusal : made->refused) refuse("device ", refusal.node, " ", refusal.reason);
    if (!made->refused.empty()) return;
    for (const auto& path : wanted.nodes) check_live(tree, path);
    plan_.domain.nodes = wanted.nodes;
    plan_.domain.passthrough = std::move(*made);
  }

  void check_live(const devtree::Tree& tree, const std::string& path) {
    const auto node = tree.find(path);
    if (!host_.live || !node) return;
    const auto live = host_.live->find(path);
    const auto same = devtree::check_live(*node, live == host_.live->end() ? devtree::LiveNode{} : live->second);
    if (!same) refuse(same.error().what);
  }

  const AcceleratorRequest& request_;
  const HostFacts& host_;
  const ImageFacts& image_;
  Plan plan_;
  Refusals refusals_;
};

}  // namespace

std::vector<std::string> Plan::claims() const {
  std::vector<std::string> out;
  for (const auto& step : bitstreams) out.push_back(region_claim(step.region));
  for (const auto& node : domain.nodes) out.push_back(device_claim(node));
  return out;
}

std::variant<Plan, Refusals> make_plan(const AcceleratorRequest& request, const HostFacts& host,
                                       const ImageFacts& image) {
  return Planner(request, host, image).plan();
}

std::string plan_text(const Plan& plan) {
  std::string out;
  unsigned number = 0;
  const auto step = [&](const auto&... parts) { out += text(++number, ". ", parts..., "\n"); };
  for (const auto& claim : plan.claims()) step("take ", claim);
  for (const auto& b : plan.bitstreams) {
    step("program region ", b.region, " with ", b.file, " (", b.payload_length, " bytes, ", b.payload_digest,
         ") through \"", b.manager, "\"");
  }
  const auto& domain = plan.domain;
  step("create a domain with ", annotations::size_text(domain.memory), " and ", domain.vcpus,
       domain.vcpus == 1 ? " vcpu" : " vcpus", ", kernel ", domain.kernel);
  for (const auto& node : domain.nodes) out += text("   device ", node, "\n");
  for (const auto& m : domain.passthrough.iomem) {
    out += text("   iomem ", base::hex(m.first_page << 12), ", ", m.pages, m.pages == 1 ? " page" : " pages",
                ", in the guest at ", base::hex(m.guest_page << 12), "\n");
  }
  for (const auto irq : domain.passthrough.irqs) out += text("   irq ", irq, "\n");
  for (const auto& node : domain.passthrough.dtdev) out += text("   behind the IOMMU: ", node, "\n");
  step("start it, forward its output, and give everything back when it ends");
  return out;
}

}  // namespace runx::plan
