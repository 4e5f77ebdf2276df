// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a board's tree tells of what the board could give away: the first draft of a board file. A tree does not know
// for which part bitstreams are, nor what they may write; the owner adds that.

#include <string>
#include <vector>

#include "devtree/address.h"
#include "devtree/node.h"

namespace runx::devtree {

// An fpga-region without further ones in it (Linux: Documentation/devicetree/bindings/fpga/fpga-region.yaml).
struct RegionSketch {
  std::string name;  // [a-z0-9-]{1,32} without a dash at either end, each once
  std::string node;
  std::string manager;           // what the driver of its fpga-mgr calls itself; empty: not a known driver
  std::string bridge;            // path; empty when there is none, or several
  std::vector<Block> apertures;  // whole pages of the nodes that the tree has in it
};

// A processor beside the ones that Linux runs on (xlnx,zynqmp-r5fss.yaml, and the vendor's older bindings).
struct ProcessorSketch {
  std::string name;  // its label, or rpu0, rpu1 ...; each once
  std::string node;
  std::vector<std::string> memory;  // paths of its memory-region
};

struct Sketch {
  std::string name;  // of the board
  std::vector<RegionSketch> regions;
  std::vector<ProcessorSketch> processors;
};

Sketch describe(const Tree& tree);

// What becomes of a node that somebody asks for.
enum class Outcome {
  given,     // it is marked, and a guest can have it
  markable,  // a guest could have it, if it were marked
  refused,
  window,  // it declares a region (boot_tree.h), and is no device
};

struct Verdict {
  std::string node;
  bool marked = false;
  Outcome outcome = Outcome::refused;
  std::vector<std::string> reasons;  // of a refusal; none otherwise
};

// One for each node with a compatible string but the root, in the tree's order. The guest is one of 512 MiB.
std::vector<Verdict> verdicts(const Blob& host);

}  // namespace runx::devtree
