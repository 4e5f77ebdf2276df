// SPDX-License-Identifier: Apache-2.0
#include "bitstream/dtbo.h"

#include <array>

#include <libfdt.h>

#include "base/printable.h"
#include "bitstream/tree.h"

namespace runx::bitstream {
namespace {

using base::Result;
using Nodes = std::vector<OverlayNode>;

// A tree of two megabytes could name a hundred thousand; an overlay has a handful.
constexpr std::size_t most_nodes = 256;
constexpr int deepest = 32;

bool has(const Tree& tree, int node, const char* property) {
  return fdt_getprop(tree.fdt(), node, property, nullptr) != nullptr;
}

// The label in /__fixups__ that stands for "/fragment@0:target:0": dtc writes it for a target of another tree.
std::string label_of(const Tree& tree, const std::string& fragment) {
  const auto wanted = "/" + fragment + ":target:0";
  const int fixups = fdt_path_offset(tree.fdt(), "/__fixups__");
  if (fixups < 0) return {};
  int property = 0;
  fdt_for_each_property_offset(property, tree.fdt(), fixups) {
    const char* label = nullptr;
    int length = 0;
    const auto* value = static_cast<const char*>(fdt_getprop_by_offset(tree.fdt(), property, &label, &length));
    if (value == nullptr || length <= 0) continue;
    std::string_view rest(value, static_cast<std::size_t>(length));
    while (!rest.empty()) {
      const auto one = rest.substr(0, rest.find('\0'));
      if (one == wanted) return base::printable(label);
      rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    }
  }
  return {};
}

std::string target_of(const Tree& tree, int fragment, const std::string& name) {
  if (auto path = tree.text(fragment, "target-path"); !path.empty()) return base::printable(path);
  if (auto label = label_of(tree, name); !label.empty()) return label;
  int length = 0;
  const void* phandle = fdt_getprop(tree.fdt(), fragment, "target", &length);
  if (phandle == nullptr || length != 4) return {};
  return "phandle " + base::hex(fdt32_ld(static_cast<const fdt32_t*>(phandle)));
}

OverlayNode describe_node(const Tree& tree, int node) {
  OverlayNode out;
  out.firmware = base::printable(tree.text(node, "firmware-name"), 255);
  out.partial = has(tree, node, "partial-fpga-config");
  out.encrypted = has(tree, node, "encrypted-fpga-config") || has(tree, node, "userkey-encrypted-fpga-config");
  out.authenticated =
      has(tree, node, "ddrmem-authenticated-fpga-config") || has(tree, node, "securemem-authenticated-fpga-config");
  out.external = has(tree, node, "external-fpga-config");
  return out;
}

// Every node at and below `overlay` that names a bitstream. False when there are too many, or they nest too deep.
bool collect(const Tree& tree, int overlay, const std::string& target, Nodes& out) {
  std::vector<std::string> path;
  int depth = 0;
  for (int node = overlay; node >= 0 && depth >= 0; node = fdt_next_node(tree.fdt(), node, &depth)) {
    if (node != overlay && depth <= 0) break;
    if (depth > deepest) return false;
    path.resize(static_cast<std::size_t>(depth));
    if (depth > 0) path.back() = base::printable(fdt_get_name(tree.fdt(), node, nullptr));
    if (!has(tree, node, "firmware-name")) continue;
    if (out.size() >= most_nodes) return false;
    auto found = describe_node(tree, node);
    found.target = target;
    for (const auto& name : path) found.node += (found.node.empty() ? "" : "/") + name;
    out.push_back(std::move(found));
  }
  return true;
}

}  // namespace

bool has_tree_magic(base::Bytes file) { return file.size() >= 4 && base::be32(file, 0) == FDT_MAGIC; }

Result<Nodes> read_dtbo(base::Bytes file, const std::string& name) {
  const auto tree = Tree::parse(file, name);
  if (!tree) return tl::unexpected(tree.error());
  Nodes out;
  int fragment = 0;
  fdt_for_each_subnode(fragment, tree->fdt(), 0) {
    const int overlay = fdt_subnode_offset(tree->fdt(), fragment, "__overlay__");
    if (overlay < 0) continue;
    const auto target = target_of(*tree, fragment, fdt_get_name(tree->fdt(), fragment, nullptr));
    if (target.empty()) {
      return base::fail(std::errc::invalid_argument, "the overlay ", name, " has a fragment ",
                        base::printable(fdt_get_name(tree->fdt(), fragment, nullptr)), " without a target");
    }
    const auto before = out.size();
    if (!collect(*tree, overlay, target, out) || out.size() >= most_nodes) {
      return base::fail(std::errc::invalid_argument, "the overlay ", name, " has more than ", most_nodes,
                        " fragments and bitstreams, or nests deeper than ", deepest, " levels");
    }
    if (out.size() > before) continue;
    out.emplace_back();
    out.back().target = target;
  }
  if (out.empty()) {
    return base::fail(std::errc::invalid_argument, name,
                      " is a device tree and no overlay: no node of it has an __overlay__");
  }
  return out;
}

}  // namespace runx::bitstream
