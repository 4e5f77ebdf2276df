// SPDX-License-Identifier: Apache-2.0
#include "plan/bitstreams.h"

#include <algorithm>
#include <set>

#include "plan/bitstream_checks.h"
#include "plan/claim.h"

namespace runx::plan {
namespace {

using annotations::AcceleratorRequest;
using annotations::BitstreamRequest;
using base::text;

class Placer {
 public:
  Placer(const AcceleratorRequest& request, const HostFacts& host, const ImageFacts* image)
      : request_(request), host_(host), image_(image) {}

  PlacedBitstreams place() && {
    place_all();
    return std::move(out_);
  }

  WorthReading worth_reading() && {
    place_all();
    worth_.refusals = std::move(out_.refusals);
    return std::move(worth_);
  }

 private:
  // Before the files are read every file fits, and what would be taken is what is worth reading.
  bool unread() const { return image_ == nullptr; }

  void place_all() {
    for (const auto& bitstream : request_.bitstreams) {
      if (bitstream.region) {
        place_named(bitstream);
      } else {
        place_anywhere(bitstream);
      }
    }
  }

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
    return Candidate{&file, &digest, facts_of(file)};
  }

  const BitstreamFacts* facts_of(const std::string& file) const {
    if (unread()) return nullptr;
    const auto found = image_->bitstreams.find(file);
    return found == image_->bitstreams.end() ? nullptr : &found->second;
  }

  std::optional<std::string> wrong_in(const BitstreamRequest& request, const Candidate& candidate,
                                      const Region& region) const {
    return unread() ? wrong_shell(request, *candidate.file, region) : misfit(request, candidate, region, host_);
  }

  bool sound(const BitstreamRequest& request, const Candidate& candidate) {
    if (unread()) return true;
    auto why = unsound(request, candidate, host_);
    out_.refusals.insert(out_.refusals.end(), why.begin(), why.end());
    return why.empty();
  }

  static bool asks_for(const BitstreamRequest& request, const Region& region) {
    return request.region && (*request.region == region.name || *request.region == region.node);
  }

  const std::string* holder(const Region& region) const {
    const auto found = host_.holders.find(region_claim(region.name));
    return found == host_.holders.end() ? nullptr : &found->second;
  }

  bool used_here(const Region& region) const {
    return std::any_of(out_.steps.begin(), out_.steps.end(), [&](const RegionStep& step) {
      return std::find(step.regions.begin(), step.regions.end(), region.name) != step.regions.end();
    });
  }

  bool asked_by_name(const Region& region) const {
    return std::any_of(request_.bitstreams.begin(), request_.bitstreams.end(),
                       [&](const BitstreamRequest& other) { return asks_for(other, region); });
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
    if (unread()) {
      worth_.bitstreams.insert(*candidate.file);
      worth_.regions.insert(region.name);
      if (request.overlay) worth_.overlays.insert(*request.overlay);
      return;
    }
    const auto& facts = *candidate.facts;
    RegionStep step{.name = request.name,
                    .file = *candidate.file,
                    .regions = {region.name},
                    .manager = region.manager,
                    .digest = facts.digest,
                    .payload_digest = facts.payload_digest,
                    .payload_offset = facts.info.payload_offset,
                    .payload_length = facts.info.payload_length,
                    .loaded = holds(region, facts)};
    step.node = region.node;
    step.bridge = region.bridge;
    // Behind bridges only the region's node will do: XRT knows nothing of them.
    if (by_xrt(facts, host_) && region.node.empty()) step.xclbin_uuid = facts.info.uuid;
    step.blank = region.blank;
    out_.steps.push_back(std::move(step));
  }

  // A design that was used still has what its user left in its registers and memories.
  bool left_by_a_stranger(const RegionContent& content) const {
    if (content.container.empty()) return false;  // a blank, which nobody has used
    if (!content.kubernetes_namespace.empty() || !host_.kubernetes_namespace.empty()) {
      return content.kubernetes_namespace != host_.kubernetes_namespace;
    }
    return content.root != host_.root;
  }

  // What its last owner left there may stay, but not behind bridges: giving back turned them off, and only programming
  // turns them on again.
  bool holds(const Region& region, const BitstreamFacts& facts) const {
    const auto* rule = host_.rule();
    const auto content = host_.contents.find(region.name);
    return region.node.empty() && region.reuse && content != host_.contents.end() &&
           content->second.digest == facts.payload_digest && !left_by_a_stranger(content->second) &&
           (rule == nullptr || !rule->fresh_load);
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
    if (!good) return;
    if (const auto why = host_.denied(region_claim(found->name))) return refuse(*why);
    if (const auto why = wrong_in(request, *candidate, *found)) return refuse(*why);
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

  // Every file of the request that was worth reading: a wrong digest is wrong wherever the file would go, and a full
  // bitstream goes to no region.
  bool all_sound(const BitstreamRequest& request) {
    std::set<std::string> seen;
    bool good = true;
    const auto look = [&](const Candidate& candidate, bool worth) {
      if (!worth && candidate.facts == nullptr) return;
      if (seen.insert(*candidate.file).second) good = sound(request, candidate) && good;
    };
    for (const auto& region : host_.board.regions) {
      const auto candidate = candidate_for(request, region.name);
      if (candidate) look(*candidate, may_take(request, *candidate, region));
    }
    if (!request.file.empty()) look(*candidate_for(request, ""), false);
    return good;
  }

  // Whether a request for any region may have this one, as far as can be said before the file is read and if it is
  // free.
  bool may_take(const BitstreamRequest& request, const Candidate& candidate, const Region& region) const {
    return !wrong_shell(request, *candidate.file, region) && !host_.denied(region_claim(region.name)) &&
           !asked_by_name(region);
  }

  // The facts of the request's file when that is a full bitstream; variants are for regions.
  const BitstreamFacts* full_file(const BitstreamRequest& request) const {
    const auto* facts = facts_of(request.file);
    return facts != nullptr && is_full(request, *facts) ? facts : nullptr;
  }

  // A full bitstream replaces what is in all regions of its manager: all of them must be free.
  void place_full(const BitstreamRequest& request, const BitstreamFacts& facts) {
    const Candidate candidate{&request.file, &request.digest, &facts};
    const Region* home = nullptr;
    std::optional<std::string> why;
    for (const auto& region : host_.board.regions) {
      auto wrong = misfit(request, candidate, region, host_);
      if (!wrong && home == nullptr) home = &region;
      if (!why) why = std::move(wrong);
    }
    if (home == nullptr) {
      return refuse(why ? *why
                        : text("bitstream ", request.file,
                               " has no place: this board's file names no region of the "
                               "FPGA, and so no manager"));
    }
    RegionStep step{.name = request.name,
                    .file = request.file,
                    .manager = home->manager,
                    .digest = facts.digest,
                    .payload_digest = facts.payload_digest,
                    .payload_offset = facts.info.payload_offset,
                    .payload_length = facts.info.payload_length,
                    .full = true};
    for (const auto& region : host_.board.regions) {
      if (region.manager != home->manager) continue;
      if (const auto denied = host_.denied(region_claim(region.name))) return refuse(*denied);
      if (used_here(region) || asked_by_name(region)) {
        return refuse("bitstream ", request.file, " replaces the whole device, and region ", region.name,
                      " is asked for by another bitstream of the image: use one of the two");
      }
      if (const auto* other = holder(region)) {
        return refuse("bitstream ", request.file, " replaces the whole device, and region ", region.name,
                      " is held by container ", *other, ": delete it first");
      }
      step.regions.push_back(region.name);
    }
    out_.steps.push_back(std::move(step));
  }

  void place_anywhere(const BitstreamRequest& request) {
    if (!all_sound(request)) return;
    if (const auto* full = full_file(request)) return place_full(request, *full);
    std::string held;
    std::optional<std::string> why;
    bool taken_here = false;
    const Region* first = nullptr;
    for (const auto& region : host_.board.regions) {
      const auto candidate = candidate_for(request, region.name);
      if (!candidate || (candidate->facts == nullptr && !unread())) continue;
      auto wrong = wrong_in(request, *candidate, region);
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
      if (other == nullptr) {
        // One that holds the design already is better than the first one.
        if (!unread() && holds(region, *candidate->facts)) return use(request, *candidate, region);
        if (first == nullptr) first = &region;
        continue;
      }
      held += text(held.empty() ? "" : ", ", region.name, " is held by container ", *other);
    }
    if (first != nullptr && unread()) return use_all(request);
    if (first != nullptr) return use(request, *candidate_for(request, first->name), *first);
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

  // What the request could get, also when another container gives it back meanwhile.
  void use_all(const BitstreamRequest& request) {
    for (const auto& region : host_.board.regions) {
      const auto candidate = candidate_for(request, region.name);
      if (candidate && may_take(request, *candidate, region)) use(request, *candidate, region);
    }
  }

  const AcceleratorRequest& request_;
  const HostFacts& host_;
  const ImageFacts* image_;  // nullptr: no file was read
  PlacedBitstreams out_;
  WorthReading worth_;
};

}  // namespace

PlacedBitstreams place_bitstreams(const AcceleratorRequest& request, const HostFacts& host, const ImageFacts& image) {
  return Placer(request, host, &image).place();
}

WorthReading bitstreams_worth_reading(const AcceleratorRequest& request, const HostFacts& host) {
  return Placer(request, host, nullptr).worth_reading();
}

}  // namespace runx::plan
