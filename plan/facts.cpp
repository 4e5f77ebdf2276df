// SPDX-License-Identifier: Apache-2.0
#include "plan/facts.h"

#include "base/printable.h"

namespace runx::plan {

std::string HostFacts::asker() const {
  return kubernetes_namespace.empty() ? "a container without a namespace"
                                      : "namespace " + base::printable(kubernetes_namespace);
}

std::optional<std::string> HostFacts::denied(const std::string& claim) const {
  const auto* given_by = rule();
  if (!policy || (given_by != nullptr && gives(*given_by, claim))) return std::nullopt;
  return base::text(claim, " is not given to ", asker(), ": no glob of its rule in ", policy_path, " names it");
}

}  // namespace runx::plan
