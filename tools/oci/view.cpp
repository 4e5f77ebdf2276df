// SPDX-License-Identifier: Apache-2.0
#include "tools/oci/view.h"

#include <array>

#include "base/printable.h"

namespace runx::tools::oci {

using base::printable;
using base::Result;
using base::Status;

struct View::Node {
  EntryType type = EntryType::directory;
  std::string target;        // of a symbolic link
  std::size_t layer = 0;     // where the content stands
  std::size_t position = 0;  // among the layer's entries
  std::uint64_t size = 0;
  std::map<std::string, std::unique_ptr<Node>, std::less<>> children;
};

namespace {

constexpr int most_links = 40;  // what Linux follows (path_resolution(7))
constexpr std::string_view whiteout = ".wh.";
constexpr std::string_view opaque = ".wh..wh..opq";

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }
std::string_view parent_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

// Walks `path` from `root`: links are followed where they stand, ".." stops at the root. With `make`, what is missing
// becomes a directory (layers may leave parents out). The last part is followed too. Null where there is nothing.
template <class Node>
Node* walk(Node& root, std::string_view path, bool make) {
  std::vector<std::string> rest;  // what is to be walked, the next one last
  const auto push = [&](std::string_view text) {
    std::vector<std::string> parts;
    while (!text.empty()) {
      const auto part = text.substr(0, text.find('/'));
      text.remove_prefix(std::min(text.size(), part.size() + 1));
      if (!part.empty() && part != ".") parts.emplace_back(part);
    }
    rest.insert(rest.end(), parts.rbegin(), parts.rend());
  };
  push(path);
  std::vector<Node*> way{&root};
  int links = 0;
  while (!rest.empty()) {
    const auto part = std::move(rest.back());
    rest.pop_back();
    if (part == "..") {
      if (way.size() > 1) way.pop_back();
      continue;
    }
    auto& here = *way.back();
    if (here.type != EntryType::directory) return nullptr;
    auto found = here.children.find(part);
    if (found == here.children.end()) {
      if (!make) return nullptr;
      found = here.children.emplace(part, std::make_unique<Node>()).first;
    }
    Node* next = found->second.get();
    if (next->type == EntryType::symlink) {
      if (++links > most_links) return nullptr;
      if (next->target.starts_with('/')) way.resize(1);
      push(next->target);
      if (rest.size() > 4096) return nullptr;
      continue;
    }
    way.push_back(next);
  }
  return way.back();
}

}  // namespace

View::View(Layout& layout, const Image& image)
    : layout_(&layout), layers_(image.layers), diff_ids_(image.diff_ids), root_(std::make_unique<Node>()) {}
View::View(View&&) noexcept = default;
View& View::operator=(View&&) noexcept = default;
View::~View() = default;

Result<View> View::of(Layout& layout, const Image& image) {
  View view(layout, image);
  Budget budget;
  for (std::size_t i = 0; i < view.layers_.size(); ++i) {
    if (auto added = view.add_layer(i, budget); !added) return tl::unexpected(added.error());
  }
  return view;
}

Status View::add_layer(std::size_t number, Budget& budget) {
  auto reader = LayerReader::open(layout_->store(), layers_[number], budget);
  if (!reader) return tl::unexpected(reader.error());
  // Whiteouts first, wherever they stand in the layer: they speak of lower layers only, and so of all that is there.
  std::vector<std::pair<Entry, std::size_t>> entries;
  Entry entry;
  for (std::size_t position = 0;; ++position) {
    const auto more = (*reader)->next(entry);
    if (!more) return tl::unexpected(more.error());
    if (!*more) break;
    const auto name = last_part(entry.path);
    if (!name.starts_with(whiteout)) {
      entries.emplace_back(std::move(entry), position);
    } else {
      white_out(entry, name);
    }
  }
  if ((*reader)->diff_id() != diff_ids_[number]) {
    return base::fail(std::errc::invalid_argument, "layer ", layers_[number].digest, " unpacks to ",
                      (*reader)->diff_id(), ", but the image's config says ", printable(diff_ids_[number]),
                      " (rootfs.diff_ids): no engine will take the image");
  }
  for (const auto& [added, position] : entries) {
    if (auto done = add(added, number, position); !done) return done;
  }
  return {};
}

void View::white_out(const Entry& entry, std::string_view name) {
  auto* parent = walk(*root_, parent_of(entry.path), false);
  if (parent == nullptr) return;
  if (name == opaque) {
    parent->children.clear();
  } else if (const auto found = parent->children.find(name.substr(whiteout.size())); found != parent->children.end()) {
    parent->children.erase(found);
  }
}

Status View::add(const Entry& entry, std::size_t layer, std::size_t position) {
  if (entry.path.empty()) return {};
  auto* parent = walk(*root_, parent_of(entry.path), true);
  if (parent == nullptr || parent->type != EntryType::directory) {
    return base::fail(std::errc::invalid_argument, "layer ", layers_[layer].digest, ": ", printable(entry.path),
                      " stands below something that is not a directory");
  }
  const std::string name(last_part(entry.path));
  auto node = std::make_unique<Node>();
  node->type = entry.type;
  node->layer = layer;
  node->position = position;
  node->size = entry.size;
  if (entry.type == EntryType::symlink) node->target = entry.target;
  if (entry.type == EntryType::hardlink) {
    const auto* folder = walk(*root_, parent_of(entry.target), false);
    const Node* to = nullptr;
    if (folder != nullptr) {
      const auto found = folder->children.find(last_part(entry.target));
      if (found != folder->children.end()) to = found->second.get();
    }
    if (to == nullptr || to->type == EntryType::directory) {
      return base::fail(std::errc::invalid_argument, "layer ", layers_[layer].digest, ": ", printable(entry.path),
                        " is a hard link to ", printable(entry.target), ", which is not there");
    }
    node->type = to->type;
    node->target = to->target;
    node->layer = to->layer;
    node->position = to->position;
    node->size = to->size;
  }
  auto& place = parent->children[name];
  // A directory over a directory changes its attributes only.
  if (place && place->type == EntryType::directory && node->type == EntryType::directory) {
    place->layer = layer;
  } else {
    place = std::move(node);
  }
  return {};
}

const View::Node* View::find(std::string_view path) const { return walk(*root_, path, false); }

bool View::is_file(std::string_view path, std::uint64_t limit) const {
  return check_file(path).has_value() && find(path)->size <= limit;
}

Status View::check_file(std::string_view path) const {
  const auto* node = find(path);
  if (node == nullptr)
    return base::fail(std::errc::no_such_file_or_directory, printable(path, 256), " is not in the image");
  if (node->type == EntryType::file) return {};
  return base::fail(std::errc::invalid_argument, printable(path, 256), " is in the image, but is ",
                    node->type == EntryType::directory ? "a directory" : "not a regular file");
}

std::vector<std::string> View::list(std::string_view directory) const {
  std::vector<std::string> out;
  const auto* node = find(directory);
  if (node == nullptr) return out;
  for (const auto& [name, child] : node->children) out.push_back(name);
  return out;
}

Status View::read(const std::set<std::string>& paths, std::uint64_t limit, const Take& take) const {
  std::map<std::size_t, std::map<std::size_t, std::vector<std::string>>> wanted;  // layer, position
  for (const auto& path : paths) {
    if (auto file = check_file(path); !file) return file;
    const auto* node = find(path);
    if (node->size > limit) {
      return base::fail(std::errc::file_too_large, printable(path, 256), " of the image has ", node->size,
                        " bytes, more than ", limit);
    }
    wanted[node->layer][node->position].push_back(path);
  }
  std::array<std::uint8_t, 64 * 1024> buffer{};
  for (const auto& [layer, positions] : wanted) {
    Budget budget;
    auto reader = LayerReader::open(layout_->store(), layers_[layer], budget);
    if (!reader) return tl::unexpected(reader.error());
    Entry entry;
    for (std::size_t position = 0;; ++position) {
      const auto more = (*reader)->next(entry);
      if (!more) return tl::unexpected(more.error());
      if (!*more) break;
      const auto asked = positions.find(position);
      if (asked == positions.end()) continue;
      for (std::uint64_t have = 0;;) {
        const auto got = (*reader)->data(buffer);
        if (!got) return tl::unexpected(got.error());
        have += *got;
        if (have > limit) return base::fail(std::errc::file_too_large, printable(asked->second[0]), " is too large");
        for (const auto& path : asked->second) {
          if (auto done = take(path, base::Bytes(buffer).first(*got)); !done) return done;
        }
        if (*got == 0) break;
      }
    }
  }
  return {};
}

Result<std::string> View::read(const std::string& path, std::uint64_t limit) const {
  std::string out;
  const auto done = read({path}, limit, [&](const std::string&, base::Bytes piece) -> Status {
    out += base::text_of(piece);
    return {};
  });
  if (!done) return tl::unexpected(done.error());
  return out;
}

std::uint64_t View::cpio_bytes(std::size_t prefix_length) const {
  const auto padded = [](std::uint64_t size) { return (size + 3) / 4 * 4; };
  std::set<std::pair<std::size_t, std::size_t>> counted;  // a file of several names has its content once
  std::uint64_t total = 0;
  const std::function<void(const Node&, std::size_t)> count = [&](const Node& node, std::size_t length) {
    for (const auto& [name, child] : node.children) {
      const auto full = length + 1 + name.size();
      total += padded(110 + full + 1);
      if (child->type == EntryType::symlink) total += padded(child->target.size());
      if (child->type == EntryType::file && counted.insert({child->layer, child->position}).second)
        total += padded(child->size);
      count(*child, full);
    }
  };
  count(*root_, prefix_length);
  return total;
}

}  // namespace runx::tools::oci
