// SPDX-License-Identifier: Apache-2.0
#pragma once

// The phandle closure: what a node that goes to a guest refers to, and what becomes of each reference when the
// node that provides it stays with Dom0.
//
//   provider also goes to the guest   the reference stays, with the guest's phandle
//   clocks                            a fixed-clock of the same rate, where the rate is known (a fixed-clock in the
//                                     host's tree, or the board file); else the property is dropped and said
//   regulators (*-supply)             that cannot be switched: a regulator-fixed of its own, or dropped; others refused
//   resets, power-domains, pinctrl-*, assigned-clocks*, interconnects, iommus …   dropped: Dom0 keeps them, and the
//                                     firmware does not answer a guest (Xen: arch/arm/platforms/xilinx-zynqmp-eemi.c)
//   gpios, phys, nvmem, syscon, memory-region, dmas, mailboxes, io-channels …     refused, naming the provider;
//                                     but I2C's recovery pins and a MAC address in nvmem are only dropped
//
// Which property holds phandles is not written in a tree. The names are those of the Devicetree Specification, of
// dtc's own checks and of Linux's drivers/of/property.c (supplier bindings); a vendor's property under another
// name is copied as it is.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "devtree/node.h"
#include "devtree/report.h"

namespace runx::devtree {

// Xen's guests have their interrupt controller under this phandle (xen/include/public/device_tree_defs.h,
// GUEST_PHANDLE_GIC).
inline constexpr std::uint32_t guest_gic_phandle = 65000;

// For a consumer's path: the rate in Hz of each entry of its `clocks`, in their order; 0 is not known.
using ClockRates = std::map<std::string, std::vector<std::uint64_t>>;

class Closure {
 public:
  // `members` are the positions of the nodes that go to the guest.
  Closure(const Tree& tree, const std::set<std::size_t>& members, const ClockRates& rates, Report& report)
      : tree_(tree), members_(members), rates_(rates), report_(report) {}

  bool is_member(const Node& node) const { return members_.contains(node.position()); }

  // Puts the property into `out` as the guest shall see it, or tells the report why not.
  void copy(const Node& node, const Property& property, DraftNode& out);

  // The guest's phandle of a member; asking for it is what gives it one. From 1, never 65000.
  std::uint32_t phandle_for(const Node& member);
  std::optional<std::uint32_t> phandle_given(const Node& member) const;

  // True when a member refers to something that goes along with it.
  bool refers_to_members(const Node& node) const;

  // What stays with Dom0 and refers to a member at or below `top`: "/leds/one (gpios)".
  std::vector<std::string> users_outside(const Node& top) const;

  // The nodes that stand in for providers, in the order of their first use.
  const std::vector<DraftNode>& stand_ins() const { return stand_ins_; }

 private:
  struct Reference {
    std::uint32_t phandle = 0;
    std::optional<Node> provider = std::nullopt;  // none: an empty place in the list
    std::vector<std::uint32_t> arguments = {};
  };
  struct Kind;

  static std::optional<Kind> kind_of(const Node& node, std::string_view property);
  base::Result<std::vector<Reference>> references(const Node& node, std::string_view property, const Kind& kind) const;
  void copy_clocks(const Node& node, const std::vector<Reference>& references, DraftNode& out);
  void copy_supply(const Node& node, std::string_view property, const Node& provider, DraftNode& out);
  void leave_out(const Node& node, std::string_view property, const Kind& kind, const Reference& missing);
  std::uint64_t known_rate(const Node& node, std::size_t entry, const Reference& clock) const;
  std::uint32_t fixed_clock(std::uint64_t rate);
  std::uint32_t next_phandle();
  void refuse(const Node& node, std::string reason) { report_.refused.push_back({node.path(), std::move(reason)}); }

  const Tree& tree_;
  const std::set<std::size_t>& members_;
  const ClockRates& rates_;
  Report& report_;
  std::uint32_t last_phandle_ = 0;
  std::map<std::size_t, std::uint32_t> phandles_;
  std::map<std::uint64_t, std::uint32_t> clocks_;    // rate -> phandle of its stand-in
  std::map<std::size_t, std::uint32_t> regulators_;  // host position -> phandle of its stand-in
  std::vector<DraftNode> stand_ins_;
};

}  // namespace runx::devtree
