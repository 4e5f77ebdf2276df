// SPDX-License-Identifier: Apache-2.0
#pragma once

// The policy file: who may be given what of the board (spec/host.md). It belongs to the host's owner. Without one,
// everybody who can call the runtime may ask for all that the board file names and the boot tree marks. With one,
// nothing is given that no rule names, and the first rule that is for somebody is the only one.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "annotations/request.h"
#include "base/result.h"
#include "plan/kinds.h"

namespace runx::plan {

inline constexpr const char* policy_path = "/etc/runx-accel/policy.json";

struct PolicyRule {
  std::vector<std::string> namespaces;              // globs; empty: everybody, also where no namespace is known
  std::vector<std::string> give;                    // globs of claims: "region pr*", "device /axi/timer@ff110000"
  std::optional<std::uint64_t> memory;              // bytes, the most that a domain has; nothing: no limit
  std::optional<unsigned> vcpus;                    // the same
  bool encrypted = false;                           // bitstreams that nobody can check are let in
  bool headerless = false;                          // a .bin is taken for partial when the request says so
  bool full = false;                                // bitstreams that replace the whole device are let in
  bool fresh_load = false;                          // a region is programmed even when it holds the same design
  bool kernel_parameters = false;                   // domain.cmdline may set the runtime's own, at run time
  std::vector<std::string> dma_without_iommu;       // globs of claims on devices: may do DMA unprotected
  std::optional<std::vector<std::string>> digests;  // of the only bitstreams that are let in; nothing: any
  // Files in Dom0 with the public keys of those whose bitstreams are let in (signature.h); nothing: any.
  std::optional<std::vector<std::string>> signed_by = std::nullopt;
};

// Who writes config.json, and so the annotation that names the namespace.
enum class Engine { containerd, cri_o };

struct Policy {
  std::vector<PolicyRule> rules;
  std::optional<Engine> engine = std::nullopt;  // nothing: nobody has a namespace
};

// `name` is what errors call the file. Unknown keys are errors.
base::Result<Policy> parse_policy(std::string_view text, const std::string& name, const Kinds& kinds = plan::kinds());

// The keys that the rules name: by file, as DER. `read` reads a file of at most so many bytes; each is read once. One
// that cannot be read is as wrong as the policy itself would be.
using PublicKeys = std::map<std::string, std::string>;
using ReadFile = std::function<base::Result<std::string>(const std::string& file, std::size_t most)>;
base::Result<PublicKeys> public_keys(const Policy& policy, const ReadFile& read);

// The rule for a namespace ("": not known), or nullptr.
const PolicyRule* rule_for(const Policy& policy, std::string_view kubernetes_namespace);

// Whether `rule` gives the claim.
bool gives(const PolicyRule& rule, std::string_view claim);

// Whether `rule` lets the device of the claim do DMA that no IOMMU checks.
bool allows_dma(const PolicyRule& rule, std::string_view claim);

// The Kubernetes namespace of whoever asks, or "": what the policy's engine wrote into config.json's annotations. An
// engine overwrites its own key; another engine's comes from the pod's author (CRI-O copies it from the pod) or the
// image (umoci and podman before 4.6 copy its labels or annotations), so it never counts, and one that says something
// else makes the asker nobody.
std::string namespace_of(const Policy& policy, const annotations::Annotations& run_time);

// `*` is any bytes, `/` too, and `?` is one. Takes time in proportion to the product of the lengths at most.
bool matches_glob(std::string_view glob, std::string_view text);

}  // namespace runx::plan
