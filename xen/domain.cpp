// SPDX-License-Identifier: Apache-2.0
#include "xen/domain.h"

namespace runx::xen {

DomainConfig domain_config(const plan::DomainStep& domain) {
  DomainConfig config;
  config.kernel = domain.kernel;
  config.command_line = domain.command_line;
  config.memory_mib = domain.memory >> 20;
  config.vcpus = domain.vcpus;
  const auto& passthrough = domain.passthrough;
  for (const auto& m : passthrough.iomem) config.iomem.push_back({m.first_page, m.pages, m.guest_page});
  config.irqs = passthrough.irqs;
  config.dtdev = passthrough.dtdev;
  return config;
}

}  // namespace runx::xen
