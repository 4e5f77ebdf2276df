// SPDX-License-Identifier: Apache-2.0
#include "runtime/plan/bitstreams.h"

#include <algorithm>
#include <set>

#include "annotations/value.h"
#include "runtime/plan/claim.h"

namespace runx::plan {
namespace {

using annotations::AcceleratorRequest;
using annotations::BitstreamRequest;
using base::text;

constexpr std::uint32_t idcode_mask = 0x0FFFFFFF;  // the highest nibble is the silicon's revision

std::string idcode_text(std::uint32_t code) { return base::hex(code, 8).substr(2); }

// A file of a request, and what is known of it.
struct Candidate {
  const std::string* file = nullptr;
  const std::optional<std::string>* digest = nullptr;
  const BitstreamFacts* facts = nullptr;
};

class Placer {
 public:
  Placer(const AcceleratorRequest& request, const HostFacts& host, const ImageFacts& image)
      : request_(request), host_(host), image_(image) {}

  PlacedBitstreams place() && {
    for (const auto& bitstream : request_.bitstreams) {
      if (bitstream.region) {
        place_named(bitstream);
      } else {
        place_anywhere(bitstream);
      }
    }
    return std::move(out_);
  }

 private:
  template <class... Parts>
  void refuse(const Parts&... parts) {
    out_.refusals.push_back(text(parts...));
  }

  // The request's own file for the region; without one, the file for all regions.
  std::optional<Candidate> candidate_for(const BitstreamRequest& request, const std::string& region) const {
    const auto variant = request.variants.find(region);
    const auto& file = variant == request.variants.end() ? request.file : variant->second.file;
    const auto& digest = variant == request.variants.end() ? request.digest : variant->second.digest;
    if (file.empty()) return std::nullopt;
    const auto facts = image_.bitstreams.find(file);
    return Candidate{&file, &digest, facts == image_.bitstreams.end() ? nullptr : &facts->second};
  }

  // What of the file itself speaks against it, whatever the region.
  bool sound(const BitstreamRequest& request, const Candidate& candidate) {
    const auto before = out_.refusals.size();
    const auto& file = *candidate.file;
    if (candidate.facts == nullptr) {
      refuse("bitstream ", file, " was not read");
      return false;
    }
    const auto& facts = *candidate.facts;
    if (*candidate.digest && **candidate.digest != facts.digest) {
      refuse("bitstream ", file, " has digest ", facts.digest, ", but the image asks for ", **candidate.digest,
             ": rebuild the image with the file that was meant");
    }
    if (request.format && *request.format != fpga::to_text(facts.info.format)) {
      refuse("bitstream ", file, " is a .", fpga::to_text(facts.info.format), ", but fpga.", request.name,
             ".format says ", *request.format, ": correct the annotation");
    }
    if (const auto* rule = host_.rule(); rule != nullptr && rule->digests) {
      const auto& known = *rule->digests;
      if (std::find(known.begin(), known.end(), facts.digest) == known.end())
        refuse("bitstream ", file, " has digest ", facts.digest, ", which is not among those that ", policy_path,
               " lets in: add it there, or use another");
    }
    if (!fpga::is_stream_file(facts.info.format)) {
      refuse("bitstream ", file, " is ", fpga::sentence_name(facts.info.format),
             ", and this version of runx-accel programs .bit and .bin files only: put the bitstream itself into the "
             "image");
      return false;
    }
    check_encryption(request, file, facts.info);
    check_partial(request, file, facts.info);
    if (!facts.info.idcode) {
      refuse("bitstream ", file, " does not say for which part it is (no IDCODE): write it with a tool that does");
    }
    return out_.refusals.size() == before;
  }

  void check_encryption(const BitstreamRequest& request, const std::string& file, const fpga::BitstreamInfo& info) {
    const auto* rule = host_.rule();
    if (info.encrypted && rule != nullptr && rule->encrypted) {
      if (request.encrypted != true) {
        refuse("bitstream ", file, " is encrypted, and fpga.", request.name, ".encrypted does not say so: write yes");
      }
    } else if (info.encrypted) {
      refuse("bitstream ", file, " is encrypted, so nobody can check what it writes: use a plain one");
    } else if (request.encrypted.value_or(false)) {
      refuse("bitstream ", file, " is not encrypted, but fpga.", request.name,
             ".encrypted says yes: correct the annotation");
    }
  }

  void check_partial(const BitstreamRequest& request, const std::string& file, const fpga::BitstreamInfo& info) {
    if (request.partial && info.partial && *request.partial != *info.partial) {
      refuse("bitstream ", file, " is a ", *info.partial ? "partial" : "full", " one, but fpga.", request.name,
             ".partial says ", *request.partial ? "yes" : "no", ": correct the annotation");
      return;
    }
    const auto* rule = host_.rule();
    if (!info.partial && request.partial && rule != nullptr && !rule->headerless) {
      refuse("bitstream ", file, " does not say whether it is partial, and ", policy_path,
             " takes nobody's word for it (headerless): use the .bit file");
      return;
    }
    const auto partial = info.partial ? info.partial : request.partial;
    if (!partial) {
      refuse("bitstream ", file,
             " does not say whether it is partial (a .bin has no header): use the .bit file, or "
             "write fpga.",
             request.name, ".partial = yes if it is");
    } else if (!*partial) {
      refuse("bitstream ", file, " is a full one and would replace the whole device: use a partial one for a region");
    }
  }

  static bool fits(const Region& region, std::uint32_t code) {
    return std::any_of(region.idcodes.begin(), region.idcodes.end(),
                       [&](std::uint32_t known) { return (known & idcode_mask) == (code & idcode_mask); });
  }

  static bool asks_for(const BitstreamRequest& request, const Region& region) {
    return request.region && (*request.region == region.name || *request.region == region.node);
  }

  const std::string* holder(const Region& region) const {
    const auto found = host_.holders.find(region_claim(region.name));
    return found == host_.holders.end() ? nullptr : &found->second;
  }

  bool used_here(const Region& region) const {
    return std::any_of(out_.steps.begin(), out_.steps.end(),
                       [&](const BitstreamStep& step) { return step.region == region.name; });
  }

  bool asked_by_name(const Region& region) const {
    return std::any_of(request_.bitstreams.begin(), request_.bitstreams.end(),
                       [&](const BitstreamRequest& other) { return asks_for(other, region); });
  }

  // Why a sound file does not go into a region, apart from whose the region is.
  std::optional<std::string> misfit(const BitstreamRequest& request, const Candidate& candidate,
                                    const Region& region) const {
    const auto& info = candidate.facts->info;
    if (!fits(region, *info.idcode)) {
      std::string known;
      for (const auto code : region.idcodes) known += (known.empty() ? "" : " or ") + idcode_text(code);
      return text("bitstream ", *candidate.file, " is for the part with IDCODE ", idcode_text(*info.idcode),
                  info.part.empty() ? "" : " (" + annotations::printable(info.part) + ")", ", but region ", region.name,
                  " takes ", known, ": build it for this board");
    }
    if (request.shell && *request.shell != region.shell) {
      return text("bitstream ", *candidate.file, " is for shell ", *request.shell, ", but region ", region.name,
                  region.shell.empty() ? " has none in the board's file" : " is in shell " + region.shell,
                  ": build it for this board");
    }
    return std::nullopt;
  }

  std::string region_names() const {
    std::string out;
    for (const auto& region : host_.board.regions) out += (out.empty() ? " (" : ", ") + region.name;
    return out.empty() ? " (it has none)" : out + ")";
  }

  static std::string variant_names(const BitstreamRequest& request) {
    std::string out;
    for (const auto& [region, variant] : request.variants) out += (out.empty() ? "" : ", ") + region;
    return out;
  }

  void use(const BitstreamRequest& request, const Candidate& candidate, const Region& region) {
    const auto& facts = *candidate.facts;
    out_.steps.push_back({request.name, *candidate.file, region.name, region.manager, facts.digest,
                          facts.payload_digest, facts.info.payload_offset, facts.info.payload_length});
  }

  void place_named(const BitstreamRequest& request) {
    const auto& regions = host_.board.regions;
    const auto found =
        std::find_if(regions.begin(), regions.end(), [&](const Region& region) { return asks_for(request, region); });
    const auto candidate = candidate_for(request, found == regions.end() ? *request.region : found->name);
    const bool good = candidate && sound(request, *candidate);
    if (found == regions.end()) {
      return refuse("region ", *request.region, ", which fpga.", request.name,
                    " asks for, is not one of this board's regions", region_names(),
                    ": ask for one of these, or for any");
    }
    if (!candidate) {
      return refuse("fpga.", request.name, " has no bitstream for region ", found->name,
                    " that it asks for (it has for ", variant_names(request), "): add fpga.", request.name,
                    ".bitstream.", found->name);
    }
    if (!good || candidate->facts == nullptr) return;
    if (const auto why = host_.denied(region_claim(found->name))) return refuse(*why);
    if (const auto why = misfit(request, *candidate, *found)) return refuse(*why);
    if (used_here(*found)) {
      return refuse("region ", found->name, " is asked for by two bitstreams, fpga.", request.name,
                    " being the second: ask for another region");
    }
    if (const auto* other = holder(*found)) {
      return refuse("region ", found->name, " is held by container ", *other,
                    ": delete it first, or ask for another region");
    }
    use(request, *candidate, *found);
  }

  // Every file that could go into one of the regions: a wrong digest is wrong wherever the file would go.
  bool all_sound(const BitstreamRequest& request) {
    std::set<std::string> seen;
    bool good = true;
    const auto look = [&](const std::optional<Candidate>& candidate) {
      if (candidate && seen.insert(*candidate->file).second) good = sound(request, *candidate) && good;
    };
    for (const auto& region : host_.board.regions) look(candidate_for(request, region.name));
    if (host_.board.regions.empty()) look(candidate_for(request, ""));
    return good;
  }

  void place_anywhere(const BitstreamRequest& request) {
    if (!all_sound(request)) return;
    std::string held;
    std::optional<std::string> why;
    bool taken_here = false;
    for (const auto& region : host_.board.regions) {
      const auto candidate = candidate_for(request, region.name);
      if (!candidate || candidate->facts == nullptr) continue;
      auto wrong = misfit(request, *candidate, region);
      if (!wrong) wrong = host_.denied(region_claim(region.name));
      if (wrong) {
        if (!why) why = wrong;
        continue;
      }
      if (asked_by_name(region) || used_here(region)) {
        taken_here = true;
        continue;
      }
      const auto* other = holder(region);
      if (other == nullptr) return use(request, *candidate, region);
      held += text(held.empty() ? "" : ", ", region.name, " is held by container ", *other);
    }
    const auto file = request.file.empty() ? "fpga." + request.name : "bitstream " + request.file;
    if (!held.empty()) {
      refuse("no free region for ", file, ": ", held, ": delete one of them first");
    } else if (host_.board.regions.empty()) {
      refuse(file, " has no place: this board's file names no region of the FPGA");
    } else if (taken_here) {
      refuse("no region is left for ", file, ": the image's other bitstreams take all that fit it: ask for fewer");
    } else if (why) {
      refuse(*why);
    } else {
      refuse("fpga.", request.name, " has bitstreams for ", variant_names(request),
             ", and this board's regions are others", region_names(), ": add one for a region of this board");
    }
  }

  const AcceleratorRequest& request_;
  const HostFacts& host_;
  const ImageFacts& image_;
  PlacedBitstreams out_;
};

}  // namespace

PlacedBitstreams place_bitstreams(const AcceleratorRequest& request, const HostFacts& host, const ImageFacts& image) {
  return Placer(request, host, image).place();
}

}  // namespace runx::plan
