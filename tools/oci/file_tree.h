// SPDX-License-Identifier: Apache-2.0
#pragma once

// The names of an image: what is left when all layers lie on top of each other (image-spec 1.1, layer.md). Links are
// followed inside the image and never out of it, as a kernel would with the image as its root. How deep the tree is,
// how long a walk and how many nodes there are is limited (limits.h), and nothing here recurses.

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tools/oci/layer.h"

namespace runx::tools::oci {

class FileTree {
 public:
  struct Node {
    EntryType type = EntryType::directory;
    std::string target = {};   // of a symbolic link
    std::size_t layer = 0;     // where the content stands
    std::size_t position = 0;  // among the layer's entries
    std::uint64_t size = 0;
    std::size_t depth = 0;                                          // of the root: 0
    std::map<std::string, std::size_t, std::less<>> children = {};  // numbers of nodes
  };

  FileTree() : nodes_(1) {}

  // Takes away what the whiteout stands for, which is nothing where there is nothing. A layer's whiteouts come before
  // its other entries: they speak of lower layers only.
  static bool is_whiteout(std::string_view path);
  base::Status white_out(const Entry& entry, Budget& budget);
  // Puts an entry there: over a directory a directory, and otherwise in the place of what was there.
  base::Status add(const Entry& entry, std::size_t layer, std::size_t position, Budget& budget);

  // What `path` names, the last link followed too. no_such_file_or_directory where there is nothing.
  base::Result<const Node*> find(std::string_view path) const;

  // What the files take as entries of the guest's ramdisk (guest/cpio.h, newc), the root not counted.
  std::uint64_t cpio_bytes(std::size_t prefix_length) const;

 private:
  base::Result<std::size_t> make_directory(std::string_view path, Budget& budget);
  base::Result<std::size_t> make_child(std::size_t parent, std::string_view name, Budget& budget);
  base::Status link(const Entry& entry, Node& node, Budget& budget) const;

  // Nodes stay where they are until the tree goes, also when nothing leads to them any more.
  std::deque<Node> nodes_;
};

}  // namespace runx::tools::oci
