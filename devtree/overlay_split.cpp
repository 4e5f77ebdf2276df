// SPDX-License-Identifier: Apache-2.0
#include "devtree/overlay_split.h"

#include <algorithm>
#include <map>
#include <set>

#include "devtree/overlay_dom0.h"

namespace runx::devtree {
namespace {

using base::Result;
using base::text;

std::string parent_path(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Blocks that touch or overlap, made one.
std::vector<Block> joined(std::vector<Block> blocks) {
  std::sort(blocks.begin(), blocks.end(), [](const Block& a, const Block& b) { return a.address < b.address; });
  std::vector<Block> out;
  for (const Block& block : blocks) {
    if (!out.empty() && block.address <= out.back().end()) {
      out.back().size = std::max(out.back().end(), block.end()) - out.back().address;
    } else {
      out.push_back(block);
    }
  }
  return out;
}

bool inside(const Block& block, const std::vector<Block>& all) {
  return std::any_of(all.begin(), all.end(), [&](const Block& one) { return one.holds(block); });
}

class Splitting {
 public:
  Splitting(const Tree& base, const Tree& merged, const Overlay& overlay, const OverlayRequest& request)
      : base_(base), merged_(merged), overlay_(overlay), request_(request) {}

  Result<OverlaySplit> result() &&;

 private:
  bool is_new(const Node& node) const { return !base_.find(node.path()); }
  void check_changes();
  void check_changed(const Node& before, const Node& after);
  void check_places();
  void check_once();
  void check_phandles();
  void choose_named();
  void choose_outermost(const Node& node);
  void sort_as_overlay();
  void choose(const Node& node);
  void read_fabric_clocks();
  void add_rates(const Node& node);
  void check_guest(const Node& node);
  void check_registers(const Node& node);
  void check_interrupts(const Node& node);
  bool in_guest(const Node& node) const {
    return std::any_of(guest_.begin(), guest_.end(), [&](const Node& top) { return node.is_inside(top); });
  }
  bool is_kept(const Node& node) const;
  DraftNode draw(const Node& node);
  void list_left_out();
  void refuse(const std::string& node, std::string reason) { out_.refused.push_back({node, std::move(reason)}); }

  const Tree& base_;
  const Tree& merged_;
  const Overlay& overlay_;
  const OverlayRequest& request_;
  std::vector<Node> guest_;  // of merged_, none below another
  // What xlnx,fclk nodes set: provider and its one argument, to Hz.
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> fabric_clocks_;
  OverlaySplit out_;
};

void Splitting::check_changed(const Node& before, const Node& after) {
  const std::string path = before.path();
  const bool own = !request_.region.node.empty() && path == request_.region.node;
  for (const Property& property : after.properties()) {
    const auto was = before.bytes(property.name);
    if (was && std::equal(was->begin(), was->end(), property.value.begin(), property.value.end())) continue;
    if (!was && path == "/__symbols__") continue;
    // Resets of the region are left out of Dom0's half, and mean nothing here.
    if (own && (is_load_property(property.name) || property.name == "resets")) continue;
    // How addresses below it are read is the board's to say, as soon as something of the board's is there.
    if (own && !was && is_bus_property(property.name) && before.children().empty()) continue;
    if (is_region(before) && is_load_property(property.name)) {
      return refuse(path, request_.region.node.empty()
                              ? text("is programmed by the overlay, and the board file does not say which node region ",
                                     request_.region.name, " has: add its \"node\"")
                              : text("is programmed by the overlay, but region ", request_.region.name, " is ",
                                     request_.region.node, ": use an overlay for that region"));
    }
    return refuse(path, text("would get another ", property.name,
                             ": an overlay adds nodes, and changes none that the board has"));
  }
}

// libfdt removes nothing, so looking at what is there afterwards is enough.
void Splitting::check_changes() {
  for (const Node& before : base_.nodes()) {
    if (const auto after = merged_.find(before.path())) check_changed(before, *after);
  }
}

void Splitting::check_places() {
  for (const Node& node : merged_.nodes()) {
    if (!is_new(node) || node.path() == "/__symbols__") continue;
    const auto above = base_.find(parent_path(node.path()));
    if (!above || !above->parent() || above->is_compatible("simple-bus") || is_region(*above)) continue;
    refuse(node.path(), "cannot be added there: accelerators stand below the root, a simple-bus or an fpga-region");
  }
}

// Dom0's half is made of the overlay and checked in the merged tree: a node has to be the same in both. Two of one
// place are not, and neither is one that libfdt takes for another ("a" for an "a@1").
void Splitting::check_once() {
  std::set<std::string> seen;
  for (const Node& node : overlay_.tree().nodes()) {
    const auto place = overlay_.place(node);
    if (!place) continue;
    const bool first = seen.insert(*place).second;
    if (!merged_.find(*place)) {
      refuse(*place, "has the name of a node beside it, without the address: give it another name");
    } else if (!first && (!base_.find(*place) || *place == request_.region.node)) {
      refuse(*place, "stands twice in the overlay: write it once, in one fragment");
    }
  }
}

// Two nodes with one phandle: which of them a reference means would be the overlay's to choose.
void Splitting::check_phandles() {
  std::map<std::uint32_t, Node> seen;
  for (const Node& node : merged_.nodes()) {
    const auto phandle = node.phandle();
    if (!phandle) continue;
    const auto [first, added] = seen.emplace(*phandle, node);
    if (added || (!is_new(node) && !is_new(first->second))) continue;
    refuse(is_new(node) ? node.path() : first->second.path(),
           text("has the phandle of ", is_new(node) ? first->second.path() : node.path(), ", ", *phandle));
  }
}

void Splitting::choose(const Node& node) {
  if (in_guest(node)) return;
  std::erase_if(guest_, [&](const Node& below) { return below.is_inside(node); });
  guest_.push_back(node);
}

void Splitting::choose_named() {
  for (const std::string& name : request_.nodes) {
    const auto node = name.starts_with("/") ? merged_.find(name) : merged_.with_label(name);
    if (!node) {
      refuse(name, text("is neither the path nor the label of a node of ", overlay_.name()));
    } else if (!is_new(*node)) {
      refuse(name, "is a node of the boot tree and not of the overlay: ask for it as a device");
    } else if (is_dom0_kind(*node)) {
      refuse(name, "is Dom0's, which programs and clocks the fabric: leave it out");
    } else {
      choose(*node);
    }
  }
}

// libfdt turns the order round.
void Splitting::sort_as_overlay() {
  std::map<std::string, std::size_t> order;
  for (const Node& node : overlay_.tree().nodes()) {
    if (const auto place = overlay_.place(node)) order.emplace(*place, node.position());
  }
  std::sort(guest_.begin(), guest_.end(),
            [&](const Node& a, const Node& b) { return order[a.path()] < order[b.path()]; });
}

void Splitting::choose_outermost(const Node& node) {
  for (const Node& below : node.children()) {
    if (is_new(below) && below.has("reg") && passes_addresses(node)) {
      if (below.okay() && !is_dom0_kind(below)) choose(below);
    } else {
      choose_outermost(below);
    }
  }
}

void Splitting::check_registers(const Node& node) {
  if (!node.has("reg")) return;
  // What hangs on a bus of its own (I2C) has no addresses to look at; the bus has.
  const auto device = mapped_device(node);
  if (device && *device != node && in_guest(*device)) return;
  const auto blocks = cpu_blocks(node, merged_);
  if (!blocks) return refuse(node.path(), "cannot be given: " + blocks.error().what);
  for (const Block& block : *blocks) {
    if (inside(block, joined(request_.region.apertures))) continue;
    refuse(node.path(), text("has registers at ", to_text(block), ", outside the apertures of region ",
                             request_.region.name, ": move the design, or correct the board file"));
  }
}

void Splitting::check_interrupts(const Node& node) {
  const auto lines = interrupts(node, merged_);
  if (!lines) return refuse(node.path(), "cannot be given: " + lines.error().what);
  for (const Interrupt& line : *lines) {
    if (!is_gic(line.controller)) continue;
    const auto spi = gic_spi(line, node);
    if (!spi) return refuse(node.path(), "cannot be given: " + spi.error().what);
    const auto& all = request_.region.interrupts;
    const auto own = std::find_if(all.begin(), all.end(), [&](const Spi& one) { return one.number == spi->number; });
    if (own == all.end()) {
      refuse(node.path(), text("has interrupt SPI ", spi->number, ", which is not among those of region ",
                               request_.region.name, ": correct the design, or the board file"));
    } else if (spi->trigger != 0 && spi->trigger != own->trigger) {
      refuse(node.path(),
             text("has interrupt SPI ", spi->number, " with trigger ", spi->trigger, ", but the board file says ",
                  own->trigger == 1 ? "edge" : "level", " (", own->trigger, ")"));
    }
  }
}

// A provider and one argument; other clocks have their rate elsewhere.
void Splitting::read_fabric_clocks() {
  for (const Node& node : merged_.nodes()) {
    if (!is_new(node) || !node.is_compatible("xlnx,fclk")) continue;
    const auto clocks = node.cells("assigned-clocks");
    const auto rates = node.cells("assigned-clock-rates");
    if (clocks.size() == 2 && rates.size() == 1 && rates[0] != 0) fabric_clocks_[{clocks[0], clocks[1]}] = rates[0];
  }
}

void Splitting::add_rates(const Node& node) {
  const auto cells = node.cells("clocks");
  std::vector<std::uint64_t> rates;
  bool known = false;
  for (std::size_t at = 0; at < cells.size();) {
    const auto provider = merged_.with_phandle(cells[at]);
    const auto count = provider ? provider->cell("#clock-cells") : std::nullopt;
    if (!count || *count > cells.size() - at - 1) return;
    const auto found = *count == 1 ? fabric_clocks_.find({cells[at], cells[at + 1]}) : fabric_clocks_.end();
    rates.push_back(found == fabric_clocks_.end() ? 0 : found->second);
    known = known || rates.back() != 0;
    at += 1 + *count;
  }
  if (known) out_.clock_rates[node.path()] = std::move(rates);
}

void Splitting::check_guest(const Node& node) {
  check_registers(node);
  add_rates(node);
  check_interrupts(node);
  for (const Node& below : node.children()) {
    if (below.okay()) check_guest(below);
  }
}

bool Splitting::is_kept(const Node& node) const {
  const auto all = node.with_descendants();
  return !is_new(node) || in_guest(node) ||
         std::any_of(all.begin(), all.end(), [&](const Node& one) { return is_dom0_kind(one) || in_guest(one); });
}

DraftNode Splitting::draw(const Node& node) {
  DraftNode out{std::string(node.name())};
  const bool fresh = is_new(node);
  for (const Property& property : node.properties()) {
    if (fresh && property.name == "xen,passthrough") continue;
    // Xen knows none of its streams, so that it protects from none; that it has some is worth to be seen.
    const bool streams = fresh && property.name == "iommus";
    const auto value = streams ? base::Bytes{} : property.value;
    out.add(std::string(property.name), {value.begin(), value.end()});
  }
  if (fresh && in_guest(node)) out.add("xen,passthrough", {});
  for (const Node& below : node.children()) {
    // The guest's nodes stand where the declaration does: two of one place would be refused.
    const bool window = is_window(below) && below.strings("label") == std::vector<std::string>{request_.region.name};
    if (!window && is_kept(below)) out.children.push_back(draw(below));
  }
  return out;
}

void Splitting::list_left_out() {
  for (const Node& node : merged_.nodes()) {
    const auto above = node.parent();
    if (!is_new(node) || is_kept(node) || !above || !is_kept(*above) || node.path() == "/__symbols__") continue;
    out_.left_out.push_back({node.path(), "the node",
                             request_.nodes.empty() ? "it is neither Dom0's nor has it registers"
                                                    : "it is neither Dom0's nor was it asked for"});
  }
}

Result<OverlaySplit> Splitting::result() && {
  check_changes();
  check_places();
  check_once();
  check_phandles();
  if (request_.nodes.empty()) {
    choose_outermost(merged_.root());
    sort_as_overlay();
  } else {
    choose_named();
  }
  read_fabric_clocks();
  const auto window = declared_window(base_, request_.region.name);
  for (const Node& top : guest_) {
    check_guest(top);
    out_.guest_nodes.push_back(top.path());
  }
  if (!guest_.empty() && (!window || !declares(*window, base_, request_.region))) {
    refuse(guest_.front().path(),
           text("lies in region ", request_.region.name, ", of which the boot tree declares ",
                window ? "other apertures or interrupts than the board file says" : "nothing",
                ": prepare it with accelkit board prepare --board, and boot Xen with that tree"));
  }
  auto dom0 = dom0_half(overlay_, base_, merged_, request_, out_.refused, out_.left_out);
  if (!dom0) return tl::make_unexpected(dom0.error());
  if (!out_.refused.empty()) {
    out_.left_out.clear();
    return std::move(out_);
  }
  list_left_out();
  auto tree = Draft::blob(draw(merged_.root()));
  if (!tree) return tl::make_unexpected(tree.error());
  out_.dom0 = std::move(*dom0);
  out_.tree = std::move(*tree);
  return std::move(out_);
}

}  // namespace

Result<OverlaySplit> split_overlay(const Blob& boot_tree, const Blob& overlay, const OverlayRequest& request) {
  const Tree base = Tree::of(boot_tree);
  const auto read = Overlay::read(overlay, base, request.name);
  if (!read) return tl::make_unexpected(read.error());
  const auto applied = read->apply_to(boot_tree);
  if (!applied) return tl::make_unexpected(applied.error());
  const Tree merged = Tree::of(*applied);
  return Splitting(base, merged, *read, request).result();
}

}  // namespace runx::devtree
