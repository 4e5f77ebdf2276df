// SPDX-License-Identifier: Apache-2.0
#include "runtime/resources/device.h"

#include "devtree/boot_tree.h"
#include "devtree/node.h"
#include "plan/claim.h"
#include "plan/device_kind.h"
#include "plan/devices.h"
#include "runtime/resources/board_files.h"

namespace runx::resources {
namespace {

using base::Result;
using base::Status;

class DeviceResource : public MachineKind {
 public:
  const plan::Kind& pure() const override { return plan::device_kind(); }

  Status look(base::Host& host, const annotations::AcceleratorRequest& request, plan::HostFacts& facts) const override {
    facts.live.emplace();
    if (request.devices.empty()) return {};
    const auto tree = devtree::Tree::of(facts.boot_tree);
    for (const auto& device : request.devices) {
      const auto path = plan::node_of(device, tree);
      if (!path) continue;
      const auto node = "/proc/device-tree" + *path;
      auto& live = (*facts.live)[*path];
      live.present = host.exists(node);
      if (auto status = host.read(node + "/status", 256)) live.status = std::move(*status);
    }
    return {};
  }

  Result<Inventory> inventory(base::Host& host, const plan::Board& board) const override {
    const auto blob = read_boot_tree(host, board);
    if (!blob) return tl::unexpected(blob.error());
    const auto tree = devtree::Tree::of(*blob);
    Inventory out{"devices", {}};
    for (const auto& node : tree.nodes()) {
      if (!devtree::is_marked(node) || devtree::is_window(node)) continue;
      out.items.push_back(
          {plan::device_claim(node.path()), "-", {{"path", node.path()}, {"compatible", node.strings("compatible")}}});
    }
    return out;
  }
};

}  // namespace

const MachineKind& device_resource() {
  static const DeviceResource kind;
  return kind;
}

}  // namespace runx::resources
