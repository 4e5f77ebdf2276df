// SPDX-License-Identifier: Apache-2.0
#include "devtree/node.h"

#include <algorithm>
#include <functional>
#include <map>
#include <unordered_map>

#include <libfdt.h>

namespace runx::devtree {

struct Node::Index {
  struct Entry {
    int offset = 0;
    std::size_t parent = 0;
    std::size_t end = 0;  // one past its last descendant
    std::string_view name;
  };
  Blob blob;
  std::vector<Entry> entries;
  std::map<std::string, std::size_t, std::less<>> paths;
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
  std::vector<Property> out;
  const void* fdt = index_->blob.fdt();
  int property = 0;
  fdt_for_each_property_offset(property, fdt, index_->entries[at_].offset) {
    const char* name = nullptr;
    int length = 0;
    const void* value = fdt_getprop_by_offset(fdt, property, &name, &length);
    if (value == nullptr || length < 0) continue;
    out.push_back({name, {static_cast<const std::uint8_t*>(value), static_cast<std::size_t>(length)}});
  }
  return out;
}

std::optional<base::Bytes> Node::bytes(std::string_view property) const {
  int length = 0;
  const void* value = fdt_getprop_namelen(index_->blob.fdt(), index_->entries[at_].offset, property.data(),
                                          static_cast<int>(property.size()), &length);
  if (value == nullptr || length < 0) return std::nullopt;
  return base::Bytes{static_cast<const std::uint8_t*>(value), static_cast<std::size_t>(length)};
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

Tree Tree::of(const Blob& blob) {
  auto index = std::make_shared<Node::Index>();
  index->blob = blob.has_tree() ? blob : Blob::empty().value();
  const void* fdt = index->blob.fdt();
  std::vector<std::size_t> above;  // the open nodes, by depth
  std::vector<std::string> path;
  int depth = 0;
  for (int offset = 0; offset >= 0 && depth >= 0; offset = fdt_next_node(fdt, offset, &depth)) {
    if (depth < 0) break;
    const auto level = static_cast<std::size_t>(depth);
    const std::size_t at = index->entries.size();
    for (std::size_t open = level; open < above.size(); ++open) index->entries[above[open]].end = at;
    above.resize(level);
    path.resize(level);
    int length = 0;
    const char* name = fdt_get_name(fdt, offset, &length);
    index->entries.push_back(
        {offset, above.empty() ? 0 : above.back(), 0, {name, static_cast<std::size_t>(std::max(length, 0))}});
    above.push_back(at);
    path.push_back(level == 0 ? std::string() : path[level - 1] + "/" + name);
    index->paths.emplace(level == 0 ? "/" : path[level], at);
  }
  for (const std::size_t open : above) index->entries[open].end = index->entries.size();
  for (std::size_t at = 0; at < index->entries.size(); ++at) {
    if (const auto phandle = Node(index.get(), at).phandle()) index->phandles.emplace(*phandle, at);
  }
  return Tree(std::move(index));
}

std::vector<Node> Tree::nodes() const& { return root().with_descendants(); }

std::optional<Node> Tree::find(std::string_view path) const& {
  const auto found = index_->paths.find(path);
  if (found == index_->paths.end()) return std::nullopt;
  return Node(index_.get(), found->second);
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
