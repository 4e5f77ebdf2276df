// SPDX-License-Identifier: Apache-2.0
// Any text as policy.json: it is refused in printable words, or it can be asked about anybody and anything.
#include <cstdint>

#include "plan/policy.h"
#include "tests/fuzz/hold.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using runx::fuzz::hold;
  const auto policy = runx::plan::parse_policy({reinterpret_cast<const char*>(data), size}, "policy.json");
  if (!policy) {
    hold(!policy.error().what.empty());
    for (const char c : policy.error().what) hold(c >= 0x20 && c < 0x7f);
    return 0;
  }
  for (const auto& rule : policy->rules) {
    hold(!rule.vcpus || (*rule.vcpus >= 1 && *rule.vcpus <= 128));
    for (const auto& glob : rule.give) hold(glob.starts_with("region ") || glob.starts_with("device "));
    if (runx::plan::gives(rule, "region pr0")) hold(!rule.give.empty());
  }
  const auto* nobody = runx::plan::rule_for(*policy, "");
  hold(nobody == nullptr || nobody->namespaces.empty());
  runx::plan::rule_for(*policy, "vision");
  return 0;
}
