// SPDX-License-Identifier: Apache-2.0
#pragma once

// A region of the fabric as a resource: claimed, programmed with a bitstream of the image, and given back.

#include <cstddef>
#include <string>
#include <vector>

#include "devtree/blob.h"
#include "plan/kind.h"

namespace runx::plan {

struct RegionStep {
  std::string name = {};                  // fpga.<name>
  std::string file = {};                  // in the image
  std::vector<std::string> regions = {};  // one; of a full bitstream all that the manager has
  std::string manager = {};
  std::string digest = {};          // of the whole file
  std::string payload_digest = {};  // of what the manager gets
  std::size_t payload_offset = 0;
  std::size_t payload_length = 0;
  bool full = false;             // replaces the whole device
  bool loaded = false;           // the region holds it already: nothing is programmed
  std::string node = {};         // of the region: it is programmed through that, its bridges off; empty: directly
  std::string bridge = {};       // node of the bridge around the region; empty: not said
  std::string xclbin_uuid = {};  // XRT loads the whole file; empty: the manager gets the stream
  devtree::Blob dom0 = {};  // Dom0's half of the image's overlay; without bytes: none. The journal has no need of it
  bool overlay = false;     // an overlay is applied: Dom0's half, or the one that programs the node
  std::string blank = {};   // file in Dom0 that is loaded when the region is given back; empty: none

  std::string where() const;  // "region pr0", "the whole device (regions pr0 and pr1)"
};

const Kind& region_kind();

}  // namespace runx::plan
