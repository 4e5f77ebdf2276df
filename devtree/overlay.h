// SPDX-License-Identifier: Apache-2.0
#pragma once

// Device tree overlays (.dtbo): what they are aimed at, and a tree with one applied. The base tree is never touched: it
// is applied to a copy. libfdt does the applying; what it would only call FDT_ERR_NOTFOUND is looked for before, so
// that an error names the fragment, the label or the node.
//
// Format: dtc's Documentation/dt-object-internal.txt and libfdt's fdt_overlay.c. A fragment is a node below the root
// with an `__overlay__` below it; `target` (a phandle, mostly from __fixups__) or `target-path` says of which node of
// the base tree that is a part.

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "devtree/blob.h"
#include "devtree/node.h"

namespace runx::devtree {

// More than any design needs; they bound the work that a hostile overlay can make.
inline constexpr std::size_t most_overlay_nodes = 1024;
inline constexpr std::size_t most_overlay_references = 4096;
// Of all nodes together. libfdt moves the whole tree for each property that it adds, and looks through all names for
// its name: the time of applying is their product with the tree's size.
inline constexpr std::size_t most_overlay_properties = 4096;
inline constexpr std::size_t most_overlay_name_bytes = std::size_t{64} << 10;  // of the properties' distinct names

class Overlay {
 public:
  // `bytes` have been parsed; `base` is the tree that the overlay is for. `name` is what errors call the overlay.
  // Errors: invalid_argument, for an overlay without fragments, one with a target or a label that `base` does not
  // have, or with a reference that cannot be followed.
  static base::Result<Overlay> read(const Blob& bytes, const Tree& base, const std::string& name);

  struct Fragment {
    Node node;           // below the overlay's root
    Node content;        // its __overlay__
    std::string target;  // path in the base tree
  };
  const std::vector<Fragment>& fragments() const { return fragments_; }
  const Tree& tree() const { return tree_; }
  const std::string& name() const { return name_; }

  // Where a node of the overlay stands in the tree with the overlay applied; nothing for what is not content.
  std::optional<std::string> place(const Node& node) const;

  // One entry of __fixups__ or __local_fixups__: a cell of a property that is a phandle.
  struct Reference {
    Node node;  // of the overlay
    std::string property;
    std::size_t offset = 0;  // in bytes; the cell is inside the property
    std::string label = {};  // of the base tree's node; empty: a node of the overlay, whose phandle the cell is
  };
  const std::vector<Reference>& references() const { return references_; }

  // The base tree with the overlay, checked like a foreign one.
  base::Result<Blob> apply_to(const Blob& base) const;

 private:
  Overlay(Tree tree, std::string name) : tree_(std::move(tree)), name_(std::move(name)) {}
  base::Status check_size() const;
  base::Status read_fixups(const Tree& base);
  base::Status read_local_fixups(const Node& fixups, const Node& node);
  base::Status add_reference(Reference reference);
  base::Status read_fragments(const Tree& base);
  base::Result<std::string> target_of(const Node& fragment, const Tree& base) const;
  base::Result<Blob> without_target_phandles() const;

  Tree tree_;
  std::string name_;
  std::vector<Fragment> fragments_;
  std::vector<Reference> references_;
};

// The node and all that it holds, to be changed.
DraftNode draft_of(const Node& node);

}  // namespace runx::devtree
