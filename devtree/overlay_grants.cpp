// SPDX-License-Identifier: Apache-2.0
#include "devtree/overlay_grants.h"

namespace runx::devtree {
namespace {

// include/dt-bindings/clock/xlnx-zynqmp-clk.h of Linux: PL0_REF; PL1_REF to PL3_REF follow.
constexpr std::uint32_t first_fabric_clock = 71;

std::string numbers(const std::set<std::uint32_t>& all) {
  std::string out;
  for (const auto number : all) out += base::text(out.empty() ? "" : ", ", number);
  return out;
}

}  // namespace

GrantCheck::GrantCheck(const Overlay& overlay, const Tree& base, const Tree& merged, const OverlayRequest& request,
                       std::vector<Refusal>& refused)
    : overlay_(overlay), base_(base), merged_(merged), request_(request), refused_(refused) {
  if (!request.bridge.empty()) bridges_.insert(request.bridge);
  const auto region = request.region.node.empty() ? std::nullopt : base.find(request.region.node);
  if (!region) return;
  for (const auto phandle : region->cells("fpga-bridges")) {
    if (const auto bridge = base.with_phandle(phandle)) bridges_.insert(bridge->path());
  }
}

void GrantCheck::check(const Node& node, const std::string& place) {
  check_clocks(node, place);
  check_afi(node, place);
  check_bridges(node, place);
}

// Where the property's cells are phandles, by the overlay's fixups; empty, too, when two of them overlap.
std::set<std::size_t> GrantCheck::referred(const Node& node, const char* property) const {
  std::set<std::size_t> out;
  for (const auto& reference : overlay_.references()) {
    if (reference.node == node && reference.property == property && !out.insert(reference.offset).second) return {};
  }
  return out;
}

// Nothing when they lead to no clock. A number that is no reference means one thing in the merged tree and another in
// Dom0's, whose phandles are others.
std::optional<std::vector<GrantCheck::Clock>> GrantCheck::clocks(const Node& node, const std::string& place,
                                                                 const char* property) const {
  const auto there = merged_.find(place);
  const auto cells = there ? there->cells(property) : std::vector<std::uint32_t>();
  std::vector<Clock> out;
  std::set<std::size_t> providers;
  for (std::size_t at = 0; at < cells.size();) {
    const auto provider = merged_.with_phandle(cells[at]);
    const auto count = provider ? provider->cell("#clock-cells") : std::nullopt;
    if (!count || *count > cells.size() - at - 1) return std::nullopt;
    providers.insert(4 * at);
    const auto first = cells.begin() + static_cast<std::ptrdiff_t>(at) + 1;
    out.push_back({*provider, {first, first + *count}});
    at += 1 + *count;
  }
  if (providers.empty() || providers != referred(node, property)) return std::nullopt;
  return out;
}

// 0 to 3; nothing for other clocks.
std::optional<std::uint32_t> GrantCheck::fabric_clock(const Clock& clock) const {
  if (!base_.find(clock.provider.path()) || !clock.provider.is_compatible("xlnx,zynqmp-clk")) return std::nullopt;
  if (clock.arguments.size() != 1 || clock.arguments[0] < first_fabric_clock) return std::nullopt;
  const auto index = clock.arguments[0] - first_fabric_clock;
  return index < fabric_clocks ? std::optional(index) : std::nullopt;
}

void GrantCheck::check_clocks(const Node& node, const std::string& place) {
  std::vector<Clock> assigned;
  std::set<std::uint32_t> others;  // that the region is not granted
  for (const char* property : {"clocks", "assigned-clocks"}) {
    if (!node.has(property)) continue;
    auto all = clocks(node, place, property);
    if (!all) {
      refuse(place, "has ", property, " that lead to no clock");
      continue;
    }
    for (const Clock& clock : *all) {
      if (!base_.find(clock.provider.path())) continue;  // the overlay's own
      const auto index = fabric_clock(clock);
      if (!index) {
        refuse(place, "sets a clock of ", clock.provider.path(),
               " that is not one of the fabric's four (71 to 74 of xlnx,zynqmp-clk)");
      } else if (!request_.clocks.contains(*index)) {
        others.insert(*index);
      }
    }
    if (std::string_view(property) == "assigned-clocks") assigned = std::move(*all);
  }
  if (!others.empty()) {
    refuse(place, "uses ", others.size() == 1 ? "clock " : "clocks ", numbers(others), " of the fabric, which region ",
           request_.region.name, " is not given: add to the region's \"clocks\" in the board file");
  }
  if (node.has("assigned-clock-parents"))
    refuse(place, "chooses the parents of clocks, which are the board's: remove assigned-clock-parents");
  check_rates(node, place, assigned);
}

// The rate at a place is for the clock at the same place.
void GrantCheck::check_rates(const Node& node, const std::string& place, const std::vector<Clock>& assigned) {
  const char* property = "assigned-clock-rates";
  if (!node.has(property)) return;
  const auto rates = node.cells(property);
  if (rates.empty() || rates.size() > assigned.size())
    return refuse(place, "has ", property, " that are not one number for each of its assigned-clocks");
  for (std::size_t at = 0; at < rates.size(); ++at) {
    const auto index = fabric_clock(assigned[at]);
    const auto granted = index ? request_.clocks.find(*index) : request_.clocks.end();
    if (granted == request_.clocks.end() || rates[at] <= granted->second) continue;
    refuse(place, "sets clock ", *index, " of the fabric to ", rates[at], " Hz, but region ", request_.region.name,
           " is given at most ", granted->second, ": set a lower rate, or raise the board file's \"maxRate\"");
  }
}

void GrantCheck::check_afi(const Node& node, const std::string& place) {
  if (!node.has("config-afi")) return;
  const auto cells = node.cells("config-afi");
  if (cells.empty() || cells.size() % 2 != 0) return refuse(place, "has a config-afi that is not a list of pairs");
  std::set<std::uint32_t> others;  // that the region is not granted
  for (std::size_t at = 0; at < cells.size(); at += 2) {
    if (cells[at] > last_afi_register)
      return refuse(place, "sets AFI register ", cells[at], ", but the last one is ", last_afi_register);
    if (!request_.afi.contains(cells[at])) others.insert(cells[at]);
  }
  if (others.empty()) return;
  refuse(place, "sets AFI ", others.size() == 1 ? "register " : "registers ", numbers(others), ", which region ",
         request_.region.name, " is not given: add to the region's \"afi\" in the board file");
}

void GrantCheck::check_bridges(const Node& node, const std::string& place) {
  const char* property = "fpga-bridges";
  if (!node.has(property)) return;
  std::set<std::size_t> cells;
  for (std::size_t at = 0; at < node.bytes(property)->size(); at += 4) cells.insert(at);
  if (cells.empty() || cells != referred(node, property))
    return refuse(place, "has ", property, " that are not references to bridges");
  for (const auto& reference : overlay_.references()) {
    if (reference.node != node || reference.property != property || reference.label.empty()) continue;
    const auto bridge = base_.with_label(reference.label)->path();
    if (bridges_.contains(bridge)) continue;
    refuse(place, "names the bridge ", bridge, ", which is not one of region ", request_.region.name,
           ": name the region's own, or remove ", property);
  }
}

}  // namespace runx::devtree
