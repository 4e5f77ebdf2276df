// SPDX-License-Identifier: Apache-2.0
#pragma once

// An image's root file system without unpacking it: what is left when all layers lie on top of each other (image-spec
// 1.1, layer.md). Making a View reads every layer once, as a stream, checks digests and diff ids, and remembers names
// only; a file's content is read again from its layer when somebody asks for it.

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "tools/oci/file_tree.h"
#include "tools/oci/layout.h"

namespace runx::tools::oci {

class View {
 public:
  static base::Result<View> of(Layout& layout, const Image& image);

  // True for a regular file of at most `limit` bytes, found by following links.
  bool is_file(std::string_view path, std::uint64_t limit = std::numeric_limits<std::uint64_t>::max()) const;
  // Why it is not one: "/boot/a.bit is not in the image", "... is a directory".
  base::Status check_file(std::string_view path) const;
  // The names in a directory; none where there is none.
  std::vector<std::string> list(std::string_view directory) const;

  // Reads these regular files, each layer once: `take` gets each path with its content, piece by piece. A file of more
  // than `limit` bytes is file_too_large, and so are files of more than limits::files together. The digest of a layer
  // is known to be right only after this has returned.
  using Take = std::function<base::Status(const std::string& path, base::Bytes piece)>;
  base::Status read(const std::set<std::string>& paths, std::uint64_t limit, const Take& take) const;
  base::Result<std::string> read(const std::string& path, std::uint64_t limit) const;

  // What the files take as entries of the guest's ramdisk (guest/cpio.h, newc), the root not counted.
  std::uint64_t cpio_bytes(std::size_t prefix_length) const { return tree_.cpio_bytes(prefix_length); }

 private:
  View(Layout& layout, const Image& image);
  base::Status add_layer(std::size_t number, Budget& budget);
  base::Result<const FileTree::Node*> file_node(std::string_view path) const;

  Layout* layout_;
  std::vector<Descriptor> layers_;
  std::vector<std::string> diff_ids_;
  FileTree tree_;
};

}  // namespace runx::tools::oci
