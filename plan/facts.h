// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a plan is made from beside the request: what the image brings, and what the machine says. Plain values: the
// runtime fills them from the machine, accelkit from files at a desk.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "bitstream/bitstream.h"
#include "devtree/blob.h"
#include "devtree/boot_tree.h"
#include "plan/board.h"
#include "plan/policy.h"
#include "plan/type_map.h"

namespace runx::plan {

// A requested bitstream as it was read.
struct BitstreamFacts {
  std::string digest;          // of the whole file
  std::string payload_digest;  // of what the manager gets
  bitstream::BitstreamInfo info;
  std::optional<std::string> signature = std::nullopt;  // the file's that stands beside it (signature.h); nothing: none
  std::uint64_t size = 0;                               // of the whole file, in bytes
};

// A region's blank bitstream, a file of Dom0: as it was read, or why it could not be.
using Blank = tl::expected<BitstreamFacts, std::string>;

// What a region was last programmed with.
struct RegionContent {
  std::string digest;                // of what the manager got: sha256:…
  std::string container;             // id of the one that brought it; empty: the board's owner (a blank)
  std::string root;                  // --root that the container lived under; empty as above
  std::string kubernetes_namespace;  // of whoever asked for it; empty: not known
  bool full = false;                 // it replaced the whole device, the static design around the region too
  bool operator==(const RegionContent&) const = default;
};

// What the machine says.
struct HostFacts {
  Board board;
  devtree::Blob boot_tree;  // of the file that board.boot_tree names
  // What Dom0 sees of each requested node. Absent as a whole at a desk, where there is no machine to look at.
  std::optional<std::map<std::string, devtree::LiveNode>> live;
  std::map<std::string, std::string> holders;          // claim to the container that holds it
  std::map<std::string, RegionContent> contents = {};  // by the region's name; absent: not known
  std::map<std::string, Blank> blanks = {};            // by the region's name, of those whose board file names one
  bool zocl = false;                                   // XRT's driver is there: it loads .xclbin files
  std::optional<Policy> policy = std::nullopt;         // nothing: all that the board names may be asked for
  PublicKeys keys = {};                                // that the policy names
  std::string root = {};                               // --root of whoever asks; empty at a desk
  std::string kubernetes_namespace = {};               // of whoever asks; empty: not known
  TypeMap more = {};                                   // of other kinds, by the type of their facts

  // What the policy says to whoever asks. Nothing where there is no policy, and where it has no rule for them.
  const PolicyRule* rule() const { return policy ? rule_for(*policy, kubernetes_namespace) : nullptr; }
  // Why a claim is not given, as a sentence.
  std::optional<std::string> denied(const std::string& claim) const;
  // "namespace lab", "a container without a namespace"
  std::string asker() const;
};

// An overlay of the image: as it was read, and what says whose it is.
struct OverlayFacts {
  devtree::Blob blob;
  std::string digest;                                   // of the whole file
  std::optional<std::string> signature = std::nullopt;  // as of a bitstream
};

struct ImageFacts {
  std::map<std::string, BitstreamFacts> bitstreams;   // by the file's path in the image
  std::uint64_t rootfs_bytes = 0;                     // of the root file system as an archive (guest/ramdisk.h)
  std::map<std::string, OverlayFacts> overlays = {};  // by the file's path in the image
};

}  // namespace runx::plan
