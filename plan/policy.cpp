// SPDX-License-Identifier: Apache-2.0
#include "plan/policy.h"

#include <algorithm>
#include <array>
#include <functional>

#include "base/json.h"
#include "base/sha256.h"
#include "plan/claim.h"
#include "plan/kind.h"
#include "plan/reader.h"
#include "plan/signature.h"

namespace runx::plan {
namespace {

using base::Result;
using base::Status;
using nlohmann::json;

constexpr std::size_t most_entries = 256;  // of each list: a policy is written by hand
constexpr std::size_t most_keys = 32;      // each is tried on each bitstream

struct EngineRow {
  Engine engine;
  const char* name;           // in the policy file
  const char* namespace_key;  // the annotation that it writes
};
// containerd: its CRI plugin's annotation of the sandbox's namespace. CRI-O: the kubelet's label of the pod's.
constexpr std::array<EngineRow, 2> engines{{
    {Engine::containerd, "containerd", "io.kubernetes.cri.sandbox-namespace"},
    {Engine::cri_o, "cri-o", "io.kubernetes.pod.namespace"},
}};

Status read_engine(const Reader& in, Policy& policy) {
  const auto* name = in.member("engine");
  if (name == nullptr) return {};
  for (const auto& row : engines) {
    if (*name == row.name) policy.engine = row.engine;
  }
  if (policy.engine) return {};
  return base::fail(std::errc::invalid_argument, in.where(), ": \"engine\" is neither \"containerd\" nor \"cri-o\"");
}

bool is_glob(std::string_view text) {
  return !text.empty() && text.size() <= 256 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

bool is_glob_of(std::string_view prefix, std::string_view text) {
  return is_glob(text) && text.size() > prefix.size() && text.starts_with(prefix);
}
bool is_device_glob(std::string_view text) { return is_glob_of(device_prefix, text); }

// Of something that can be held: "region pr*".
bool is_claim_glob(const Kinds& kinds, std::string_view text) {
  return std::any_of(kinds.begin(), kinds.end(), [&](const Kind* kind) {
    return kind->is_claimed() && is_glob_of(std::string(kind->name()) + " ", text);
  });
}

using Valid = std::function<bool(std::string_view)>;

Status read_list(const Reader& in, const char* key, const Valid& valid, const char* what,
                 std::optional<std::vector<std::string>>& out, std::size_t most = most_entries) {
  const auto* list = in.member(key);
  if (list == nullptr) return {};
  const auto wrong =
      base::fail(std::errc::invalid_argument, in.where(), ": \"", key, "\" is not a list of at most ", most, " ", what);
  if (!list->is_array() || list->size() > most) return wrong;
  out.emplace();
  for (const auto& entry : *list) {
    if (!entry.is_string() || !valid(entry.get_ref<const std::string&>())) return wrong;
    out->push_back(entry.get<std::string>());
  }
  return {};
}

Status read_limits(const Reader& in, PolicyRule& rule) {
  if (const auto* memory = in.member("memory")) {
    if (memory->is_string()) rule.memory = annotations::parse_size(memory->get_ref<const std::string&>());
    if (!rule.memory)
      return base::fail(std::errc::invalid_argument, in.where(), ": \"memory\" is not a size, like \"512MiB\"");
  }
  if (const auto* vcpus = in.member("vcpus")) {
    if (!vcpus->is_number_unsigned() || *vcpus < 1U || *vcpus > 128U)
      return base::fail(std::errc::invalid_argument, in.where(), ": \"vcpus\" is not a number from 1 to 128");
    rule.vcpus = vcpus->get<unsigned>();
  }
  return {};
}

Result<PolicyRule> parse_rule(const json& value, const std::string& where, const Kinds& kinds) {
  const Reader in(value, where);
  if (auto known = in.only({"namespaces", "give", "memory", "vcpus", "encrypted", "headerless", "digests", "signedBy",
                            "full", "freshLoad", "kernelParameters", "dmaWithoutIommu"});
      !known)
    return tl::unexpected(known.error());
  PolicyRule rule;
  std::optional<std::vector<std::string>> namespaces;
  std::optional<std::vector<std::string>> give;
  std::optional<std::vector<std::string>> dma;
  for (const auto& done :
       {read_list(in, "namespaces", is_glob, "globs", namespaces),
        read_list(
            in, "give", [&](std::string_view text) { return is_claim_glob(kinds, text); },
            "globs, like \"region pr*\" or \"device /axi/timer@*\"", give),
        read_list(in, "digests", base::is_sha256_digest, "digests", rule.digests), read_limits(in, rule),
        read_list(in, "signedBy", annotations::is_clean_path, "absolute paths of public keys", rule.signed_by,
                  most_keys),
        read_list(in, "dmaWithoutIommu", is_device_glob, "globs, like \"device /axi/ethernet@*\"", dma),
        in.flag("encrypted", rule.encrypted), in.flag("headerless", rule.headerless), in.flag("full", rule.full),
        in.flag("freshLoad", rule.fresh_load), in.flag("kernelParameters", rule.kernel_parameters)}) {
    if (!done) return tl::unexpected(done.error());
  }
  // An empty list would silently be for everybody.
  if (namespaces && namespaces->empty())
    return base::fail(std::errc::invalid_argument, where, ": \"namespaces\" is empty: leave it out for everybody");
  if (!give) return base::fail(std::errc::invalid_argument, where, " needs \"give\", a list that may be empty");
  rule.namespaces = namespaces.value_or(std::vector<std::string>());
  rule.give = std::move(*give);
  rule.dma_without_iommu = dma.value_or(std::vector<std::string>());
  return rule;
}

bool matches_any(const std::vector<std::string>& globs, std::string_view text) {
  return std::any_of(globs.begin(), globs.end(), [&](const auto& glob) { return matches_glob(glob, text); });
}

}  // namespace

Result<Policy> parse_policy(std::string_view text, const std::string& name, const Kinds& kinds) {
  const auto value = base::parse_json(text, name);
  if (!value) return tl::unexpected(value.error());
  const Reader in(*value, name);
  if (auto known = in.only({"schema", "engine", "rules"}); !known) return tl::unexpected(known.error());
  const auto* schema = in.member("schema");
  if (schema == nullptr || *schema != 1)
    return base::fail(std::errc::invalid_argument, name, " needs \"schema\": 1, the version that this program reads");
  const auto* rules = in.member("rules");
  if (rules == nullptr || !rules->is_array() || rules->size() > most_entries)
    return base::fail(std::errc::invalid_argument, name, " needs \"rules\", a list of at most 256");
  Policy policy;
  if (auto engine = read_engine(in, policy); !engine) return tl::unexpected(engine.error());
  for (std::size_t i = 0; i < rules->size(); ++i) {
    auto rule = parse_rule((*rules)[i], base::text(name, ": rule ", i + 1), kinds);
    if (!rule) return tl::unexpected(rule.error());
    policy.rules.push_back(std::move(*rule));
  }
  return policy;
}

Result<PublicKeys> public_keys(const Policy& policy, const ReadFile& read) {
  PublicKeys out;
  for (const auto& rule : policy.rules) {
    for (const auto& file : rule.signed_by.value_or(std::vector<std::string>())) {
      if (out.contains(file)) continue;
      const auto pem = read(file, largest_key);
      if (!pem) return base::context(pem.error(), "the policy needs a public key");
      auto key = parse_public_key(*pem, file);
      if (!key) return tl::unexpected(key.error());
      out[file] = std::move(*key);
    }
  }
  return out;
}

const PolicyRule* rule_for(const Policy& policy, std::string_view kubernetes_namespace) {
  for (const auto& rule : policy.rules) {
    if (rule.namespaces.empty()) return &rule;
    // No glob is for somebody who is not known, not even "*".
    if (!kubernetes_namespace.empty() && matches_any(rule.namespaces, kubernetes_namespace)) return &rule;
  }
  return nullptr;
}

bool gives(const PolicyRule& rule, std::string_view claim) { return matches_any(rule.give, claim); }

bool allows_dma(const PolicyRule& rule, std::string_view claim) { return matches_any(rule.dma_without_iommu, claim); }

std::string namespace_of(const Policy& policy, const annotations::Annotations& run_time) {
  const EngineRow* own = nullptr;
  for (const auto& row : engines) {
    if (row.engine == policy.engine) own = &row;
  }
  const auto said = own == nullptr ? run_time.end() : run_time.find(own->namespace_key);
  if (said == run_time.end()) return {};
  const auto contradicts = [&](const EngineRow& row) {
    const auto other = run_time.find(row.namespace_key);
    return other != run_time.end() && other->second != said->second;
  };
  return std::any_of(engines.begin(), engines.end(), contradicts) ? std::string() : said->second;
}

bool matches_glob(std::string_view glob, std::string_view text) {
  std::size_t at = 0;
  std::size_t here = 0;
  std::size_t star = std::string_view::npos;
  std::size_t from = 0;  // where the last star's bytes end
  while (here < text.size()) {
    if (at < glob.size() && glob[at] == '*') {
      star = at++;
      from = here;
    } else if (at < glob.size() && (glob[at] == '?' || glob[at] == text[here])) {
      ++at;
      ++here;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      here = ++from;
    } else {
      return false;
    }
  }
  while (at < glob.size() && glob[at] == '*') ++at;
  return at == glob.size();
}

}  // namespace runx::plan
