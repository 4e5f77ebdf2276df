// SPDX-License-Identifier: Apache-2.0
#include "plan/device_kind.h"

#include <nlohmann/json.hpp>

#include "plan/claim.h"
#include "plan/devices.h"
#include "plan/domain_kind.h"
#include "plan/record_reader.h"

namespace runx::plan {
namespace {

using nlohmann::json;

class DeviceKind : public Kind {
 public:
  std::string_view name() const override { return "device"; }

  bool needs_boot_tree(const annotations::AcceleratorRequest& request) const override {
    return !request.devices.empty();
  }

  // Of the devices that the boot tree has: one that an overlay brings is not known yet.
  void preview(Planning& planning, WorthReading& /*worth*/) const override {
    const auto& host = planning.host;
    if (planning.request.devices.empty() || (!host.policy && host.holders.empty())) return;
    const auto tree = devtree::Tree::of(host.boot_tree);
    for (const auto& device : planning.request.devices) {
      if (!device.required) continue;
      if (const auto node = node_of(device, tree)) planning.refuse_all(not_given(*node, host));
    }
  }

  void plan(Planning& planning) const override {
    auto chosen = choose_devices(planning.request, planning.host, domain_memory(planning.request, planning.image),
                                 planning.fabric);
    planning.refuse_all(chosen.refusals);
    planning.plan.left_out = std::move(chosen.left_out);
    for (const auto& node : chosen.nodes) planning.plan.steps.emplace_back(*this, DeviceStep{node});
    planning.nodes = std::move(chosen.nodes);
    planning.passthrough = std::move(chosen.passthrough);
  }

  std::vector<std::string> claims(const Step& step) const override {
    return {device_claim(step.as<DeviceStep>().node)};
  }

  json record(const Step& step) const override { return {{"node", step.as<DeviceStep>().node}}; }

  base::Result<Step> read_record(const json& record) const override {
    RecordReader in(record);
    DeviceStep step{in.text("node")};
    if (auto done = in.done(); !done) return tl::unexpected(done.error());
    return Step(*this, std::move(step));
  }
};

}  // namespace

const Kind& device_kind() {
  static const DeviceKind kind;
  return kind;
}

}  // namespace runx::plan
