// SPDX-License-Identifier: Apache-2.0
#pragma once

// From a request and the facts to a plan: what will be taken, programmed and launched, step by step, before anything
// is touched. Pure: the runtime makes the plan on the board and does exactly what it says, and accelkit makes the
// same plan at a desk. Everything that speaks against the request is reported at once.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "annotations/request.h"
#include "bitstream/bitstream.h"
#include "devtree/boot_tree.h"
#include "devtree/passthrough.h"
#include "plan/board.h"
#include "plan/policy.h"

namespace runx::plan {

// What the image brings: each requested bitstream as it was read.
struct BitstreamFacts {
  std::string digest;          // of the whole file
  std::string payload_digest;  // of what the manager gets
  bitstream::BitstreamInfo info;
  std::optional<std::string> signature = std::nullopt;  // the file's that stands beside it (signature.h); nothing: none
  std::uint64_t size = 0;                               // of the whole file, in bytes
};

// A region's blank bitstream, a file of Dom0: as it was read, or why it could not be.
using Blank = tl::expected<BitstreamFacts, std::string>;

// What the machine says.
struct HostFacts {
  Board board;
  devtree::Blob boot_tree;  // of the file that board.boot_tree names
  // What Dom0 sees of each requested node. Absent as a whole at a desk, where there is no machine to look at.
  std::optional<std::map<std::string, devtree::LiveNode>> live;
  std::map<std::string, std::string> holders;  // claim to the container that holds it
  // What each region was last programmed with: the digest of what the manager got. Absent: not known.
  std::map<std::string, std::string> contents = {};
  std::map<std::string, std::string> replaced = {};  // region to the container whose full bitstream replaced it
  std::map<std::string, Blank> blanks = {};          // by the region's name, of those whose board file names one
  bool zocl = false;                                 // XRT's driver is there: it loads .xclbin files
  std::optional<Policy> policy = std::nullopt;       // nothing: all that the board names may be asked for
  PublicKeys keys = {};                              // that the policy names
  std::string kubernetes_namespace = {};             // of whoever asks; empty: not known

  // What the policy says to whoever asks. Nothing where there is no policy, and where it has no rule for them.
  const PolicyRule* rule() const { return policy ? rule_for(*policy, kubernetes_namespace) : nullptr; }
  // Why a claim is not given, as a sentence.
  std::optional<std::string> denied(const std::string& claim) const;
};

struct ImageFacts {
  std::map<std::string, BitstreamFacts> bitstreams;    // by the file's path in the image
  std::uint64_t rootfs_bytes = 0;                      // of the root file system as an archive (guest/ramdisk.h)
  std::map<std::string, devtree::Blob> overlays = {};  // by the file's path in the image
};

struct BitstreamStep {
  std::string name = {};                  // fpga.<name>
  std::string file = {};                  // in the image
  std::vector<std::string> regions = {};  // one; of a full bitstream all that the manager has
  std::string manager = {};
  std::string digest = {};
  std::string payload_digest = {};
  std::size_t payload_offset = 0;
  std::size_t payload_length = 0;
  bool full = false;  // replaces the whole device
  bool encrypted = false;
  bool loaded = false;           // the region holds it already: nothing is programmed
  std::string node = {};         // of the region: it is programmed through that, its bridges off; empty: directly
  std::string bridge = {};       // node of the bridge around the region; empty: not said
  std::string xclbin_uuid = {};  // XRT loads the whole file; empty: the manager gets the stream
  devtree::Blob dom0 = {};       // Dom0's half of the image's overlay; without bytes: none
  std::string blank = {};        // file in Dom0 that is loaded when the region is given back; empty: none

  std::string where() const;  // "region pr0", "the whole device (regions pr0 and pr1)"
};

// A device that the container can do without, and why it does.
struct LeftOut {
  std::string name;  // device.<name>
  std::string why;
};

struct DomainStep {
  std::uint64_t memory = 0;  // bytes, a multiple of 1 MiB
  unsigned vcpus = 1;
  std::string kernel;
  std::string command_line;
  std::vector<std::string> nodes;        // of the host, given to the guest
  std::vector<std::string> fabric = {};  // of the images' overlays, given to the guest with their regions
  devtree::Passthrough passthrough;      // tree empty when no node is given
};

struct Plan {
  std::vector<BitstreamStep> bitstreams;
  DomainStep domain;
  std::vector<LeftOut> left_out;
  std::vector<LeftOut> overlays_left_out = {};  // nodes and properties of overlays that nobody gets

  // What nobody else may hold meanwhile: "region pr0", "device /axi/timer@ff110000".
  std::vector<std::string> claims() const;
};

// The path of the node that a device request means. Errors: as of devtree::Tree::resolve().
base::Result<std::string> node_of(const annotations::DeviceRequest& device, const devtree::Tree& tree);

// Whether the plan needs the boot tree: without it there is no need to read one.
bool needs_boot_tree(const annotations::AcceleratorRequest& request);

// Either a plan, or why there is none: at least one sentence.
using Refusals = std::vector<std::string>;
std::variant<Plan, Refusals> make_plan(const annotations::AcceleratorRequest& request, const HostFacts& host,
                                       const ImageFacts& image);

// What can be said before a file of the image is read: why there will be no plan, whatever its files hold, or else
// which of them are worth reading. These are the files that a region of this board could take which the policy gives.
// Who holds a region may change until the plan is made: of a request for any region the files for held ones are named
// too, but there is a refusal when all are held.
struct WorthReading {
  Refusals refusals = {};
  std::set<std::string> bitstreams = {};  // paths in the image
  std::set<std::string> overlays = {};    // the same
  std::set<std::string> regions = {};     // by name; their blank bitstreams are needed too
};
WorthReading files_worth_reading(const annotations::AcceleratorRequest& request, const HostFacts& host);

// For people: numbered steps.
std::string plan_text(const Plan& plan);

}  // namespace runx::plan
