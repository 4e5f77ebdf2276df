// SPDX-License-Identifier: Apache-2.0
#include "plan/bitstream_checks.h"

#include <algorithm>
#include <array>

#include "annotations/value.h"
#include "plan/signature.h"

namespace runx::plan {
namespace {

using annotations::BitstreamRequest;
using base::text;

std::string idcode_text(std::uint32_t code) { return base::hex(code, 8).substr(2); }

class Checker {
 public:
  Checker(const BitstreamRequest& request, const Candidate& candidate, const HostFacts& host)
      : request_(request),
        candidate_(candidate),
        rule_(host.rule()),
        has_policy_(host.policy.has_value()),
        by_xrt_(candidate.facts != nullptr && by_xrt(*candidate.facts, host)),
        host_(host) {}

  Refusals check() && {
    if (candidate_.facts == nullptr) {
      refuse("was not read");
      return std::move(refusals_);
    }
    const auto& facts = *candidate_.facts;
    digest(facts);
    if (request_.format && *request_.format != bitstream::to_text(facts.info.format)) {
      refuse("is a .", bitstream::to_text(facts.info.format), ", but ", key("format"), " says ", *request_.format,
             ": correct the annotation");
    }
    if (!facts.info.has_stream) {
      refuse(
          "is ", bitstream::sentence_name(facts.info.format),
          " and holds no configuration stream, which is all that the manager takes: put the .bit file into the image");
      return std::move(refusals_);
    }
    if (by_xrt_) xclbin(facts.info);
    encryption(facts.info);
    partial(facts.info);
    if (!facts.info.idcode) {
      refuse("does not say for which part it is (no IDCODE): write it with a tool that does");
    }
    return std::move(refusals_);
  }

 private:
  template <class... Parts>
  void refuse(const Parts&... parts) {
    refusals_.push_back(text("bitstream ", *candidate_.file, " ", parts...));
  }
  std::string key(const char* leaf) const { return text("fpga.", request_.name, ".", leaf); }

  void digest(const BitstreamFacts& facts) {
    if (*candidate_.digest && **candidate_.digest != facts.digest) {
      refuse("has digest ", facts.digest, ", but the image asks for ", **candidate_.digest,
             ": rebuild the image with the file that was meant");
    }
    for (auto& why :
         not_let_in("bitstream " + *candidate_.file, *candidate_.file, facts.digest, facts.signature, host_))
      refusals_.push_back(std::move(why));
  }

  // XRT and zocl get the whole file and follow more than the bitstream: a device tree overlay in PARTITION_METADATA, a
  // soft kernel, a PDI. None of these is held against the region.
  void xclbin(const bitstream::BitstreamInfo& info) {
    static constexpr std::array<std::string_view, 14> harmless{"BITSTREAM",
                                                               "MEM_TOPOLOGY",
                                                               "IP_LAYOUT",
                                                               "CONNECTIVITY",
                                                               "DEBUG_IP_LAYOUT",
                                                               "DEBUG_DATA",
                                                               "BUILD_METADATA",
                                                               "EMBEDDED_METADATA",
                                                               "SYSTEM_METADATA",
                                                               "KEYVALUE_METADATA",
                                                               "USER_METADATA",
                                                               "ASK_GROUP_TOPOLOGY",
                                                               "ASK_GROUP_CONNECTIVITY",
                                                               "CLOCK_FREQ_TOPOLOGY"};
    unsigned bitstreams = 0;
    for (const auto& part : info.parts) {
      bitstreams += part.kind == "BITSTREAM" ? 1 : 0;
      if (std::find(harmless.begin(), harmless.end(), part.kind) != harmless.end()) continue;
      refuse("has a section ", part.kind,
             ", which XRT would follow and nobody can check: link it without, or use a .bit");
    }
    if (bitstreams > 1) refuse("has ", bitstreams, " bitstreams: link it with one");
    if (info.uuid.empty()) refuse("has no uuid, by which XRT knows it: link it with a tool that writes one");
  }

  void encryption(const bitstream::BitstreamInfo& info) {
    if (info.encrypted && rule_ != nullptr && rule_->encrypted) {
      if (request_.encrypted != true) refuse("is encrypted, and ", key("encrypted"), " does not say so: write yes");
    } else if (info.encrypted) {
      refuse("is encrypted, so nobody can check what it writes: use a plain one");
    } else if (request_.encrypted.value_or(false)) {
      refuse("is not encrypted, but ", key("encrypted"), " says yes: correct the annotation");
    }
  }

  void partial(const bitstream::BitstreamInfo& info) {
    if (request_.partial && info.partial && *request_.partial != *info.partial) {
      return refuse("is a ", *info.partial ? "partial" : "full", " one, but ", key("partial"), " says ",
                    *request_.partial ? "yes" : "no", ": correct the annotation");
    }
    if (!info.partial && request_.partial && rule_ != nullptr && !rule_->headerless) {
      return refuse("does not say whether it is partial, and ", policy_path,
                    " takes nobody's word for it (headerless): use the .bit file");
    }
    const auto is_partial = info.partial ? info.partial : request_.partial;
    if (!is_partial) {
      return refuse("does not say whether it is partial (a .bin has no header): use the .bit file, or write ",
                    key("partial"), " = yes if it is");
    }
    if (*is_partial) return;
    if (rule_ == nullptr || !rule_->full) {
      refuse("is a full one and would replace the whole device: use a partial one for a region",
             has_policy_ ? text(", or let ", policy_path, " say \"full\": true") : "");
    } else if (request_.region || !request_.variants.empty()) {
      refuse("is a full one, which has no region, but fpga.", request_.name, " names one: remove that key");
    }
  }

  const BitstreamRequest& request_;
  const Candidate& candidate_;
  const PolicyRule* rule_;
  bool has_policy_;
  bool by_xrt_;
  const HostFacts& host_;
  Refusals refusals_;
};

std::optional<std::string> outside(const std::string& file, const bitstream::BitstreamInfo& info,
                                   const Region& region) {
  if (region.any_frames || info.encrypted) return std::nullopt;  // of an encrypted one nobody knows the frames
  if (region.frames.empty()) {
    return text("bitstream ", file, " cannot be held against region ", region.name, ", of which ", board_path,
                " names no frames: let the board's owner run accelkit fpga learn ", region.name,
                " with a bitstream that is trusted");
  }
  const auto run = bitstream::first_outside(info.footprint, region.frames);
  if (!run) return std::nullopt;
  const auto known = std::find_if(region.frames.begin(), region.frames.end(),
                                  [&](const bitstream::FrameRun& trusted) { return trusted.start == run->start; });
  if (known == region.frames.end()) {
    return text("bitstream ", file, " writes outside region ", region.name, ": the first such frame is ",
                bitstream::to_text(run->start), ": build it for this region");
  }
  return text("bitstream ", file, " writes outside region ", region.name, ": the first such frame is number ",
              known->frames + 1, " from ", bitstream::to_text(run->start), ": build it for this region");
}

}  // namespace

Refusals not_let_in(const std::string& what, const std::string& file, const std::string& digest,
                    const std::optional<std::string>& signature, const HostFacts& host) {
  Refusals out;
  const auto* rule = host.rule();
  if (rule == nullptr) return out;
  const auto refuse = [&](const auto&... parts) { out.push_back(text(what, " ", parts...)); };
  if (rule->digests && std::find(rule->digests->begin(), rule->digests->end(), digest) == rule->digests->end()) {
    refuse("has digest ", digest, ", which is not among those that ", policy_path,
           " lets in: add it there, or use another");
  }
  if (!rule->signed_by) return out;
  const auto there = signature_file(file);
  const auto read = signature ? parse_signature(*signature) : std::nullopt;
  const auto is_good = [&](const std::string& name) {
    const auto key = host.keys.find(name);
    return key != host.keys.end() && is_signed(digest, *read, key->second);
  };
  if (!signature) {
    refuse("is not signed (", there, "), and ", policy_path,
           " lets in signed ones only: sign it, and put the signature there");
  } else if (!read) {
    refuse("is not signed: ", there,
           " is no signature in DER, as it is or in base64, as openssl dgst and cosign sign-blob write it");
  } else if (std::none_of(rule->signed_by->begin(), rule->signed_by->end(), is_good)) {
    refuse("is signed by none of those whose keys ", policy_path,
           " names (signedBy): use one that is, or add the key there");
  }
  return out;
}

Refusals unsound(const BitstreamRequest& request, const Candidate& candidate, const HostFacts& host) {
  return Checker(request, candidate, host).check();
}

bool by_xrt(const BitstreamFacts& facts, const HostFacts& host) {
  return host.zocl && facts.info.format == bitstream::Format::xclbin;
}

bool is_full(const BitstreamRequest& request, const BitstreamFacts& facts) {
  return !facts.info.partial.value_or(request.partial.value_or(true));
}

std::optional<std::string> wrong_shell(const BitstreamRequest& request, const std::string& file, const Region& region) {
  if (!request.shell || *request.shell == region.shell) return std::nullopt;
  return text("bitstream ", file, " is for shell ", *request.shell, ", but region ", region.name,
              region.shell.empty() ? " has none in the board's file" : " is in shell " + region.shell,
              ": build it for this board");
}

std::optional<std::string> misfit(const BitstreamRequest& request, const Candidate& candidate, const Region& region,
                                  const HostFacts& host) {
  const auto& info = candidate.facts->info;
  const auto same_part = [&](std::uint32_t code) { return bitstream::is_same_device(code, *info.idcode); };
  if (std::none_of(region.idcodes.begin(), region.idcodes.end(), same_part)) {
    std::string known;
    for (const auto code : region.idcodes) known += (known.empty() ? "" : " or ") + idcode_text(code);
    return text("bitstream ", *candidate.file, " is for the part with IDCODE ", idcode_text(*info.idcode),
                info.part.empty() ? "" : " (" + annotations::printable(info.part) + ")", ", but region ", region.name,
                " takes ", known, ": build it for this board");
  }
  if (auto why = wrong_shell(request, *candidate.file, region)) return why;
  if (is_full(request, *candidate.facts)) return std::nullopt;
  if (const auto content = host.contents.find(region.name); content != host.contents.end() && content->second.full) {
    return text("region ", region.name, " is gone: the full bitstream of container ", content->second.container,
                " replaced the static design around it: start the board anew");
  }
  if (auto why = outside(*candidate.file, info, region)) return why;
  const auto blank = host.blanks.find(region.name);
  if (blank != host.blanks.end() && !blank->second) {
    return text("the blank bitstream of region ", region.name, " cannot be used: ", blank->second.error());
  }
  return std::nullopt;
}

}  // namespace runx::plan
