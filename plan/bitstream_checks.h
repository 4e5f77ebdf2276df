// SPDX-License-Identifier: Apache-2.0
#pragma once

// What speaks against a bitstream before it goes anywhere near the device: of the file itself, and of a file in a
// region. Whose the region is does not matter here (bitstreams.cpp).

#include <optional>
#include <string>

#include "plan/plan.h"

namespace runx::plan {

// A file of a request, and what is known of it.
struct Candidate {
  const std::string* file = nullptr;
  const std::optional<std::string>* digest = nullptr;
  const BitstreamFacts* facts = nullptr;  // nullptr: it was not read
};

// Whatever the region: digest, format, encryption, partial or full, IDCODE. Empty: the file is sound.
Refusals unsound(const annotations::BitstreamRequest& request, const Candidate& candidate, const HostFacts& host);

// What the policy's `digests` and `signedBy` have against a file of the image, which `what` names in sentences.
Refusals not_let_in(const std::string& what, const std::string& file, const std::string& digest,
                    const std::optional<std::string>& signature, const HostFacts& host);

// Whether the file replaces the whole device: what it says of itself, or else what the request says.
bool is_full(const annotations::BitstreamRequest& request, const BitstreamFacts& facts);

// Whether XRT would load the file, where the region has no node of its own.
bool by_xrt(const BitstreamFacts& facts, const HostFacts& host);

// Why `file` does not go into a region, whatever is in it: the shell that it was built against.
std::optional<std::string> wrong_shell(const annotations::BitstreamRequest& request, const std::string& file,
                                       const Region& region);

// Why a sound file does not go into a region: part, shell, and the frames that it writes.
std::optional<std::string> misfit(const annotations::BitstreamRequest& request, const Candidate& candidate,
                                  const Region& region, const HostFacts& host);

}  // namespace runx::plan
