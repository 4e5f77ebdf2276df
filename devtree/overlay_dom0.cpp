// SPDX-License-Identifier: Apache-2.0
#include "devtree/overlay_dom0.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "devtree/overlay_grants.h"

namespace runx::devtree {
namespace {

using base::Result;
using base::text;

template <std::size_t count>
bool among(const std::array<std::string_view, count>& all, std::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

// What a node of Dom0's half may say. Others are left out: resets, power-domains and pins are the board's.
bool is_dom0_property(std::string_view property) {
  constexpr std::array<std::string_view, 21> known = {"compatible",
                                                      "status",
                                                      "phandle",
                                                      "linux,phandle",
                                                      "#address-cells",
                                                      "#size-cells",
                                                      "ranges",
                                                      "reg",
                                                      "#clock-cells",
                                                      "clocks",
                                                      "clock-names",
                                                      "clock-frequency",
                                                      "assigned-clocks",
                                                      "assigned-clock-rates",
                                                      "assigned-clock-parents",
                                                      "config-afi",
                                                      "fpga-bridges",
                                                      "label",
                                                      "clock-output-names",
                                                      "clock-accuracy",
                                                      "reg-names"};
  return among(known, property);
}

// What a bus around Dom0's nodes may say. Dom0's kernel sets the assigned-clocks of any node before it looks for a
// driver (of_clk_set_defaults), so a bus has no more than addresses.
bool is_dom0_bus_property(std::string_view property) {
  return is_bus_property(property) || property == "compatible" || property == "status" || property == "phandle" ||
         property == "linux,phandle";
}

bool refers_to_clocks(std::string_view property) {
  return property == "clocks" || property == "assigned-clocks" || property == "assigned-clock-parents";
}

// A clock without a name of its own is called after its node, and all clocks of Dom0 have one name space. Two images
// may call a node alike, and an image a node like one of the board's: a region's name has no '_', so that this name is
// nobody else's.
std::string name_in_dom0(const std::string& region, std::string_view name) { return text(region, "_", name); }

class Dom0OverlayBuilder {
 public:
  Dom0OverlayBuilder(const Overlay& overlay, const Tree& base, const Tree& merged, const OverlayRequest& request,
                     std::vector<Refusal>& refused, std::vector<Change>& left_out)
      : overlay_(overlay),
        base_(base),
        merged_(merged),
        request_(request),
        refused_(refused),
        left_out_(left_out),
        grants_(overlay, base, merged, request, refused) {}

  Result<Blob> result() &&;

 private:
  std::optional<DraftNode> draw(const Node& node, bool content);
  void check_name(const std::string& place, const std::string& name);
  void draw_target(const Node& node, DraftNode& out);
  void draw_properties(const Node& node, bool kind, DraftNode& out);
  std::vector<std::uint8_t> clock_names(const Node& node) const;
  void keep(const Node& node, std::string_view property) { kept_[node.path()].insert(std::string(property)); }
  bool is_kept(const Node& node, const std::string& property) const {
    const auto found = kept_.find(node.path());
    return found != kept_.end() && found->second.contains(property);
  }
  void check_registers(const std::string& place);
  bool is_dom0s_already(const Node& node, const Block& block) const;
  void check_references();
  DraftNode fixups() const;
  std::optional<DraftNode> local_fixups(const Node& node) const;
  std::string kept_name(const Node& node) const;
  std::string kept_path(const Node& node) const;

  const Overlay& overlay_;
  const Tree& base_;
  const Tree& merged_;
  const OverlayRequest& request_;
  std::vector<Refusal>& refused_;
  std::vector<Change>& left_out_;
  GrantCheck grants_;
  std::map<std::string, std::set<std::string>> kept_;  // nodes of the overlay, and their properties
  std::map<std::string, std::string> names_;           // of kept nodes, by their path in the overlay
};

// Properties for a node that the boot tree has: only the region's own gets any.
void Dom0OverlayBuilder::draw_target(const Node& node, DraftNode& out) {
  const bool own = overlay_.place(node) == request_.region.node;
  for (const Property& property : node.properties()) {
    const std::string name(property.name);
    if (name == "phandle" || name == "linux,phandle") continue;
    if (own && is_load_property(name) && !is_timeout_property(name)) {
      left_out_.push_back({*overlay_.place(node), name, "what is loaded and how is for the runtime to say"});
      continue;
    }
    if (!own || !(is_timeout_property(name) || is_bus_property(name))) {
      const auto before = base_.find(*overlay_.place(node));
      const auto was = before ? before->bytes(name) : std::nullopt;
      if (!was || !std::equal(was->begin(), was->end(), property.value.begin(), property.value.end()))
        left_out_.push_back({*overlay_.place(node), name, "it is the board's"});
      continue;
    }
    out.add(name, {property.value.begin(), property.value.end()});
    keep(node, name);
  }
}

void Dom0OverlayBuilder::draw_properties(const Node& node, bool kind, DraftNode& out) {
  for (const Property& property : node.properties()) {
    const std::string name(property.name);
    if (!(kind ? is_dom0_property(name) : is_dom0_bus_property(name))) {
      left_out_.push_back({*overlay_.place(node), name, "it is no business of Dom0's half"});
      continue;
    }
    if (name == "clock-output-names") {
      out.add(name, clock_names(node));
    } else {
      out.add(name, {property.value.begin(), property.value.end()});
    }
    keep(node, name);
  }
}

std::vector<std::uint8_t> Dom0OverlayBuilder::clock_names(const Node& node) const {
  std::vector<std::uint8_t> out;
  for (const auto& name : node.strings("clock-output-names")) {
    const auto value = text_value(name_in_dom0(request_.region.name, name));
    out.insert(out.end(), value.begin(), value.end());
  }
  return out;
}

std::optional<DraftNode> Dom0OverlayBuilder::draw(const Node& node, bool content) {
  const auto place = *overlay_.place(node);
  const bool old = content || base_.find(place).has_value();
  DraftNode out{std::string(node.name())};
  for (const Node& below : node.children()) {
    if (auto child = draw(below, false)) out.children.push_back(std::move(*child));
  }
  const bool kind = !old && is_dom0_kind(node);
  if (old) {
    draw_target(node, out);
    if (out.properties.empty() && out.children.empty()) return std::nullopt;
  } else {
    if (!kind && out.children.empty()) return std::nullopt;
    out.name = name_in_dom0(request_.region.name, node.name());
    check_name(place, out.name);
    if (!kind && node.strings("compatible") != std::vector<std::string>{"simple-bus"}) {
      refused_.push_back({place, "holds nodes of Dom0's and is no simple-bus: take these out of it"});
    }
    DraftNode whole{out.name};
    draw_properties(node, kind, whole);
    whole.children = std::move(out.children);
    out = std::move(whole);
    if (kind) {
      grants_.check(node, place);
      check_registers(place);
    }
  }
  keep(node, "");
  names_[node.path()] = out.name;
  return out;
}

// The owner of the board may have called a node so, and it would be changed in place of one being added.
void Dom0OverlayBuilder::check_name(const std::string& place, const std::string& name) {
  const auto other = place.substr(0, place.rfind('/') + 1) + name;
  if (base_.find(other)) refused_.push_back({place, text("would be ", other, ", which the board has: rename it")});
}

// A node of the boot tree by which Dom0 has the registers, for the same purpose.
bool Dom0OverlayBuilder::is_dom0s_already(const Node& node, const Block& block) const {
  const auto nodes = base_.nodes();
  return std::any_of(nodes.begin(), nodes.end(), [&](const Node& theirs) {
    if (!is_dom0_kind(theirs) || is_marked(theirs) || !theirs.available()) return false;
    const auto names = node.strings("compatible");
    if (std::none_of(names.begin(), names.end(), [&](const auto& name) { return theirs.is_compatible(name); }))
      return false;
    const auto blocks = cpu_blocks(theirs, base_);
    return blocks && std::find(blocks->begin(), blocks->end(), block) != blocks->end();
  });
}

// Xen maps for Dom0 what nodes of its own tree have, and nothing that comes later. But most of what it maps is no
// business of an image: the memory's controller, IOMMUs, other devices.
void Dom0OverlayBuilder::check_registers(const std::string& place) {
  const auto there = merged_.find(place);
  if (!there || !there->has("reg")) return;
  const auto blocks = cpu_blocks(*there, merged_);
  if (!blocks) return refused_.push_back({place, "has registers that cannot be followed: " + blocks.error().what});
  for (const Block& block : *blocks) {
    if (is_dom0s_already(*there, block)) continue;
    refused_.push_back({place, text("is Dom0's and has registers at ", base::hex(block.address),
                                    ", which no node of its kind in the boot tree has: put the node into the boot "
                                    "tree, and leave it out of the overlay")});
  }
}

void Dom0OverlayBuilder::check_references() {
  std::map<std::uint32_t, std::string> phandles;
  for (const Node& node : overlay_.tree().nodes()) {
    if (const auto phandle = node.phandle()) phandles.emplace(*phandle, node.path());
  }
  for (const auto& reference : overlay_.references()) {
    if (!is_kept(reference.node, reference.property)) continue;
    if (!refers_to_clocks(reference.property) && reference.property != "fpga-bridges") {
      refused_.push_back({*overlay_.place(reference.node),
                          text("is Dom0's, and its ", reference.property, " has a reference, where a number stands")});
      continue;
    }
    if (!reference.label.empty()) continue;
    const auto found = phandles.find(base::be32(*reference.node.bytes(reference.property), reference.offset));
    if (found != phandles.end() && kept_.contains(found->second)) continue;
    refused_.push_back(
        {*overlay_.place(reference.node),
         text("is Dom0's, and its ", reference.property, " refers to ",
              found == phandles.end() ? "no node of the overlay" : found->second + ", which does not stay with Dom0")});
  }
}

std::string Dom0OverlayBuilder::kept_name(const Node& node) const {
  const auto found = names_.find(node.path());
  return found == names_.end() ? std::string(node.name()) : found->second;
}

std::string Dom0OverlayBuilder::kept_path(const Node& node) const {
  const auto above = node.parent();
  return above ? text(above->parent() ? kept_path(*above) : "", "/", kept_name(node)) : "/";
}

DraftNode Dom0OverlayBuilder::fixups() const {
  std::map<std::string, std::vector<std::uint8_t>> lists;  // by label
  for (const auto& reference : overlay_.references()) {
    if (reference.label.empty() || !is_kept(reference.node, reference.property)) continue;
    const auto entry = text_value(text(kept_path(reference.node), ":", reference.property, ":", reference.offset));
    auto& list = lists[reference.label];
    list.insert(list.end(), entry.begin(), entry.end());
  }
  DraftNode out{"__fixups__"};
  for (auto& [label, list] : lists) out.add(label, std::move(list));
  return out;
}

std::optional<DraftNode> Dom0OverlayBuilder::local_fixups(const Node& node) const {
  DraftNode out{node.parent() ? kept_name(node) : "__local_fixups__"};
  std::map<std::string, std::vector<std::uint32_t>> lists;
  for (const auto& reference : overlay_.references()) {
    if (reference.node == node && reference.label.empty() && is_kept(node, reference.property))
      lists[reference.property].push_back(static_cast<std::uint32_t>(reference.offset));
  }
  for (const auto& [property, offsets] : lists) out.add(property, cells_value(offsets));
  for (const Node& below : node.children()) {
    if (auto child = local_fixups(below)) out.children.push_back(std::move(*child));
  }
  if (out.properties.empty() && out.children.empty()) return std::nullopt;
  return out;
}

Result<Blob> Dom0OverlayBuilder::result() && {
  DraftNode root;
  for (const auto& fragment : overlay_.fragments()) {
    auto content = draw(fragment.content, true);
    if (!content) continue;
    DraftNode out{std::string(fragment.node.name())};
    // A path, also where the overlay has a label: region_overlay.h looks for the region's fragment by it.
    out.add("target-path", text_value(fragment.target));
    out.children.push_back(std::move(*content));
    root.children.push_back(std::move(out));
  }
  if (root.children.empty()) return Blob();
  check_references();
  if (auto labels = fixups(); !labels.properties.empty()) root.children.push_back(std::move(labels));
  if (auto local = local_fixups(overlay_.tree().root())) root.children.push_back(std::move(*local));
  return Draft::blob(root);
}

}  // namespace

bool is_region(const Node& node) { return node.is_compatible("fpga-region"); }

bool is_timeout_property(std::string_view property) {
  return property == "region-unfreeze-timeout-us" || property == "region-freeze-timeout-us";
}

bool is_load_property(std::string_view property) {
  constexpr std::array<std::string_view, 5> known = {"firmware-name", "partial-fpga-config", "external-fpga-config",
                                                     "encrypted-fpga-config", "userkey-encrypted-fpga-config"};
  return is_timeout_property(property) || among(known, property);
}

bool is_bus_property(std::string_view property) {
  constexpr std::array<std::string_view, 3> known = {"#address-cells", "#size-cells", "ranges"};
  return among(known, property);
}

bool is_dom0_kind(const Node& node) {
  constexpr std::array<std::string_view, 8> kinds = {"xlnx,afi-fpga",
                                                     "xlnx,fclk",
                                                     "fpga-region",
                                                     "xlnx,pr-decoupler-1.00",
                                                     "xlnx,pr-decoupler",
                                                     "xlnx,dfx-axi-shutdown-manager-1.00",
                                                     "xlnx,dfx-axi-shutdown-manager",
                                                     "fixed-clock"};
  const auto names = node.strings("compatible");
  return !names.empty() &&
         std::all_of(names.begin(), names.end(), [&](const std::string& name) { return among(kinds, name); });
}

Result<Blob> dom0_half(const Overlay& overlay, const Tree& base, const Tree& merged, const OverlayRequest& request,
                       std::vector<Refusal>& refused, std::vector<Change>& left_out) {
  return Dom0OverlayBuilder(overlay, base, merged, request, refused, left_out).result();
}

}  // namespace runx::devtree
