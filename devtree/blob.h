// SPDX-License-Identifier: Apache-2.0
#pragma once

// A flattened device tree (FDT) that owns its bytes. Foreign bytes come in through parse(), which looks at all
// of them once; a Blob that exists is well-formed, so that readers need no checks of the structure of their
// own. It is a value: copying copies the bytes. An empty Blob (no tree) has no bytes.
//
// Format: Devicetree Specification 0.4, chapter 5. The words of an error are libfdt's.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace runx::devtree {

// Xen takes no larger tree (xen/include/xen/device_tree.h, MAX_FDT_SIZE is 2 MiB).
inline constexpr std::size_t largest_tree = std::size_t{2} << 20;
// Linux refuses deeper ones (drivers/of/fdt.c, FDT_MAX_DEPTH); it also bounds our own recursion.
inline constexpr int deepest_node = 64;

// Whether the bytes begin as a device tree does.
bool has_tree_magic(base::Bytes bytes);

struct DraftNode;

class Blob {
 public:
  Blob() = default;

  // A copy of `bytes` after they have been checked from end to end: sizes, structure, strings, depth, and that
  // names can be printed. What follows the tree's own total size is left out. `name` is what errors call it
  // ("/boot/xen.dtb"). Errors: invalid_argument, file_too_large.
  static base::Result<Blob> parse(base::Bytes bytes, const std::string& name);

  // A tree that is nothing but a root node.
  static base::Result<Blob> empty();

  base::Bytes bytes() const { return data_; }
  const void* fdt() const { return data_.data(); }
  bool has_tree() const { return !data_.empty(); }

  // Sets one property of an existing node and leaves everything else as it is. Offsets into the tree change.
  base::Status set_property(const std::string& path, const std::string& property, base::Bytes value);

  // Adds a node, with all that it holds, to an existing one; everything else stays as it is. Errors:
  // invalid_argument, also when there is a node of that name; file_too_large.
  base::Status add_node(const std::string& parent, const DraftNode& node);

 private:
  base::Status edit(const std::string& what, std::size_t more, const std::function<int(void* fdt)>& change);

  explicit Blob(std::vector<std::uint8_t> data) : data_(std::move(data)) {}
  std::vector<std::uint8_t> data_;

  friend class Draft;
};

// What libfdt says about one of its (negative) results.
std::string fdt_words(int error);

// A tree in the making: what Draft::blob() turns into bytes. Order is kept.
struct DraftProperty {
  std::string name;
  std::vector<std::uint8_t> value;
};

struct DraftNode {
  std::string name;  // with its unit address
  std::vector<DraftProperty> properties = {};
  std::vector<DraftNode> children = {};

  void add(std::string property, std::vector<std::uint8_t> value) {
    properties.push_back({std::move(property), std::move(value)});
  }
};

class Draft {
 public:
  // The tree under `root` (whose own name is not used), checked like a foreign one. The buffer grows until
  // the tree fits. Errors: file_too_large, or invalid_argument where names could not be read back.
  static base::Result<Blob> blob(const DraftNode& root);
};

// Property values, in the specification's encoding.
std::vector<std::uint8_t> cells_value(const std::vector<std::uint32_t>& cells);
std::vector<std::uint8_t> text_value(const std::string& text);
void append_cell(std::vector<std::uint8_t>& value, std::uint32_t cell);
void append_cells(std::vector<std::uint8_t>& value, std::uint64_t number, unsigned cells);  // 0 to 2

}  // namespace runx::devtree
