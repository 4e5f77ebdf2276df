// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reading a device tree in the specification's words. Tree::of(blob) makes an index of a Blob once; a Node is a
// small value that points into it, and is valid as long as the Tree (or a copy of it) lives. Nothing here
// fails on a strange value: a property that is missing or has the wrong length reads as "not there".
//
// Words: Devicetree Specification 0.4, chapter 2 (path, unit address, phandle, compatible, status), 3.3 (aliases).
// Labels are what `dtc -@` keeps under /__symbols__.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "devtree/blob.h"

namespace runx::devtree {

struct Property {
  std::string_view name;
  base::Bytes value;
};

class Tree;

class Node {
 public:
  std::string path() const;            // "/axi/serial@ff010000"; the root is "/"
  std::string_view name() const;       // with the unit address
  std::string_view base_name() const;  // without

  std::vector<Property> properties() const;  // in the tree's order
  bool has(std::string_view property) const { return bytes(property).has_value(); }
  std::optional<base::Bytes> bytes(std::string_view property) const;
  std::optional<std::uint32_t> cell(std::string_view property) const;    // exactly one cell
  std::optional<std::uint64_t> number(std::string_view property) const;  // one or two cells
  std::vector<std::string> strings(std::string_view property) const;     // empty when absent or not NUL-terminated
  std::vector<std::uint32_t> cells(std::string_view property) const;     // empty when absent or not whole cells

  bool is_compatible(std::string_view with) const;
  std::optional<std::uint32_t> phandle() const;  // also as the old linux,phandle
  bool okay() const;                             // its own status: absent, "okay" or "ok"
  bool available() const;                        // okay, and so is everything above it

  std::optional<Node> parent() const;
  std::vector<Node> children() const;
  std::vector<Node> with_descendants() const;  // itself first, then depth first
  bool is_inside(const Node& other) const;     // other itself, or below it

  bool operator==(const Node& other) const { return index_ == other.index_ && at_ == other.at_; }
  std::size_t position() const { return at_; }  // in the tree's order: an identity within one Tree

 private:
  friend class Tree;
  struct Index;
  Node(const Index* index, std::size_t at) : index_(index), at_(at) {}
  const Index* index_;
  std::size_t at_;
};

class Tree {
 public:
  static Tree of(const Blob& blob);  // copies the bytes

  // A Node of a Tree that is gone would dangle: none can be had from a temporary.
  Node root() const& { return Node(index_.get(), 0); }
  Node root() && = delete;
  std::vector<Node> nodes() const&;  // all of them, the root first
  std::vector<Node> nodes() && = delete;
  // The node of a position(); the position must be one of this tree's.
  Node at(std::size_t position) const& { return Node(index_.get(), position); }
  Node at(std::size_t position) && = delete;
  std::optional<Node> find(std::string_view path) const&;  // an exact absolute path
  std::optional<Node> find(std::string_view path) && = delete;
  std::optional<Node> with_phandle(std::uint32_t phandle) const&;
  std::optional<Node> with_phandle(std::uint32_t phandle) && = delete;
  std::optional<Node> with_alias(std::string_view alias) const&;
  std::optional<Node> with_alias(std::string_view alias) && = delete;
  std::optional<Node> with_label(std::string_view label) const&;
  std::optional<Node> with_label(std::string_view label) && = delete;

  // The node that a person or an image means: an absolute path, an alias, a label or a compatible string, in
  // this order. A compatible string must belong to one node; where it belongs to several, to one that is marked
  // xen,passthrough. Errors: no_such_device, or invalid_argument where several are meant (they are listed).
  base::Result<Node> resolve(const std::string& name) const&;
  base::Result<Node> resolve(const std::string& name) && = delete;

 private:
  struct Filler;
  explicit Tree(std::shared_ptr<const Node::Index> index) : index_(std::move(index)) {}
  std::shared_ptr<const Node::Index> index_;
};

}  // namespace runx::devtree
