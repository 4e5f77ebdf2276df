// SPDX-License-Identifier: Apache-2.0
#include "plan/unsupported.h"

#include "base/result.h"

namespace runx::plan {

std::string unsupported_sentence(const std::string& key, const std::string& what) {
  return base::text(annotations::prefix, key, ": this version of runx-accel ", what,
                    ": remove the key, or use a version that can");
}

bool reads_format(const annotations::BitstreamRequest& request) { return request.format != "pdi"; }

std::vector<std::string> unsupported(const annotations::AcceleratorRequest& request) {
  std::vector<std::string> out;
  const auto refuse = [&](bool asked, const std::string& key, const std::string& what) {
    if (asked) out.push_back(unsupported_sentence(key, what));
  };
  refuse(request.target == annotations::Target::rpu, "target", "launches domains only and boots no firmware");
  for (const auto& b : request.bitstreams) {
    const auto key = "fpga." + b.name + ".";
    refuse(!reads_format(b), key + "format", "programs no " + b.format.value_or("") + " file");
    refuse(b.authenticated.value_or(false), key + "authenticated", "cannot have a signature checked");
    refuse(!b.aie.empty(), key + "aie", "does not reach AI engines");
  }
  for (const auto& r : request.processors) {
    refuse(true, "rpu." + r.name + (r.firmware ? ".firmware" : ".processor"), "boots no processor beside a domain's");
  }
  const auto& domain = request.domain;
  refuse(domain.kernel.has_value(), "domain.kernel", "boots the kernel that the board's file names, and no other");
  refuse(domain.ramdisk.has_value(), "domain.ramdisk", "makes the ramdisk of the container's root file system");
  refuse(domain.kernel_only, "domain.kind", "launches Linux only");
  refuse(domain.console && *domain.console != "pv", "domain.console", "gives a domain a pv console only");
  return out;
}

}  // namespace runx::plan
