// SPDX-License-Identifier: Apache-2.0
#include "devtree/node.h"

#include <algorithm>
#include <unordered_map>

#include "devtree/walk.h"

namespace runx::devtree {

struct Node::Index {
  struct Entry {
    std::string_view name;
    std::size_t parent = 0;
    std::size_t end = 0;  // one past its last descendant
    std::size_t first_property = 0;
    std::size_t properties = 0;
  };
  Blob blob;
  std::vector<Entry> entries;
  std::vector<Property> properties;  // of all nodes, in the tree's order
  std::unordered_map<std::uint32_t, std::size_t> phandles;
};

namespace {

std::vector<std::string> split_strings(base::Bytes value) {
  std::vector<std::string> out;
  if (value.empty() || value.back() != 0) return out;
  std::string_view rest = base::text_of(value);
  while (!rest.empty()) {
    const std::size_t end = rest.find('\0');
    out.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace

std::string Node::path() const {
  if (at_ == 0) return "/";
  std::string out;
  for (std::size_t at = at_; at != 0; at = index_->entries[at].parent) {
    out.insert(0, index_->entries[at].name);
    out.insert(0, 1, '/');
  }
  return out;
}

std::string_view Node::name() const { return index_->entries[at_].name; }

std::string_view Node::base_name() const { return name().substr(0, name().find('@')); }

std::vector<Property> Node::properties() const {
  const auto& entry = index_->entries[at_];
  const auto first = index_->properties.begin() + static_cast<std::ptrdiff_t>(entry.first_property);
  return {first, first + static_cast<std::ptrdiff_t>(entry.properties)};
}

std::optional<base::Bytes> Node::bytes(std::string_view property) const {
  const auto& entry = index_->entries[at_];
  for (std::size_t at = entry.first_property; at < entry.first_property + entry.properties; ++at) {
    if (index_->properties[at].name == property) return index_->properties[at].value;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> Node::cell(std::string_view property) const {
  const auto value = bytes(property);
  if (!value || value->size() != 4) return std::nullopt;
  return base::be32(*value, 0);
}

std::optional<std::uint64_t> Node::number(std::string_view property) const {
  const auto value = bytes(property);
  if (value && value->size() == 8) return base::be64(*value, 0);
  return cell(property);
}

std::vector<std::string> Node::strings(std::string_view property) const {
  const auto value = bytes(property);
  return value ? split_strings(*value) : std::vector<std::string>{};
}

std::vector<std::uint32_t> Node::cells(std::string_view property) const {
  std::vector<std::uint32_t> out;
  const auto value = bytes(property);
  if (!value || value->size() % 4 != 0) return out;
  for (std::size_t at = 0; at < value->size(); at += 4) out.push_back(base::be32(*value, at));
  return out;
}

bool Node::is_compatible(std::string_view with) const {
  const auto all = strings("compatible");
  return std::find(all.begin(), all.end(), with) != all.end();
}

std::optional<std::uint32_t> Node::phandle() const {
  const auto value = cell("phandle");
  const auto found = value ? value : cell("linux,phandle");
  return found && *found != 0 && *found != UINT32_MAX ? found : std::nullopt;
}

bool Node::okay() const {
  const auto value = bytes("status");
  if (!value) return true;
  const auto text = split_strings(*value);
  return !text.empty() && (text[0] == "okay" || text[0] == "ok");
}

bool Node::available() const {
  for (std::optional<Node> node = *this; node; node = node->parent()) {
    if (!node->okay()) return false;
  }
  return true;
}

std::optional<Node> Node::parent() const {
  if (at_ == 0) return std::nullopt;
  return Node(index_, index_->entries[at_].parent);
}

std::vector<Node> Node::children() const {
  std::vector<Node> out;
  for (std::size_t at = at_ + 1; at < index_->entries[at_].end; at = index_->entries[at].end)
    out.push_back({index_, at});
  return out;
}

std::vector<Node> Node::with_descendants() const {
  std::vector<Node> out;
  for (std::size_t at = at_; at < index_->entries[at_].end; ++at) out.push_back({index_, at});
  return out;
}

bool Node::is_inside(const Node& other) const {
  return index_ == other.index_ && at_ >= other.at_ && at_ < index_->entries[other.at_].end;
}

struct Tree::Filler {
  Node::Index& index;
  std::vector<std::size_t> open = {};

  bool begin(std::string_view name, int /*offset*/) {
    const std::size_t at = index.entries.size();
    index.entries.push_back({name, open.empty() ? 0 : open.back(), 0, index.properties.size(), 0});
    open.push_back(at);
    return true;
  }
  bool property(std::string_view name, base::Bytes value) {
    // A node's properties stand before its children (5.4.2); what comes later is nobody's, as libfdt has it.
    if (open.back() + 1 != index.entries.size()) return true;
    index.properties.push_back({name, value});
    ++index.entries.back().properties;
    return true;
  }
  bool end() {
    index.entries[open.back()].end = index.entries.size();
    open.pop_back();
    return !open.empty();
  }
};

Tree Tree::of(const Blob& blob) {
  auto index = std::make_shared<Node::Index>();
  index->blob = blob.has_tree() ? blob : Blob::empty().value();
  // A board's tree has a property in 16 to 32 bytes and a node in about 150.
  index->properties.reserve(index->blob.bytes().size() / 16);
  index->entries.reserve(index->blob.bytes().size() / 128);
  Filler filler{*index};
  walk(index->blob.bytes(), filler);
  for (std::size_t at = 0; at < index->entries.size(); ++at) {
    if (const auto phandle = Node(index.get(), at).phandle()) index->phandles.emplace(*phandle, at);
  }
  return Tree(std::move(index));
}

std::vector<Node> Tree::nodes() const& { return root().with_descendants(); }

std::optional<Node> Tree::find(std::string_view path) const& {
  if (!path.starts_with('/')) return std::nullopt;
  Node at = root();
  std::string_view rest = path.substr(1);
  while (!rest.empty()) {
    const auto name = rest.substr(0, rest.find('/'));
    const auto children = at.children();
    const auto child =
        std::find_if(children.begin(), children.end(), [name](const Node& node) { return node.name() == name; });
    if (name.empty() || child == children.end()) return std::nullopt;
    at = *child;
    if (name.size() == rest.size()) break;
    rest.remove_prefix(name.size() + 1);
    if (rest.empty()) return std::nullopt;
  }
  return at;
}

std::optional<Node> Tree::with_phandle(std::uint32_t phandle) const& {
  const auto found = index_->phandles.find(phandle);
  if (found == index_->phandles.end()) return std::nullopt;
  return Node(index_.get(), found->second);
}

std::optional<Node> Tree::with_alias(std::string_view alias) const& {
  const auto aliases = find("/aliases");
  const auto path = aliases ? aliases->strings(alias) : std::vector<std::string>{};
  return path.empty() ? std::nullopt : find(path[0]);
}

std::optional<Node> Tree::with_label(std::string_view label) const& {
  const auto symbols = find("/__symbols__");
  const auto path = symbols ? symbols->strings(label) : std::vector<std::string>{};
  return path.empty() ? std::nullopt : find(path[0]);
}

base::Result<Node> Tree::resolve(const std::string& name) const& {
  if (!name.empty() && name[0] == '/') {
    if (const auto node = find(name)) return *node;
    return base::fail(std::errc::no_such_device, name, ": the boot tree has no such node");
  }
  if (const auto node = with_alias(name)) return *node;
  if (const auto node = with_label(name)) return *node;
  std::vector<Node> found;
  std::vector<Node> marked;
  for (const Node& node : nodes()) {
    if (!node.is_compatible(name)) continue;
    found.push_back(node);
    if (node.has("xen,passthrough")) marked.push_back(node);
  }
  if (found.size() == 1) return found[0];
  if (marked.size() == 1) return marked[0];
  if (found.empty()) {
    return base::fail(std::errc::no_such_device, name,
                      ": the boot tree has no node with this path, alias, label or compatible string");
  }
  const std::vector<Node>& meant = marked.empty() ? found : marked;
  std::string list;
  for (std::size_t at = 0; at < meant.size() && at < 4; ++at) list += (at == 0 ? "" : ", ") + meant[at].path();
  if (meant.size() > 4) list += base::text(" and ", meant.size() - 4, " more");
  return base::fail(std::errc::invalid_argument, name, ": ", meant.size(),
                    " nodes are compatible with it: name one by its path: ", list);
}

}  // namespace runx::devtree
