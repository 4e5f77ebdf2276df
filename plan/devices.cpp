// SPDX-License-Identifier: Apache-2.0
#include "plan/devices.h"

#include <algorithm>
#include <iterator>

#include "plan/claim.h"
#include "plan/unsupported.h"

namespace runx::plan {
namespace {

using annotations::DeviceRequest;
using base::text;

// A node and what stands below it are one device: giving both away would give something twice.
bool overlap(const std::string& a, const std::string& b) {
  return a == b || a.starts_with(b + "/") || b.starts_with(a + "/");
}

class Chooser {
 public:
  Chooser(const HostFacts& host, std::uint64_t memory, const Fabric& fabric)
      : host_(host),
        memory_(memory),
        fabric_(fabric),
        tree_(devtree::Tree::of(fabric.tree.has_tree() ? fabric.tree : host.boot_tree)) {}

  ChosenDevices choose(const std::vector<DeviceRequest>& devices) && {
    for (const auto& device : devices) look_at(device);
    derive();
    return std::move(out_);
  }

 private:
  struct OptionalDevice {
    std::string name;
    std::string node;
  };

  void look_at(const DeviceRequest& device) {
    const auto path = node_of(device, tree_);
    if (!path) return cannot(device, text("device.", device.name, ": ", path.error().what));
    const auto whys = against(device, *path);
    for (const auto& why : whys) cannot(device, why);
    // A required one goes on to the derivation all the same: all that speaks against it is said at once.
    if (device.required) {
      required_.push_back(*path);
    } else if (whys.empty()) {
      optional_.push_back({device.name, *path});
    }
  }

  void cannot(const DeviceRequest& device, const std::string& why) {
    if (device.required) {
      out_.refusals.push_back(why);
    } else if (out_.left_out.empty() || out_.left_out.back().name != device.name) {
      out_.left_out.push_back({device.name, why});
    }
  }

  std::vector<std::string> against(const DeviceRequest& device, const std::string& path) const {
    std::vector<std::string> out;
    if (device.address) {
      out.push_back(unsupported_sentence("device." + device.name + ".address",
                                         "chooses where a device stands in the guest by itself"));
    }
    if (std::find(required_.begin(), required_.end(), path) != required_.end() ||
        std::any_of(optional_.begin(), optional_.end(),
                    [&](const OptionalDevice& other) { return other.node == path; })) {
      out.push_back(text("device.", device.name, " means ", path, ", which is asked for already: remove one of them"));
    }
    auto whys = not_given(path, host_);
    std::move(whys.begin(), whys.end(), std::back_inserter(out));
    if (const auto node = tree_.find(path); host_.live && node) {
      const auto live = host_.live->find(path);
      const auto same = devtree::check_live(*node, live == host_.live->end() ? devtree::LiveNode{} : live->second);
      if (!same) out.push_back(same.error().what);
    }
    return out;
  }

  base::Result<devtree::Passthrough> derived(const std::vector<std::string>& nodes) const {
    devtree::PassthroughRequest wanted;
    wanted.nodes = nodes;
    wanted.nodes.insert(wanted.nodes.end(), fabric_.nodes.begin(), fabric_.nodes.end());
    wanted.clock_rates = host_.board.clock_rates;
    wanted.clock_rates.insert(fabric_.clock_rates.begin(), fabric_.clock_rates.end());
    wanted.guest_memory = memory_;
    wanted.iommu = host_.board.iommu;
    // Not for the overlays' nodes: an image names those, and could take a name that the owner trusts.
    if (const auto* rule = host_.rule()) {
      for (const auto& node : nodes) {
        if (allows_dma(*rule, device_claim(node))) wanted.dma_without_iommu.insert(node);
      }
    }
    return devtree::derive_passthrough(tree_, wanted);
  }

  static Refusals reasons(const base::Result<devtree::Passthrough>& made) {
    if (!made) return {made.error().what};
    Refusals out;
    for (const auto& refusal : made->refused) out.push_back(text("device ", refusal.node, " ", refusal.reason));
    return out;
  }

  // Takes what can be derived together; otherwise takes nothing, and says why.
  Refusals take(const std::vector<std::string>& nodes) {
    if (nodes.empty() && fabric_.nodes.empty()) return {};
    auto made = derived(nodes);
    auto whys = reasons(made);
    if (!whys.empty()) return whys;
    out_.nodes = nodes;
    out_.passthrough = std::move(*made);
    return {};
  }

  void derive() {
    auto all = required_;
    for (const auto& candidate : optional_) all.push_back(candidate.node);
    const auto whys = take(all);
    if (whys.empty()) return;
    if (optional_.empty()) {
      out_.refusals.insert(out_.refusals.end(), whys.begin(), whys.end());
      return;
    }
    // One of the optional ones is in the way: first what must be, then each of them that still fits.
    const auto needed = take(required_);
    out_.refusals.insert(out_.refusals.end(), needed.begin(), needed.end());
    if (!needed.empty()) return;
    auto nodes = required_;
    for (const auto& candidate : optional_) {
      nodes.push_back(candidate.node);
      const auto against_it = take(nodes);
      if (against_it.empty()) continue;
      nodes.pop_back();
      out_.left_out.push_back({candidate.name, against_it.front()});
    }
  }

  const HostFacts& host_;
  std::uint64_t memory_;
  const Fabric& fabric_;
  devtree::Tree tree_;
  std::vector<std::string> required_;
  std::vector<OptionalDevice> optional_;
  ChosenDevices out_;
};

}  // namespace

base::Result<std::string> node_of(const DeviceRequest& device, const devtree::Tree& tree) {
  const auto found = [&](const std::optional<devtree::Node>& node, const char* kind,
                         const std::string& name) -> base::Result<std::string> {
    if (node) return node->path();
    return base::fail(std::errc::no_such_device, "the boot tree has no ", kind, " ", name);
  };
  if (!device.alias.empty()) return found(tree.with_alias(device.alias), "alias", device.alias);
  if (!device.label.empty()) return found(tree.with_label(device.label), "label", device.label);
  const auto node = tree.resolve(device.path.empty() ? device.compatible : device.path);
  if (!node) return tl::unexpected(node.error());
  if (device.path.empty() && !node->is_compatible(device.compatible)) {
    return base::fail(std::errc::invalid_argument, device.compatible, " is the alias or label of ", node->path(),
                      ", and no compatible string of it: name the node by its path");
  }
  return node->path();
}

Refusals not_given(const std::string& path, const HostFacts& host) {
  Refusals out;
  if (auto why = host.denied(device_claim(path))) out.push_back(std::move(*why));
  for (const auto& [claim, other] : host.holders) {
    if (!claim.starts_with(device_prefix) || !overlap(path, claim.substr(device_prefix.size()))) continue;
    out.push_back(text(claim, " is held by container ", other, ": delete it first"));
    break;
  }
  return out;
}

ChosenDevices choose_devices(const annotations::AcceleratorRequest& request, const HostFacts& host,
                             std::uint64_t guest_memory, const Fabric& fabric) {
  if (request.devices.empty() && fabric.nodes.empty()) return {};
  return Chooser(host, guest_memory, fabric).choose(request.devices);
}

}  // namespace runx::plan
