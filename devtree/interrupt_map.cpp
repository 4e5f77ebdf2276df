// SPDX-License-Identifier: Apache-2.0
#include "devtree/interrupt_map.h"

#include <algorithm>

namespace runx::devtree {
namespace {

using base::fail;

constexpr std::uint32_t most_cells = 8;
constexpr int most_nexuses = 16;

using Cells32 = std::vector<std::uint32_t>;

// Linux's reading: the nexus's own #address-cells, else that of the nearest node above which has one, else 2. More than
// most_cells reads as most_cells + 1, which Reader refuses.
std::uint32_t address_cells_of_nexus(const Node& nexus) {
  for (std::optional<Node> node = nexus; node; node = node->parent()) {
    if (const auto cells = node->cell("#address-cells")) return std::min(*cells, most_cells + 1);
  }
  return 2;
}

// A controller that does not say has none.
std::uint32_t address_cells_of_target(const Node& controller) {
  return std::min(controller.cell("#address-cells").value_or(0), most_cells + 1);
}

class Reader {
 public:
  Reader(const Node& nexus, const Tree& tree) : nexus_(nexus), tree_(tree), cells_(nexus.cells("interrupt-map")) {}

  struct Entry {
    Cells32 key;  // unit address and specifier of the child
    Signal target;
  };

  // The next entry; nothing at the end.
  base::Result<std::optional<Entry>> next() {
    if (at_ == cells_.size()) return std::nullopt;
    const auto own = interrupt_cells(nexus_);
    if (!own) return tl::make_unexpected(own.error());
    const auto address_cells = address_cells_of_nexus(nexus_);
    if (address_cells > most_cells) return too_many(nexus_);
    const auto key = take(address_cells + *own);
    const auto phandle = key ? take(1) : std::nullopt;
    if (!phandle) return cut_off();
    const auto parent = tree_.with_phandle(phandle->front());
    if (!parent) {
      return fail(std::errc::invalid_argument, nexus_.path(), ": interrupt-map names phandle ", phandle->front(),
                  ", which is no node's");
    }
    const auto specifier_cells = interrupt_cells(*parent);
    if (!specifier_cells) return tl::make_unexpected(specifier_cells.error());
    if (address_cells_of_target(*parent) > most_cells) return too_many(*parent);
    auto address = take(address_cells_of_target(*parent));
    auto specifier = address ? take(*specifier_cells) : std::nullopt;
    if (!specifier) return cut_off();
    return Entry{*key, {*parent, std::move(*address), std::move(*specifier)}};
  }

 private:
  std::optional<Cells32> take(std::size_t count) {
    if (!base::inside(cells_.size(), at_, count)) return std::nullopt;
    const auto first = cells_.begin() + static_cast<std::ptrdiff_t>(at_);
    at_ += count;
    return Cells32(first, first + static_cast<std::ptrdiff_t>(count));
  }

  static tl::unexpected<base::Error> too_many(const Node& node) {
    return fail(std::errc::invalid_argument, node.path(), ": #address-cells is more than ", most_cells);
  }

  tl::unexpected<base::Error> cut_off() const {
    return fail(std::errc::invalid_argument, nexus_.path(), ": interrupt-map ends in the middle of an entry");
  }

  Node nexus_;
  const Tree& tree_;
  Cells32 cells_;
  std::size_t at_ = 0;
};

bool same(const Cells32& key, const Cells32& wanted, const Cells32& mask) {
  for (std::size_t at = 0; at < wanted.size(); ++at) {
    const std::uint32_t relevant = at < mask.size() ? mask[at] : UINT32_MAX;
    if (((key[at] ^ wanted[at]) & relevant) != 0) return false;
  }
  return true;
}

base::Result<Signal> step(const Signal& signal, const Tree& tree) {
  const Node& nexus = signal.at;
  Cells32 wanted = signal.address;
  wanted.resize(address_cells_of_nexus(nexus));
  wanted.insert(wanted.end(), signal.specifier.begin(), signal.specifier.end());
  const Cells32 mask = nexus.cells("interrupt-map-mask");
  Reader reader(nexus, tree);
  while (true) {
    auto entry = reader.next();
    if (!entry) return tl::make_unexpected(entry.error());
    if (!*entry) break;
    // Linux passes over entries whose controller is switched off.
    if (same((*entry)->key, wanted, mask) && (*entry)->target.at.okay()) return std::move((*entry)->target);
  }
  std::string words;
  for (const std::uint32_t cell : wanted) words += base::text(words.empty() ? "" : " ", base::hex(cell));
  return fail(std::errc::invalid_argument, nexus.path(), ": interrupt-map has no entry for <", words, ">");
}

}  // namespace

base::Result<std::uint32_t> interrupt_cells(const Node& controller) {
  const auto cells = controller.cell("#interrupt-cells");
  if (!cells || *cells == 0 || *cells > most_cells) {
    return fail(std::errc::invalid_argument, controller.path(), ": #interrupt-cells must say 1 to 8 for a controller");
  }
  return *cells;
}

bool is_nexus(const Node& node) { return node.has("interrupt-map"); }

base::Result<Signal> follow_maps(Signal signal, const Tree& tree) {
  for (int nexus = 0; nexus < most_nexuses; ++nexus) {
    if (!is_nexus(signal.at)) return signal;
    auto next = step(signal, tree);
    if (!next) return next;
    signal = std::move(*next);
  }
  return fail(std::errc::invalid_argument, signal.at.path(), ": interrupt-map leads in a circle");
}

std::vector<Signal> map_targets(const Node& nexus, const Tree& tree) {
  std::vector<Signal> out;
  Reader reader(nexus, tree);
  for (auto entry = reader.next(); entry && *entry; entry = reader.next()) out.push_back(std::move((*entry)->target));
  return out;
}

base::Result<std::vector<std::uint32_t>> unit_address_at(const Node& nexus, const Node& node) {
  Cells32 out = node.cells("reg");
  const std::uint32_t count = address_cells_of_nexus(nexus);
  if (out.size() < count) {
    return fail(std::errc::invalid_argument, "has no unit address of ", count,
                " cells in reg, by which the interrupt-map of ", nexus.path(), " could find its entry");
  }
  out.resize(count);
  return out;
}

}  // namespace runx::devtree
