// SPDX-License-Identifier: Apache-2.0
#include "runtime/resources/domain.h"

#include "plan/domain_kind.h"
#include "xen/domain.h"
#include "xen/xl.h"

namespace runx::resources {
namespace {

using base::Status;

class DomainResource : public MachineKind {
 public:
  const plan::Kind& pure() const override { return plan::domain_kind(); }

  Status acquire(Acquisition& with, const plan::Step& step) const override {
    auto& host = with.host;
    const auto& domain = step.as<plan::DomainStep>();
    const auto& uuid = with.container.uuid;
    const auto file = [&](const char* name) { return with.directory + "/" + name; };
    auto config = xen::domain_config(domain);
    config.uuid = uuid;
    config.name = base::text("runx-", with.container.owner.id.substr(0, 48), "-", uuid.substr(0, 8));
    config.kernel = host.real(config.kernel);
    config.ramdisk = host.real(file("ramdisk"));
    if (const auto& tree = domain.passthrough.tree; tree.has_tree()) {
      config.device_tree = host.real(file("guest.dtb"));
      if (auto done = host.write(file("guest.dtb"), base::text_of(tree.bytes())); !done) return done;
    }
    if (auto done = host.write(file("domain.cfg"), xen::config_text(config)); !done) return done;
    const auto domid = xen::create_paused(host, file("domain.cfg"), uuid);
    if (!domid) return tl::unexpected(domid.error());
    with.domid = *domid;
    // xl has copied it into the guest's memory; here it would only cost Dom0's.
    return host.remove(file("ramdisk"));
  }

  Status release(base::Host& host, const Container& container, const plan::Step& /*step*/) const override {
    return xen::destroy(host, container.uuid);
  }
};

}  // namespace

const MachineKind& domain_resource() {
  static const DomainResource kind;
  return kind;
}

}  // namespace runx::resources
