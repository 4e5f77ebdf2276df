// SPDX-License-Identifier: Apache-2.0
#include "devtree/passthrough.h"

#include <algorithm>
#include <map>
#include <set>

#include "devtree/interrupt_map.h"
#include "devtree/resources.h"

namespace runx::devtree {
namespace {

using base::fail;

base::Status check_request(const PassthroughRequest& request) {
  if (request.nodes.empty()) return fail(std::errc::invalid_argument, "no node to pass through is named");
  for (const std::string& node : request.nodes) {
    if (node.empty() || node[0] != '/') {
      return fail(std::errc::invalid_argument, "\"", node, "\" is not the absolute path of a node");
    }
  }
  if (request.guest_memory == 0 || request.guest_memory > largest_guest_memory) {
    return fail(std::errc::invalid_argument, "a guest cannot have ", request.guest_memory, " bytes of memory");
  }
  for (const auto& [node, rates] : request.clock_rates) {
    for (const std::uint64_t rate : rates) {
      if (rate > UINT32_MAX) {
        return fail(std::errc::invalid_argument, node, ": a clock of ", rate,
                    " Hz is more than the 32 bits that a fixed-clock holds");
      }
    }
  }
  return {};
}

class Drawing {
 public:
  Drawing(const Tree& host, const PassthroughRequest& request)
      : host_(host),
        resources_(host, request, report_),
        closure_(host, resources_.members(), request.clock_rates, report_) {}

  base::Result<Passthrough> result();

 private:
  DraftNode draw(const Node& node, const Node& top);
  void draw_property(const Node& node, const Node& top, const Property& property, DraftNode& out);
  void draw_reg(const Node& top, DraftNode& out);
  void draw_ranges(const Node& top, DraftNode& out);
  void draw_interrupts(const Node& node, DraftNode& out);
  void draw_interrupt_parent(const Node& node, DraftNode& out);
  std::uint32_t controller_phandle(const Node& controller);
  void add_phandles(const Node& node, DraftNode& out);
  std::string unique_name(const Node& top);
  DraftNode aliases(std::vector<Console>& consoles) const;
  std::string guest_path(const Node& member) const;
  void note_dom0();
  void drop(const Node& node, std::string_view what, std::string why) {
    report_.dropped.push_back({node.path(), std::string(what), std::move(why)});
  }

  const Tree& host_;
  Report report_;
  Resources resources_;
  Closure closure_;
  std::set<std::string> names_;
  std::vector<std::pair<Node, std::string>> paths_;  // each top and its path in the guest
};

base::Result<Passthrough> Drawing::result() {
  Passthrough out;
  DraftNode bus{"passthrough"};
  bus.add("compatible", text_value("simple-bus"));
  bus.add("#address-cells", cells_value({2}));
  bus.add("#size-cells", cells_value({2}));
  bus.add("ranges", {});
  bus.add("interrupt-parent", cells_value({guest_gic_phandle}));
  for (const Node& top : resources_.tops()) {
    if (!resources_.has_any(top) && !closure_.refers_to_members(top)) {
      report_.refused.push_back({top.path(), "has neither registers nor interrupts that could be given"});
    }
  }
  // Where resources are refused, addresses are missing; the closure still has its say.
  const bool drawable = report_.refused.empty();
  if (drawable) {
    for (const Node& top : resources_.tops()) {
      bus.children.push_back(draw(top, top));
      paths_.emplace_back(top, "/passthrough/" + bus.children.back().name);
    }
  } else {
    for (const Node& node : host_.nodes()) {
      if (!closure_.is_member(node)) continue;
      DraftNode unused;
      for (const Property& property : node.properties()) closure_.copy(node, property, unused);
    }
  }
  std::size_t at = 0;
  if (drawable) {
    for (const Node& top : resources_.tops()) add_phandles(top, bus.children[at++]);
  }
  for (DraftNode stand_in : closure_.stand_ins()) {
    const std::string wanted = stand_in.name;
    for (int count = 2; !names_.insert(stand_in.name).second; ++count) stand_in.name = base::text(wanted, "-", count);
    bus.children.push_back(std::move(stand_in));
  }
  if (report_.refused.empty()) {
    DraftNode root;
    root.add("#address-cells", cells_value({2}));
    root.add("#size-cells", cells_value({2}));
    root.children.push_back(std::move(bus));
    if (DraftNode names = aliases(out.consoles); !names.properties.empty()) root.children.push_back(std::move(names));
    auto blob = Draft::blob(root);
    if (!blob) return tl::make_unexpected(blob.error());
    out.tree = std::move(*blob);
    for (const PageMapping& pages : resources_.mappings()) {
      out.iomem.push_back({pages.host.address / page_size, pages.host.size / page_size, pages.guest / page_size});
    }
    out.irqs = resources_.irqs();
    out.dtdev = resources_.dtdev();
  }
  out.refused = std::move(report_.refused);
  out.replaced = std::move(report_.replaced);
  out.dropped = std::move(report_.dropped);
  note_dom0();
  out.notes = std::move(report_.notes);
  return out;
}

DraftNode Drawing::draw(const Node& node, const Node& top) {
  DraftNode out{node == top ? unique_name(top) : std::string(node.name())};
  for (const Property& property : node.properties()) draw_property(node, top, property, out);
  if (node == top) out.add("status", text_value("okay"));
  for (const Node& child : node.children()) {
    if (closure_.is_member(child)) out.children.push_back(draw(child, top));
  }
  return out;
}

void Drawing::draw_property(const Node& node, const Node& top, const Property& property, DraftNode& out) {
  const std::string_view name = property.name;
  if (name == "phandle" || name == "linux,phandle" || name == "xen,passthrough") return;
  if (name == "interrupts" || name == "interrupts-extended") {
    // interrupts-extended wins where a node has both.
    if (name == "interrupts-extended" || !node.has("interrupts-extended")) draw_interrupts(node, out);
    return;
  }
  if (name == "interrupt-parent") return draw_interrupt_parent(node, out);
  if (is_nexus(node) && (name == "interrupt-map" || name == "interrupt-map-mask" ||
                         (name == "#interrupt-cells" && !node.has("interrupt-controller")))) {
    if (name == "interrupt-map") drop(node, name, "the interrupts of what hangs on it are led to their ends");
    return;
  }
  if (node == top) {
    if (name == "status") return;
    if (name == "reg") return draw_reg(top, out);
    if (name == "ranges") return draw_ranges(top, out);
    if (name == "dma-ranges" && child_cells(*top.parent()).value_or(Cells{0, 0}).address != 2) {
      return drop(top, name, "its bus has other address cells than the guest's");
    }
  }
  closure_.copy(node, property, out);
}

void Drawing::draw_reg(const Node& top, DraftNode& out) {
  std::vector<std::uint8_t> reg;
  const std::vector<Block> blocks = cpu_blocks(top, host_).value();
  for (const Block& block : blocks) {
    append_cells(reg, resources_.guest_address(block), 2);
    append_cells(reg, block.size, 2);
  }
  out.add("reg", std::move(reg));
}

// The `ranges` of a bus, made of what its devices have there: an empty `ranges` stays when all of
// that is at its own address, else there is one entry for each block.
void Drawing::draw_ranges(const Node& top, DraftNode& out) {
  std::vector<std::uint8_t> ranges;
  std::vector<Block> seen;
  bool same = top.bytes("ranges")->empty();
  for (const Node& node : top.with_descendants()) {
    if (node == top || !closure_.is_member(node) || !node.has("reg") || !Resources::is_mapped(node, top)) continue;
    const std::vector<Block> below = reg_blocks(node).value();
    for (const Block& block : below) {
      const Block on_bus = translate(block, *node.parent(), top).value();
      const std::uint64_t guest = resources_.guest_address(translate(on_bus, top, host_.root()).value());
      same = same && guest == on_bus.address;
      if (std::find(seen.begin(), seen.end(), on_bus) != seen.end()) continue;
      seen.push_back(on_bus);
      const Cells cells = child_cells(top).value();
      if ((cells.address < 2 && on_bus.address > UINT32_MAX) || (cells.size < 2 && on_bus.size > UINT32_MAX)) {
        report_.refused.push_back(
            {top.path(), "cannot be given: the registers of " + node.path() + " do not fit the cells of its bus"});
        return;
      }
      append_cells(ranges, on_bus.address, cells.address);
      append_cells(ranges, guest, 2);
      append_cells(ranges, on_bus.size, cells.size);
    }
  }
  if (same) {
    out.add("ranges", {});
  } else if (!ranges.empty()) {
    out.add("ranges", std::move(ranges));
  } else {
    drop(top, "ranges", "nothing that goes along stands behind it");
  }
}

std::uint32_t Drawing::controller_phandle(const Node& controller) {
  return is_gic(controller) ? guest_gic_phandle : closure_.phandle_for(controller);
}

void Drawing::draw_interrupts(const Node& node, DraftNode& out) {
  const std::vector<Interrupt> all = interrupts(node, host_).value();
  const auto mapped =
      std::find_if(all.begin(), all.end(), [](const Interrupt& interrupt) { return !interrupt.nexus.empty(); });
  // What the node names itself can stay as it is written; what a nexus led elsewhere names its controller anew.
  const bool extended = node.has("interrupts-extended") || mapped != all.end();
  std::vector<std::uint32_t> cells;
  for (const Interrupt& interrupt : all) {
    if (extended) cells.push_back(controller_phandle(interrupt.controller));
    if (is_gic(interrupt.controller)) {
      const Spi spi = gic_spi(interrupt, node).value();
      cells.insert(cells.end(), {0, spi.number, spi.trigger});
    } else {
      cells.insert(cells.end(), interrupt.specifier.begin(), interrupt.specifier.end());
    }
  }
  out.add(extended ? "interrupts-extended" : "interrupts", cells_value(cells));
  if (mapped != all.end()) {
    report_.replaced.push_back({node.path(), "interrupts",
                                "the interrupt-map of " + mapped->nexus + " is followed to " +
                                    mapped->controller.path() + ": interrupts-extended"});
  } else if (!extended && !node.has("interrupt-parent") && !is_gic(all.front().controller)) {
    // It may have the controller from a node above that stays with the host.
    out.add("interrupt-parent", cells_value({controller_phandle(all.front().controller)}));
  }
}

void Drawing::draw_interrupt_parent(const Node& node, DraftNode& out) {
  const auto phandle = node.cell("interrupt-parent");
  const auto parent = phandle ? host_.with_phandle(*phandle) : std::nullopt;
  if (parent && !is_nexus(*parent) && (is_gic(*parent) || closure_.is_member(*parent))) {
    out.add("interrupt-parent", cells_value({controller_phandle(*parent)}));
  } else {
    drop(node, "interrupt-parent", "it leads to no controller of the guest, and nothing here uses it");
  }
}

void Drawing::add_phandles(const Node& node, DraftNode& out) {
  if (const auto phandle = closure_.phandle_given(node)) out.add("phandle", cells_value({*phandle}));
  std::size_t at = 0;
  for (const Node& child : node.children()) {
    if (closure_.is_member(child)) add_phandles(child, out.children[at++]);
  }
}

std::string Drawing::unique_name(const Node& top) {
  const auto blocks = cpu_blocks(top, host_);
  const std::string unit =
      blocks && !blocks->empty() ? "@" + base::hex(resources_.guest_address(blocks->front())).substr(2) : std::string();
  const std::string wanted = unit.empty() ? std::string(top.name()) : std::string(top.base_name());
  std::string name = wanted + unit;
  for (int count = 2; !names_.insert(name).second; ++count) name = base::text(wanted, "-", count, unit);
  return name;
}

std::string Drawing::guest_path(const Node& member) const {
  const auto found =
      std::find_if(paths_.begin(), paths_.end(), [&](const auto& entry) { return member.is_inside(entry.first); });
  return found->second + member.path().substr(found->first.path().size());
}

DraftNode Drawing::aliases(std::vector<Console>& consoles) const {
  DraftNode out{"aliases"};
  std::map<std::size_t, unsigned> numbers;  // of members with an alias serialN
  std::set<unsigned> taken;
  if (const auto host_aliases = host_.find("/aliases")) {
    for (const Property& alias : host_aliases->properties()) {
      const auto node = host_.with_alias(alias.name);
      if (!node || !closure_.is_member(*node)) continue;
      out.add(std::string(alias.name), text_value(guest_path(*node)));
      if (const auto number = serial_number(alias.name); number && taken.insert(*number).second)
        numbers.emplace(node->position(), *number);
    }
  }
  for (const std::size_t position : resources_.members()) {
    const Node node = host_.at(position);
    const auto tty = tty_of(node);
    if (!tty) continue;
    auto number = numbers.find(position);
    if (number == numbers.end()) {
      unsigned free = 0;
      while (!taken.insert(free).second) ++free;
      number = numbers.emplace(position, free).first;
      out.add(base::text("serial", free), text_value(guest_path(node)));
    }
    consoles.push_back(
        {node.path(), guest_path(node), base::text("console=", *tty, number->second, ",", speed_of(node, host_))});
  }
  return out;
}

// What Dom0 and Xen lose by it.
void Drawing::note_dom0() {
  if (const auto out = standard_output(host_); out && closure_.is_member(out->node)) {
    report_.notes.push_back(
        {out->node.path(),
         "is the console (/chosen, stdout-path) of the tree: Xen takes it for itself and gives it to "
         "nobody, unless its command line has dtuart= with another one"});
  }
  for (const Node& top : resources_.tops()) {
    const auto users = closure_.users_outside(top);
    if (users.empty()) continue;
    std::string list;
    for (std::size_t at = 0; at < users.size() && at < 3; ++at) list += (at == 0 ? "" : ", ") + users[at];
    if (users.size() > 3) list += base::text(" and ", users.size() - 3, " more");
    report_.notes.push_back({top.path(), "is used by nodes that stay with Dom0, whose drivers will miss it: " + list});
  }
}

}  // namespace

base::Result<Passthrough> derive_passthrough(const Tree& host, const PassthroughRequest& request) {
  if (base::Status fine = check_request(request); !fine) return tl::make_unexpected(fine.error());
  return Drawing(host, request).result();
}

}  // namespace runx::devtree
