// SPDX-License-Identifier: Apache-2.0
#include "tools/oci/file_tree.h"

#include <set>

#include "base/printable.h"

namespace runx::tools::oci {
namespace {

using base::printable;
using base::Result;
using base::Status;

constexpr std::string_view whiteout = ".wh.";
constexpr std::string_view opaque = ".wh..wh..opq";

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }
std::string_view parent_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

// A walk along a path from the root: links are followed where they stand, ".." stops at the root.
class Walk {
 public:
  Walk(const std::deque<FileTree::Node>& nodes, std::string_view path, std::uint64_t& steps)
      : nodes_(nodes), path_(path), steps_(steps) {
    push(path);
  }

  // True at the end of the path; false where `here()` has no `missing()`, from where the walk may go on.
  Result<bool> go() {
    while (!rest_.empty()) {
      if (auto good = count(); !good) return tl::unexpected(good.error());
      const auto part = rest_.back();
      if (part == "..") {
        rest_.pop_back();
        if (way_.size() > 1) way_.pop_back();
        continue;
      }
      const auto& folder = nodes_[here()];
      if (folder.type != EntryType::directory) {
        return base::fail(std::errc::no_such_file_or_directory, printable(path_, 256),
                          " is not in the image: it stands below something that is not a directory");
      }
      const auto found = folder.children.find(part);
      if (found == folder.children.end()) return false;
      rest_.pop_back();
      if (auto good = enter(found->second); !good) return tl::unexpected(good.error());
    }
    return true;
  }

  std::size_t here() const { return way_.back(); }
  std::string_view missing() const { return rest_.back(); }

 private:
  Status count() {
    if (++walked_ > limits::path_names) {
      return base::fail(std::errc::too_many_symbolic_link_levels, printable(path_, 256), " of the image leads over ",
                        "more than ", limits::path_names, " names: it is not followed");
    }
    if (steps_ == 0) {
      return base::fail(std::errc::file_too_large, "the paths of the image lead over more than ", limits::steps,
                        " names: it is not read any further");
    }
    --steps_;
    return {};
  }

  Status enter(std::size_t number) {
    const auto& node = nodes_[number];
    if (node.type != EntryType::symlink) {
      way_.push_back(number);
      return {};
    }
    if (++links_ > limits::links) {
      return base::fail(std::errc::too_many_symbolic_link_levels, printable(path_, 256), " of the image leads over ",
                        "more than ", limits::links, " links: it is not followed");
    }
    if (node.target.starts_with('/')) way_.resize(1);
    push(node.target);
    return {};
  }

  // The parts of `text`, the first one on top.
  void push(std::string_view text) {
    while (!text.empty()) {
      const auto part = last_part(text);
      text = parent_of(text);
      if (!part.empty() && part != ".") rest_.push_back(part);
    }
  }

  const std::deque<FileTree::Node>& nodes_;
  std::string_view path_;
  std::uint64_t& steps_;
  std::vector<std::string_view> rest_;  // what is to be walked, the next one last
  std::vector<std::size_t> way_{0};
  std::size_t walked_ = 0;
  int links_ = 0;
};

}  // namespace

bool FileTree::is_whiteout(std::string_view path) { return last_part(path).starts_with(whiteout); }

Status FileTree::white_out(const Entry& entry, Budget& budget) {
  Walk walk(nodes_, parent_of(entry.path), budget.steps);
  const auto there = walk.go();
  if (!there && there.error().code != std::errc::no_such_file_or_directory) return tl::unexpected(there.error());
  if (!there || !*there) return {};
  auto& children = nodes_[walk.here()].children;
  const auto name = last_part(entry.path);
  if (name == opaque) {
    children.clear();
  } else if (const auto found = children.find(name.substr(whiteout.size())); found != children.end()) {
    children.erase(found);
  }
  return {};
}

Result<std::size_t> FileTree::make_child(std::size_t parent, std::string_view name, Budget& budget) {
  if (nodes_[parent].depth == limits::depth) {
    return base::fail(std::errc::filename_too_long, printable(name), " stands deeper than ", limits::depth,
                      " folders in the image, through links: it is not read any further");
  }
  if (auto spent = budget.take_node(); !spent) return tl::unexpected(spent.error());
  const auto number = nodes_.size();
  nodes_.emplace_back().depth = nodes_[parent].depth + 1;
  nodes_[parent].children.insert_or_assign(std::string(name), number);
  return number;
}

// The directory that `path` names. What is missing on the way is made: layers may leave parents out.
Result<std::size_t> FileTree::make_directory(std::string_view path, Budget& budget) {
  Walk walk(nodes_, path, budget.steps);
  for (;;) {
    const auto there = walk.go();
    if (!there) return tl::unexpected(there.error());
    if (*there) break;
    if (auto made = make_child(walk.here(), walk.missing(), budget); !made) return made;
  }
  return walk.here();
}

Status FileTree::link(const Entry& entry, Node& node, Budget& budget) const {
  Walk walk(nodes_, parent_of(entry.target), budget.steps);
  const auto there = walk.go();
  if (!there && there.error().code != std::errc::no_such_file_or_directory) return tl::unexpected(there.error());
  const Node* to = nullptr;
  if (there && *there) {
    const auto& children = nodes_[walk.here()].children;
    const auto found = children.find(last_part(entry.target));
    if (found != children.end()) to = &nodes_[found->second];
  }
  if (to == nullptr || to->type == EntryType::directory) {
    return base::fail(std::errc::invalid_argument, printable(entry.path), " is a hard link to ",
                      printable(entry.target), ", which is not there");
  }
  node.type = to->type;
  node.target = to->target;
  node.layer = to->layer;
  node.position = to->position;
  node.size = to->size;
  return {};
}

Status FileTree::add(const Entry& entry, std::size_t layer, std::size_t position, Budget& budget) {
  if (entry.path.empty()) return {};
  const auto parent = make_directory(parent_of(entry.path), budget);
  if (!parent) return tl::unexpected(parent.error());
  if (nodes_[*parent].type != EntryType::directory) {
    return base::fail(std::errc::invalid_argument, printable(entry.path),
                      " stands below something that is not a directory");
  }
  Node node{.type = entry.type, .layer = layer, .position = position, .size = entry.size};
  if (entry.type == EntryType::symlink) node.target = entry.target;
  if (entry.type == EntryType::hardlink) {
    if (auto linked = link(entry, node, budget); !linked) return linked;
  }
  const auto name = last_part(entry.path);
  const auto& children = nodes_[*parent].children;
  const auto old = children.find(name);
  // A directory over a directory changes its attributes only.
  const bool stays =
      old != children.end() && node.type == EntryType::directory && nodes_[old->second].type == EntryType::directory;
  if (stays) return {};
  const auto number = make_child(*parent, name, budget);
  if (!number) return tl::unexpected(number.error());
  node.depth = nodes_[*number].depth;
  nodes_[*number] = std::move(node);
  return {};
}

Result<const FileTree::Node*> FileTree::find(std::string_view path) const {
  std::uint64_t steps = limits::path_names;
  Walk walk(nodes_, path, steps);
  const auto there = walk.go();
  if (!there) return tl::unexpected(there.error());
  if (*there) return &nodes_[walk.here()];
  return base::fail(std::errc::no_such_file_or_directory, printable(path, 256), " is not in the image");
}

std::uint64_t FileTree::cpio_bytes(std::size_t prefix_length) const {
  const auto padded = [](std::uint64_t size) { return (size + 3) / 4 * 4; };
  std::set<std::pair<std::size_t, std::size_t>> counted;  // a file of several names has its content once
  std::uint64_t total = 0;
  std::vector<std::pair<std::size_t, std::size_t>> rest{{0, prefix_length}};  // node, length of its path
  while (!rest.empty()) {
    const auto [number, length] = rest.back();
    rest.pop_back();
    for (const auto& [name, child] : nodes_[number].children) {
      const auto& node = nodes_[child];
      const auto full = length + 1 + name.size();
      total += padded(110 + full + 1);
      if (node.type == EntryType::symlink) total += padded(node.target.size());
      if (node.type == EntryType::file && counted.insert({node.layer, node.position}).second)
        total += padded(node.size);
      if (!node.children.empty()) rest.emplace_back(child, full);
    }
  }
  return total;
}

}  // namespace runx::tools::oci
