// SPDX-License-Identifier: Apache-2.0
#pragma once

// What each region of the fabric was last programmed with, for the next container that wants the same, and for people.
// One file a region below /run/runx-accel/regions (spec/state.md). It is forgotten before a region is programmed and
// written after it, so it is absent rather than wrong after a crash; one of an earlier boot counts as absent. What
// somebody programs behind the runtime's back it cannot know.

#include <map>
#include <string>

#include "base/host.h"

namespace runx::resources {

inline constexpr const char* contents_directory = "/run/runx-accel/regions";

struct Content {
  std::string digest;                // of what the manager got: sha256:…
  std::string file;                  // in the image, or in Dom0 when it is a blank
  std::string container;             // id of the one that brought it; empty: the board's owner (a blank)
  std::string root;                  // --root that the container lived under
  std::string kubernetes_namespace;  // of whoever asked for it; empty: not known
  bool full = false;                 // it replaced the whole device, the static design around the region too
  bool operator==(const Content&) const = default;
};

base::Status write_content(base::Host& host, const std::string& region, const Content& content);

// Forgetting what is not known is fine.
base::Status forget_content(base::Host& host, const std::string& region);

// Takes away what a write that was killed left beside the record.
base::Status remove_half_written(base::Host& host, const std::string& region);

// By region. A file that is damaged or of an earlier boot is left out: the region is programmed afresh then.
base::Result<std::map<std::string, Content>> read_contents(base::Host& host);

}  // namespace runx::resources
