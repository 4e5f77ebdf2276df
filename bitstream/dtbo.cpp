// SPDX-License-Identifier: Apache-2.0
#include "bitstream/dtbo.h"

#include <map>
#include <optional>

#include "base/printable.h"

namespace runx::bitstream {
namespace {

using base::Result;
using devtree::Node;
using devtree::Tree;
using Nodes = std::vector<OverlayNode>;

// A tree of two megabytes could name a hundred thousand; an overlay has a handful.
constexpr std::size_t most_nodes = 256;
constexpr std::size_t deepest = 32;

constexpr std::size_t header_bytes = 40;
constexpr std::uint32_t oldest_version = 17;  // what dtc has written since 2007

// Empty when there is no such property, or it is no string.
std::string first_text(const Node& node, std::string_view property, std::size_t longest) {
  const auto all = node.strings(property);
  return all.empty() ? std::string() : base::printable(all[0], longest);
}

// By path of the fragment, the label in /__fixups__ that stands for its target ("/fragment@0:target:0"): dtc writes it
// for a target of another tree.
using Labels = std::map<std::string, std::string>;
Labels target_labels(const Tree& tree) {
  constexpr std::string_view place_of_target = ":target:0";
  Labels out;
  const auto fixups = tree.find("/__fixups__");
  if (!fixups) return out;
  for (const auto& property : fixups->properties()) {
    for (auto& place : fixups->strings(property.name)) {
      if (!place.ends_with(place_of_target)) continue;
      place.resize(place.size() - place_of_target.size());
      out.emplace(std::move(place), base::printable(property.name));
    }
  }
  return out;
}

std::string target_of(const Node& fragment, const Labels& labels) {
  if (auto path = first_text(fragment, "target-path", 80); !path.empty()) return path;
  if (const auto label = labels.find(fragment.path()); label != labels.end()) return label->second;
  const auto phandle = fragment.cell("target");
  return phandle ? "phandle " + base::hex(*phandle) : "";
}

OverlayNode describe_node(const Node& node) {
  OverlayNode out;
  out.firmware = first_text(node, "firmware-name", 255);
  out.partial = node.has("partial-fpga-config");
  out.encrypted = node.has("encrypted-fpga-config") || node.has("userkey-encrypted-fpga-config");
  out.authenticated = node.has("ddrmem-authenticated-fpga-config") || node.has("securemem-authenticated-fpga-config");
  out.external = node.has("external-fpga-config");
  return out;
}

// Every node at and below `node` that names a bitstream. False when there are too many, or they nest too deep.
bool collect(const Node& node, const std::string& path, std::size_t depth, const std::string& target, Nodes& out) {
  if (depth > deepest) return false;
  if (node.has("firmware-name")) {
    if (out.size() >= most_nodes) return false;
    out.push_back(describe_node(node));
    out.back().target = target;
    out.back().node = path;
  }
  for (const auto& below : node.children()) {
    const auto name = base::printable(below.name());
    if (!collect(below, path.empty() ? name : path + "/" + name, depth + 1, target, out)) return false;
  }
  return true;
}

std::optional<Node> content_of(const Node& fragment) {
  for (const auto& below : fragment.children()) {
    if (below.name() == "__overlay__") return below;
  }
  return std::nullopt;
}

}  // namespace

Result<Tree> read_tree(base::Bytes bytes, const std::string& name) {
  const auto what = name + " is no sound device tree blob";
  const auto bad = [&](const auto&... why) { return base::fail(std::errc::invalid_argument, what, ": ", why...); };
  if (bytes.size() < header_bytes) return bad("it ends inside its header");
  if (bytes.size() > devtree::largest_tree) return bad("it is larger than ", devtree::largest_tree, " bytes");
  if (const std::size_t total = base::be32(bytes, 4); total > bytes.size())
    return bad("it says that it has ", total, " bytes, and has ", bytes.size(), ": it is truncated");
  if (const auto version = base::be32(bytes, 20); version < oldest_version)
    return bad("it is of version ", version, ", and only ", oldest_version, " and newer are read");
  const auto blob = devtree::Blob::parse(bytes, what);
  if (!blob) return tl::unexpected(blob.error());
  return Tree::of(*blob);
}

Result<Nodes> read_dtbo(base::Bytes file, const std::string& name) {
  const auto tree = read_tree(file, name);
  if (!tree) return tl::unexpected(tree.error());
  const auto labels = target_labels(*tree);
  Nodes out;
  for (const auto& fragment : tree->root().children()) {
    const auto content = content_of(fragment);
    if (!content) continue;
    const auto target = target_of(fragment, labels);
    if (target.empty()) {
      return base::fail(std::errc::invalid_argument, "the overlay ", name, " has a fragment ",
                        base::printable(fragment.name()), " without a target");
    }
    const auto before = out.size();
    if (!collect(*content, "", 0, target, out) || out.size() >= most_nodes) {
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
