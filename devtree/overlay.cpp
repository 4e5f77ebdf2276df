// SPDX-License-Identifier: Apache-2.0
#include "devtree/overlay.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <libfdt.h>

namespace runx::devtree {
namespace {

using base::fail;
using base::Result;
using base::Status;

std::optional<Node> child(const Node& node, std::string_view name) {
  for (const Node& one : node.children()) {
    if (one.name() == name) return one;
  }
  return std::nullopt;
}

bool is_phandle(std::string_view property) { return property == "phandle" || property == "linux,phandle"; }

// "/fragment@0/__overlay__/timer:clocks:4"
struct Entry {
  std::string path;
  std::string property;
  std::size_t offset = 0;
};

std::optional<Entry> parse_entry(const std::string& text) {
  const auto first = text.find(':');
  const auto second = first == std::string::npos ? first : text.find(':', first + 1);
  if (second == std::string::npos) return std::nullopt;
  Entry out{text.substr(0, first), text.substr(first + 1, second - first - 1)};
  const char* begin = text.data() + second + 1;
  const char* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(begin, end, out.offset);
  if (error != std::errc{} || last != end || begin == end) return std::nullopt;
  return out;
}

}  // namespace

DraftNode draft_of(const Node& node) {
  DraftNode out{std::string(node.name())};
  for (const Property& property : node.properties())
    out.add(std::string(property.name), {property.value.begin(), property.value.end()});
  for (const Node& below : node.children()) out.children.push_back(draft_of(below));
  return out;
}

Result<Overlay> Overlay::read(const Blob& bytes, const Tree& base, const std::string& name) {
  Overlay out(Tree::of(bytes), name);
  if (Status done = out.check_size(); !done) return tl::make_unexpected(done.error());
  if (Status done = out.read_fixups(base); !done) return tl::make_unexpected(done.error());
  if (const auto fixups = out.tree_.find("/__local_fixups__")) {
    if (Status done = out.read_local_fixups(*fixups, out.tree_.root()); !done) return tl::make_unexpected(done.error());
  }
  if (Status done = out.read_fragments(base); !done) return tl::make_unexpected(done.error());
  return out;
}

Status Overlay::check_size() const {
  const auto nodes = tree_.nodes();
  if (nodes.size() > most_overlay_nodes)
    return fail(std::errc::file_too_large, name_, ": has more than ", most_overlay_nodes, " nodes");
  std::size_t properties = 0;
  std::size_t name_bytes = 0;
  std::set<std::string_view> names;
  for (const Node& node : nodes) {
    const auto all = node.properties();
    properties += all.size();
    if (properties > most_overlay_properties)
      return fail(std::errc::file_too_large, name_, ": has more than ", most_overlay_properties, " properties");
    for (const Property& property : all) {
      if (names.insert(property.name).second) name_bytes += property.name.size() + 1;
    }
  }
  if (name_bytes > most_overlay_name_bytes) {
    return fail(std::errc::file_too_large, name_, ": the names of its properties have more than ",
                most_overlay_name_bytes, " bytes");
  }
  return {};
}

Status Overlay::add_reference(Reference reference) {
  const auto value = reference.node.bytes(reference.property);
  if (!value || !base::inside(value->size(), reference.offset, 4)) {
    return fail(std::errc::invalid_argument, name_, ": ", reference.node.path(), ": a reference at byte ",
                reference.offset, " of ", reference.property, " is outside that property");
  }
  // Else the numbers that the references of others go by would change under them.
  if (is_phandle(reference.property)) {
    return fail(std::errc::invalid_argument, name_, ": ", reference.node.path(), ": its own ", reference.property,
                " is a reference");
  }
  if (references_.size() == most_overlay_references)
    return fail(std::errc::file_too_large, name_, ": has more than ", most_overlay_references, " references");
  references_.push_back(std::move(reference));
  return {};
}

Status Overlay::read_fixups(const Tree& base) {
  const auto fixups = tree_.find("/__fixups__");
  if (!fixups) return {};
  for (const Property& property : fixups->properties()) {
    const std::string label(property.name);
    const auto node = base.with_label(label);
    if (!node) {
      return fail(std::errc::no_such_device, name_, ": refers to the label ", label,
                  base.find("/__symbols__") ? ", which the boot tree does not have: use an overlay for this board"
                                            : ", and the boot tree has no labels: compile it with dtc -@");
    }
    if (!node->phandle())
      return fail(std::errc::invalid_argument, name_, ": refers to ", node->path(), ", which has no phandle");
    const auto entries = fixups->strings(label);
    if (entries.empty())
      return fail(std::errc::invalid_argument, name_, ": /__fixups__: ", label, " is not a list of places");
    for (const std::string& text : entries) {
      const auto entry = parse_entry(text);
      const auto place = entry ? tree_.find(entry->path) : std::nullopt;
      if (!place) {
        return fail(std::errc::invalid_argument, name_, ": /__fixups__: ", label,
                    " names a place that the overlay does not have");
      }
      if (Status added = add_reference({*place, entry->property, entry->offset, label}); !added) return added;
    }
  }
  return {};
}

Status Overlay::read_local_fixups(const Node& fixups, const Node& node) {
  for (const Property& property : fixups.properties()) {
    const auto offsets = fixups.cells(property.name);
    if (offsets.empty()) {
      return fail(std::errc::invalid_argument, name_, ": ", fixups.path(), ": ", property.name,
                  " is not a list of cells");
    }
    for (const std::uint32_t offset : offsets) {
      if (Status added = add_reference({node, std::string(property.name), offset}); !added) return added;
    }
  }
  for (const Node& below : fixups.children()) {
    const auto same = child(node, below.name());
    if (!same) return fail(std::errc::invalid_argument, name_, ": ", below.path(), " stands for no node");
    if (Status done = read_local_fixups(below, *same); !done) return done;
  }
  return {};
}

Result<std::string> Overlay::target_of(const Node& fragment, const Tree& base) const {
  const std::string where = name_ + ": " + fragment.path();
  for (const Reference& reference : references_) {
    if (reference.node == fragment && reference.property == "target" && !reference.label.empty())
      return base.with_label(reference.label)->path();
  }
  if (const auto phandle = fragment.cell("target")) {
    if (const auto node = base.with_phandle(*phandle)) return node->path();
    return fail(std::errc::no_such_device, where, ": the boot tree has no node with the phandle ", *phandle);
  }
  const auto path = fragment.strings("target-path");
  if (path.size() != 1) return fail(std::errc::invalid_argument, where, ": has neither a target nor a target-path");
  if (const auto node = base.find(path[0])) return node->path();
  return fail(std::errc::no_such_device, where, ": the boot tree has no node ", path[0]);
}

Status Overlay::read_fragments(const Tree& base) {
  for (const Node& fragment : tree_.root().children()) {
    const auto content = child(fragment, "__overlay__");
    if (!content) continue;
    auto target = target_of(fragment, base);
    if (!target) return tl::make_unexpected(target.error());
    fragments_.push_back({fragment, *content, std::move(*target)});
  }
  if (fragments_.empty())
    return fail(std::errc::invalid_argument, name_, ": not an overlay: it has no fragment with an __overlay__");
  return {};
}

std::optional<std::string> Overlay::place(const Node& node) const {
  for (const Fragment& fragment : fragments_) {
    if (!node.is_inside(fragment.content)) continue;
    const std::string below = node.path().substr(fragment.content.path().size());
    if (below.empty()) return fragment.target;
    return (fragment.target == "/" ? "" : fragment.target) + below;
  }
  return std::nullopt;
}

// dtc gives a labelled __overlay__ a phandle of its own, and libfdt before 1.7.1 puts it in the place of the target's,
// which is then lost to all who refer to it.
Result<Blob> Overlay::without_target_phandles() const {
  std::set<std::uint32_t> gone;
  for (const Fragment& fragment : fragments_) {
    if (const auto phandle = fragment.content.phandle()) gone.insert(*phandle);
  }
  for (const Reference& reference : references_) {
    if (!reference.label.empty()) continue;
    const auto value = base::be32(*reference.node.bytes(reference.property), reference.offset);
    if (!gone.contains(value)) continue;
    return fail(std::errc::not_supported, name_, ": ", reference.node.path(), ": ", reference.property,
                " refers to the target of a fragment by a label of the overlay: use the boot tree's label");
  }
  DraftNode root = draft_of(tree_.root());
  for (DraftNode& fragment : root.children) {
    for (DraftNode& content : fragment.children) {
      if (content.name != "__overlay__") continue;
      std::erase_if(content.properties, [](const DraftProperty& property) { return is_phandle(property.name); });
    }
  }
  return Draft::blob(root);
}

Result<Blob> Overlay::apply_to(const Blob& base) const {
  const auto mine = without_target_phandles();
  if (!mine) return mine;
  for (std::size_t room = base.bytes().size() + mine->bytes().size() + 4096; room <= 2 * largest_tree; room *= 2) {
    std::vector<std::uint8_t> tree(room);
    std::vector<std::uint8_t> change(mine->bytes().begin(), mine->bytes().end());  // applying rewrites it
    int error = fdt_open_into(base.fdt(), tree.data(), static_cast<int>(room));
    if (error == 0) error = fdt_overlay_apply(tree.data(), change.data());
    if (error == -FDT_ERR_NOSPACE) continue;
    if (error == 0) error = fdt_pack(tree.data());
    if (error != 0)
      return fail(std::errc::invalid_argument, name_, ": cannot be applied to the boot tree: ", fdt_words(error));
    return Blob::parse(tree, "the boot tree with " + name_);
  }
  return fail(std::errc::file_too_large, name_, ": the boot tree with it would be larger than the ", largest_tree,
              " bytes that Xen takes");
}

}  // namespace runx::devtree
