// SPDX-License-Identifier: Apache-2.0
#include "devtree/blob.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <unordered_set>

#include <libfdt.h>

#include "devtree/walk.h"

namespace runx::devtree {
namespace {

using base::fail;

// A name that stands in error messages, in paths and in xl's files: printable, no blank, no quote, no slash.
bool printable_name(std::string_view name) {
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return c > ' ' && c <= '~' && c != '/' && c != '"' && c != '\\'; });
}

// What fdt_check_full() lets pass: no root node, names that no node or property can have, too deep a nesting, and a
// property that a node has twice: who reads the tree would see the one, and who applies an overlay the other.
struct FurtherCheck {
  const std::string& tree;
  base::Status result = {};
  std::string_view node = {};
  std::unordered_set<std::string_view> seen = {};  // properties of the node that was begun or ended last
  int depth = 0;
  bool root = false;

  template <class... Parts>
  bool wrong(const Parts&... parts) {
    result = fail(std::errc::invalid_argument, tree, ": ", parts...);
    return false;
  }
  bool begin(std::string_view name, int offset) {
    root = root || offset == 0;
    if (!root) return wrong("does not begin with a root node");
    if (depth > deepest_node) return wrong("nodes nest deeper than ", deepest_node, " levels");
    if (name.empty() != (depth == 0) || !printable_name(name))
      return wrong("the node at offset ", offset, " has a name that no node can have");
    node = name;
    seen.clear();
    ++depth;
    return true;
  }
  bool property(std::string_view name, base::Bytes /*value*/) {
    if (!root) return wrong("does not begin with a root node");
    if (name.empty() || !printable_name(name))
      return wrong("node ", node, " has a property with a name that no property can have");
    if (!seen.insert(name).second) return wrong("node ", node, " has the property ", name, " twice");
    return true;
  }
  bool end() {
    seen.clear();
    return --depth > 0;
  }
};

int write_node(void* fdt, const DraftNode& node, bool root) {
  int error = fdt_begin_node(fdt, root ? "" : node.name.c_str());
  for (const DraftProperty& property : node.properties) {
    if (error != 0) return error;
    error = fdt_property(fdt, property.name.c_str(), property.value.data(), static_cast<int>(property.value.size()));
  }
  for (const DraftNode& child : node.children) {
    if (error != 0) return error;
    error = write_node(fdt, child, false);
  }
  return error != 0 ? error : fdt_end_node(fdt);
}

int write_tree(void* fdt, int size, const DraftNode& root) {
  int error = fdt_create(fdt, size);
  if (error == 0) error = fdt_finish_reservemap(fdt);
  if (error == 0) error = write_node(fdt, root, true);
  return error != 0 ? error : fdt_finish(fdt);
}

// libfdt puts a new property in front of its siblings, and a new node in front of its own: the last one goes first.
int insert_node(void* fdt, int above, const DraftNode& node) {
  const int added = fdt_add_subnode(fdt, above, node.name.c_str());
  if (added < 0) return added;
  for (auto property = node.properties.rbegin(); property != node.properties.rend(); ++property) {
    const auto size = static_cast<int>(property->value.size());
    const int error = fdt_setprop(fdt, added, property->name.c_str(), property->value.data(), size);
    if (error != 0) return error;
  }
  for (auto child = node.children.rbegin(); child != node.children.rend(); ++child) {
    if (const int error = insert_node(fdt, added, *child); error < 0) return error;
  }
  return 0;
}

}  // namespace

bool has_tree_magic(base::Bytes bytes) { return bytes.size() >= 4 && base::be32(bytes, 0) == FDT_MAGIC; }

std::string fdt_words(int error) { return fdt_strerror(error); }

base::Result<Blob> Blob::parse(base::Bytes bytes, const std::string& name) {
  if (bytes.size() < sizeof(fdt_header)) {
    return fail(std::errc::invalid_argument, name, ": ", bytes.size(), " bytes are too few for a device tree");
  }
  if (!has_tree_magic(bytes)) {
    return fail(std::errc::invalid_argument, name, ": not a device tree (it does not begin with d00dfeed)");
  }
  const std::uint32_t size = base::be32(bytes, offsetof(fdt_header, totalsize));
  if (size > largest_tree) {
    return fail(std::errc::file_too_large, name, ": the device tree has ", size, " bytes, more than the ", largest_tree,
                " that Xen takes");
  }
  if (size < sizeof(fdt_header) || size > bytes.size()) {
    return fail(std::errc::invalid_argument, name, ": the device tree says that it has ", size, " bytes, there are ",
                bytes.size());
  }
  const std::uint32_t version = base::be32(bytes, offsetof(fdt_header, version));
  if (version < 17) {
    return fail(std::errc::invalid_argument, name, ": device tree version ", version,
                " is older than 17; compile it again with dtc");
  }
  // libfdt wants eight-byte alignment, which foreign bytes need not have and a vector has.
  std::vector<std::uint8_t> data(bytes.begin(), bytes.begin() + size);
  if (const int error = fdt_check_full(data.data(), data.size()); error != 0) {
    return fail(std::errc::invalid_argument, name, ": ", fdt_words(error));
  }
  FurtherCheck further{name};
  if (!walk(data, further) && further.result) further.wrong("a node or property reaches beyond the tree's end");
  if (further.result && !further.root) further.wrong("does not begin with a root node");
  if (!further.result) return tl::make_unexpected(further.result.error());
  return Blob(std::move(data));
}

base::Result<Blob> Blob::empty() { return Draft::blob({}); }

// `change` is called with a copy of the tree that has room to grow, as often as it runs out of room.
base::Status Blob::edit(const std::string& what, std::size_t more, const std::function<int(void* fdt)>& change) {
  std::size_t room = data_.size() + more + 64;
  while (room <= 2 * largest_tree) {
    std::vector<std::uint8_t> grown(room);
    int error = fdt_open_into(data_.data(), grown.data(), static_cast<int>(room));
    if (error == 0) error = change(grown.data());
    if (error == -FDT_ERR_NOSPACE) {
      room *= 2;
      continue;
    }
    if (error == 0) error = fdt_pack(grown.data());
    if (error != 0) return fail(std::errc::invalid_argument, what, ": ", fdt_words(error));
    grown.resize(fdt_totalsize(grown.data()));
    if (grown.size() > largest_tree) break;
    data_ = std::move(grown);
    return {};
  }
  return fail(std::errc::file_too_large, what, ": the tree would be larger than the ", largest_tree,
              " bytes that Xen takes");
}

base::Status Blob::set_property(const std::string& path, const std::string& property, base::Bytes value) {
  if (value.size() > largest_tree) return fail(std::errc::file_too_large, path, ": ", property, " is too long");
  return edit(path + ": " + property, value.size() + property.size(), [&](void* fdt) {
    const int node = fdt_path_offset(fdt, path.c_str());
    if (node < 0) return node;
    return fdt_setprop(fdt, node, property.c_str(), value.data(), static_cast<int>(value.size()));
  });
}

base::Status Blob::add_node(const std::string& parent, const DraftNode& node) {
  return edit((parent == "/" ? "" : parent) + "/" + node.name, 4096, [&](void* fdt) {
    const int above = fdt_path_offset(fdt, parent.c_str());
    return above < 0 ? above : insert_node(fdt, above, node);
  });
}

base::Result<Blob> Draft::blob(const DraftNode& root) {
  for (std::size_t room = 4096; room <= 2 * largest_tree; room *= 2) {
    std::vector<std::uint8_t> data(room);
    const int error = write_tree(data.data(), static_cast<int>(room), root);
    if (error == -FDT_ERR_NOSPACE) continue;
    if (error != 0) return fail(std::errc::invalid_argument, "the device tree cannot be written: ", fdt_words(error));
    return Blob::parse(data, "the written device tree");
  }
  return fail(std::errc::file_too_large, "the device tree would be larger than the ", largest_tree,
              " bytes that Xen takes");
}

void append_cell(std::vector<std::uint8_t>& value, std::uint32_t cell) {
  for (int shift = 24; shift >= 0; shift -= 8) value.push_back(static_cast<std::uint8_t>(cell >> shift));
}

void append_cells(std::vector<std::uint8_t>& value, std::uint64_t number, unsigned cells) {
  if (cells > 1) append_cell(value, static_cast<std::uint32_t>(number >> 32));
  if (cells > 0) append_cell(value, static_cast<std::uint32_t>(number));
}

std::vector<std::uint8_t> cells_value(const std::vector<std::uint32_t>& cells) {
  std::vector<std::uint8_t> value;
  value.reserve(cells.size() * 4);
  for (const std::uint32_t cell : cells) append_cell(value, cell);
  return value;
}

std::vector<std::uint8_t> text_value(const std::string& text) {
  std::vector<std::uint8_t> value(text.begin(), text.end());
  value.push_back(0);
  return value;
}

}  // namespace runx::devtree
