// SPDX-License-Identifier: Apache-2.0
#pragma once

// The pages, interrupts and IOMMU masters of the nodes that go to a guest, and every reason why they cannot. Used by
// derive_passthrough(), which then draws the tree.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "devtree/address.h"
#include "devtree/boot_tree.h"
#include "devtree/interrupt.h"
#include "devtree/passthrough.h"

namespace runx::devtree {

// Whole pages of the host and where the guest has them.
struct PageMapping {
  Block host;
  std::uint64_t guest = 0;
};

class Resources {
 public:
  Resources(const Tree& tree, const PassthroughRequest& request, Report& report);

  // The nodes that were asked for, without repetitions and without those that stand below another one.
  const std::vector<Node>& tops() const { return tops_; }
  // Positions of the tops and of what is available below them.
  const std::set<std::size_t>& members() const { return members_; }

  const std::vector<PageMapping>& mappings() const { return mappings_; }
  std::vector<std::uint32_t> irqs() const;
  const std::vector<std::string>& dtdev() const { return dtdev_; }

  bool has_any(const Node& top) const { return !idle_.contains(top.position()); }

  // True when `node`, a member below `top`, has registers that the CPU reaches.
  static bool is_mapped(const Node& node, const Node& top);

  // The guest's address of a block of a member. Only when nothing was refused.
  std::uint64_t guest_address(const Block& host) const;

 private:
  void find_tops(const std::vector<std::string>& paths);
  void check_top(const Node& top);
  void collect(const Node& top);
  bool collect_blocks(const Node& node, const Node& top);
  bool collect_interrupts(const Node& node);
  void check_dma(const Node& node);
  bool may_do_dma_unfenced(const Node& node) const;
  bool needs_mark(const Node& node) const { return request_.marked_only && !is_marked(node); }
  void check_others();
  void lay_out(std::uint64_t guest_memory);
  void note(const Node& node, std::string what) { report_.notes.push_back({node.path(), std::move(what)}); }
  void refuse(const Node& node, std::string reason);
  void refuse(const Node& node, const base::Error& error);

  const Tree& tree_;
  const PassthroughRequest& request_;
  Report& report_;
  std::vector<Node> tops_;
  std::set<std::size_t> members_;
  std::set<std::size_t> idle_;  // tops with neither registers nor interrupts
  struct Owned {
    Block pages;
    Node node;
  };
  std::vector<Owned> owned_;
  struct Line {
    std::uint32_t irq = 0;
    Node node;
  };
  const Line* line_of(const Interrupt& interrupt, const Node& node) const;
  void check_other_lines(const Node& other);
  void check_pci_lines(const Node& other);
  void check_other_pages(const Node& other);

  std::vector<PageMapping> mappings_;
  std::vector<Line> lines_;  // each irq once
  std::vector<std::string> dtdev_;
};

}  // namespace runx::devtree
