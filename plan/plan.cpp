// SPDX-License-Identifier: Apache-2.0
#include "plan/plan.h"

#include <algorithm>

#include "annotations/value.h"
#include "plan/bitstreams.h"
#include "plan/claim.h"
#include "plan/devices.h"
#include "plan/overlays.h"
#include "plan/unsupported.h"

namespace runx::plan {
namespace {

using annotations::AcceleratorRequest;
using base::text;

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
// What the guest's kernel and init need beside the ramdisk: a 7 MB kernel runs a small program in 40 MiB.
constexpr std::uint64_t guest_base = 48 * mebibyte;
constexpr std::uint64_t memory_step = 4 * mebibyte;
std::string asker(const HostFacts& host) {
  return host.kubernetes_namespace.empty() ? "a container without a namespace"
                                           : "namespace " + annotations::printable(host.kubernetes_namespace);
}

class Planner {
 public:
  Planner(const AcceleratorRequest& request, const HostFacts& host, const ImageFacts& image)
      : request_(request), host_(host), image_(image) {}

  WorthReading worth_reading() && {
    if (!has_rule()) return {std::move(refusals_)};
    add(unsupported(request_));
    board();
    auto out = bitstreams_worth_reading(readable(), host_);
    add(out.refusals);
    memory();
    given_devices();
    out.refusals = std::move(refusals_);
    return out;
  }

  std::variant<Plan, Refusals> plan() && {
    if (!has_rule()) return std::move(refusals_);
    add(unsupported(request_));
    board();
    bitstreams();
    memory();
    devices();
    auto& domain = plan_.domain;
    domain.vcpus = request_.domain.vcpus.value_or(1);
    domain.kernel = host_.board.guest_kernel;
    domain.command_line = "console=hvc0 quiet panic=-1 rootfstype=ramfs";
    if (!host_.board.guest_command_line.empty()) domain.command_line += " " + host_.board.guest_command_line;
    if (request_.domain.cmdline) domain.command_line += " " + *request_.domain.cmdline;
    if (!refusals_.empty()) return std::move(refusals_);
    return std::move(plan_);
  }

 private:
  template <class... Parts>
  void refuse(const Parts&... parts) {
    refusals_.push_back(text(parts...));
  }

  void add(const Refusals& more) { refusals_.insert(refusals_.end(), more.begin(), more.end()); }

  bool has_rule() {
    if (!host_.policy || host_.rule() != nullptr) return true;
    refuse("nothing is given to ", asker(host_), ": ", policy_path, " has no rule for it: add one");
    return false;
  }

  // Bitstreams of another format are not read, and are refused by their key.
  AcceleratorRequest readable() const {
    auto request = request_;
    std::erase_if(request.bitstreams, [](const auto& bitstream) { return !reads_format(bitstream); });
    return request;
  }

  void bitstreams() {
    auto placed = place_bitstreams(readable(), host_, image_);
    add(placed.refusals);
    plan_.bitstreams = std::move(placed.steps);
  }

  void board() {
    if (request_.board.empty()) return;
    const auto tree = devtree::Tree::of(host_.boot_tree);
    const auto is = tree.root().strings("compatible");
    std::string all;
    for (const auto& name : is) {
      if (std::find(request_.board.begin(), request_.board.end(), name) != request_.board.end()) return;
      all += (all.empty() ? "" : ", ") + annotations::printable(name);
    }
    std::string wanted;
    for (const auto& name : request_.board) wanted += (wanted.empty() ? "" : " or ") + name;
    refuse("the image is for ", wanted, ", and this board is ", all.empty() ? "not named in its boot tree" : all,
           ": use an image for this board, or correct ", annotations::prefix, "board");
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
    limits();
  }

  void limits() {
    const auto& most = host_.board.guest_memory;
    if (most && plan_.domain.memory > *most) {
      refuse("the domain needs ", annotations::size_text(plan_.domain.memory), ", but ", board_path,
             " gives a domain at most ", annotations::size_text(*most), ": ask for less, or use a smaller image");
    }
    const auto* rule = host_.rule();
    if (rule == nullptr) return;
    if (rule->memory && plan_.domain.memory > *rule->memory) {
      refuse("the domain needs ", annotations::size_text(plan_.domain.memory), ", but ", policy_path, " gives ",
             asker(host_), " at most ", annotations::size_text(*rule->memory), ": ask for less, or raise the limit");
    }
    if (const auto vcpus = request_.domain.vcpus.value_or(1); rule->vcpus && vcpus > *rule->vcpus) {
      refuse("domain.vcpus ", vcpus, " is more than the ", *rule->vcpus, " that ", policy_path, " gives ", asker(host_),
             ": ask for fewer, or raise the limit");
    }
  }

  // Of the devices that the boot tree has: one that an overlay brings is not known yet.
  void given_devices() {
    if (request_.devices.empty() || (!host_.policy && host_.holders.empty())) return;
    const auto tree = devtree::Tree::of(host_.boot_tree);
    for (const auto& device : request_.devices) {
      if (!device.required) continue;
      if (const auto node = node_of(device, tree)) add(not_given(*node, host_));
    }
  }

  void devices() {
    auto overlays = split_overlays(request_, host_, image_, plan_.bitstreams);
    add(overlays.refusals);
    plan_.overlays_left_out = std::move(overlays.left_out);
    auto chosen = choose_devices(request_, host_, plan_.domain.memory, overlays.fabric);
    plan_.domain.fabric = std::move(overlays.fabric.nodes);
    add(chosen.refusals);
    plan_.left_out = std::move(chosen.left_out);
    plan_.domain.nodes = std::move(chosen.nodes);
    plan_.domain.passthrough = std::move(chosen.passthrough);
  }

  const AcceleratorRequest& request_;
  const HostFacts& host_;
  const ImageFacts& image_;
  Plan plan_;
  Refusals refusals_;
};

}  // namespace

std::optional<std::string> HostFacts::denied(const std::string& claim) const {
  const auto* given_by = rule();
  if (!policy || (given_by != nullptr && gives(*given_by, claim))) return std::nullopt;
  return text(claim, " is not given to ", asker(*this), ": no glob of its rule in ", policy_path, " names it");
}

std::string BitstreamStep::where() const {
  if (!full) return "region " + regions.front();
  std::string all;
  for (const auto& region : regions) all += (all.empty() ? "" : ", ") + region;
  return text("the whole device (", regions.size() == 1 ? "region " : "regions ", all, ")");
}

std::vector<std::string> Plan::claims() const {
  std::vector<std::string> out;
  for (const auto& step : bitstreams) {
    for (const auto& region : step.regions) out.push_back(region_claim(region));
  }
  for (const auto& node : domain.nodes) out.push_back(device_claim(node));
  return out;
}

WorthReading files_worth_reading(const AcceleratorRequest& request, const HostFacts& host) {
  return Planner(request, host, {}).worth_reading();
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
    if (b.loaded) {
      step("leave ", b.where(), " as it is: it holds ", b.file, " (", b.payload_digest, ")");
    } else {
      step("program ", b.where(), " with ", b.file, " (", b.payload_length, " bytes, ", b.payload_digest, ") through ",
           b.xclbin_uuid.empty() ? "" : "XRT and ", b.node.empty() ? "" : text("its node ", b.node, " and "), "\"",
           b.manager, "\"");
    }
  }
  const auto& domain = plan.domain;
  step("create a domain with ", annotations::size_text(domain.memory), " and ", domain.vcpus,
       domain.vcpus == 1 ? " vcpu" : " vcpus", ", kernel ", domain.kernel);
  for (const auto& node : domain.nodes) out += text("   device ", node, "\n");
  for (const auto& node : domain.fabric) out += text("   device ", node, " of the fabric\n");
  for (const auto& m : domain.passthrough.iomem) {
    out += text("   iomem ", base::hex(m.first_page << 12), ", ", m.pages, m.pages == 1 ? " page" : " pages",
                ", in the guest at ", base::hex(m.guest_page << 12), "\n");
  }
  for (const auto irq : domain.passthrough.irqs) out += text("   irq ", irq, "\n");
  for (const auto& node : domain.passthrough.dtdev) out += text("   behind the IOMMU: ", node, "\n");
  for (const auto& [overlay, what] : plan.overlays_left_out)
    out += text("   nobody gets of ", overlay, ": ", what, "\n");
  for (const auto& [name, why] : plan.left_out) out += text("   without device.", name, ": ", why, "\n");
  step("start it, forward its output, and give everything back when it ends");
  for (const auto& b : plan.bitstreams) {
    if (!b.blank.empty()) step("program ", b.where(), " with the blank ", b.blank);
  }
  return out;
}

}  // namespace runx::plan
