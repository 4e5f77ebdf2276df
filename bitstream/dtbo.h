// SPDX-License-Identifier: Apache-2.0
#pragma once

// A device tree overlay (.dtbo) as far as the FPGA is concerned: which bitstreams it makes the kernel load, into which
// region, and how. The kernel takes the flags from the overlay (Documentation/devicetree/bindings/fpga/fpga-region;
// the vendor's kernel adds userkey-encrypted-, ddrmem-authenticated- and securemem-authenticated-fpga-config). What
// else the overlay changes is not told here. Source: real overlays, and dtc's form of fragments and __fixups__.

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "devtree/node.h"

namespace runx::bitstream {

// A node of an overlay that names a bitstream, or a fragment that names none.
struct OverlayNode {
  std::string target;    // of its fragment: a label of the base tree ("fpga_PR0"), or a path
  std::string node;      // path below the target; "" is the target itself
  std::string firmware;  // firmware-name, below /lib/firmware; empty when it names none
  bool partial = false;  // partial-fpga-config
  bool encrypted = false;
  bool authenticated = false;
  bool external = false;  // external-fpga-config: somebody else has programmed the region
};

// At least one entry for each fragment, in order. invalid_argument, with a sentence that names the file, for a blob
// that is not sound, and for a tree that is no overlay.
base::Result<std::vector<OverlayNode>> read_dtbo(base::Bytes file, const std::string& name);

// A device tree in a file of an image. invalid_argument, with a sentence that names it, for bytes that are no whole,
// sound tree.
base::Result<devtree::Tree> read_tree(base::Bytes bytes, const std::string& name);

}  // namespace runx::bitstream
