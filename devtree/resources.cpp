// SPDX-License-Identifier: Apache-2.0
#include "devtree/resources.h"

#include <algorithm>
#include <array>

#include "devtree/dma.h"
#include "devtree/interrupt_map.h"

namespace runx::devtree {
namespace {

bool is_type(const Node& node, std::string_view type) {
  const auto types = node.strings("device_type");
  return !types.empty() && types[0] == type;
}

bool is_memory(const Node& node) {
  const auto parent = node.parent();
  return is_type(node, "memory") || (parent && parent->path() == "/reserved-memory");
}

bool is_memory_controller(const Node& node) {
  // Those of Linux's drivers/edac/synopsys_edac.c and versal_edac.c.
  constexpr std::array<std::string_view, 4> names = {"xlnx,zynqmp-ddrc-2.40a", "snps,ddrc-3.80a", "xlnx,zynq-ddrc-a05",
                                                     "xlnx,versal-ddrmc"};
  return std::any_of(names.begin(), names.end(), [&node](std::string_view name) { return node.is_compatible(name); });
}

bool is_pci(const Node& node) { return is_type(node, "pci") || node.cell("#address-cells") == 3U; }

// The whole pages that a block (not an empty one) touches; the very last byte of 64 bits is left out of them.
Block pages_of(const Block& block) {
  const std::uint64_t first = block.address / page_size * page_size;
  const std::uint64_t last = (block.end() - 1) | (page_size - 1);
  return {first, last - first + (last == UINT64_MAX ? 0 : 1)};
}

}  // namespace

Resources::Resources(const Tree& tree, const PassthroughRequest& request, Report& report)
    : tree_(tree), request_(request), report_(report) {
  find_tops(request.nodes);
  for (const Node& top : tops_) {
    if (!top.parent()) continue;
    for (const Node& node : top.with_descendants()) {
      if (node == top || (node.okay() && members_.contains(node.parent()->position()))) {
        members_.insert(node.position());
      } else if (members_.contains(node.parent()->position())) {
        report_.dropped.push_back({node.path(), "the node", "its status is not okay"});
      }
    }
  }
  for (const Node& top : tops_) {
    check_top(top);
    if (top.parent()) collect(top);
  }
  check_others();
  lay_out(request.guest_memory);
}

void Resources::refuse(const Node& node, std::string reason) {
  report_.refused.push_back({node.path(), std::move(reason)});
}

void Resources::refuse(const Node& node, const base::Error& error) {
  // The readers below us begin their sentences with the path that a refusal carries beside it.
  const std::string subject = node.path() + ": ";
  refuse(node,
         "cannot be given: " + (error.what.starts_with(subject) ? error.what.substr(subject.size()) : error.what));
}

void Resources::find_tops(const std::vector<std::string>& paths) {
  std::vector<Node> found;
  for (const std::string& path : paths) {
    const auto node = tree_.find(path);
    if (!node) {
      report_.refused.push_back(
          {path, "is not in the boot tree: check the path, or boot Xen with a tree that has the node"});
    } else if (std::find(found.begin(), found.end(), *node) == found.end()) {
      found.push_back(*node);
    }
  }
  for (const Node& node : found) {
    const bool below = std::any_of(found.begin(), found.end(),
                                   [&node](const Node& other) { return other != node && node.is_inside(other); });
    if (!below) tops_.push_back(node);
  }
}

void Resources::check_top(const Node& top) {
  if (!top.parent()) return refuse(top, "is the whole machine, not a device");
  // It stands for what comes and goes in a region, which is held and given as the region.
  if (is_window(top)) return refuse(top, "declares a region of the fabric and is no device: ask for the region");
  constexpr std::string_view prepare = " with accelkit board prepare and boot Xen with that tree";
  // Preparing the tree also switches the node on: one thing to say and to do.
  const std::string unmarked = base::text("is not marked xen,passthrough in the boot tree: mark it", prepare);
  const std::string disabled = base::text("is disabled in the boot tree: set its status to okay", prepare);
  if (needs_mark(top)) {
    refuse(top, unmarked);
  } else if (!is_marked(top)) {
    note(top, unmarked);
  } else if (!top.okay() && request_.marked_only) {
    refuse(top, disabled);
  } else if (!top.okay()) {
    note(top, disabled);
  }
  for (std::optional<Node> above = top.parent(); above; above = above->parent()) {
    if (!above->okay()) refuse(top, "stands below " + above->path() + ", which is disabled in the boot tree");
  }
}

bool Resources::is_mapped(const Node& node, const Node& top) {
  for (Node bus = *node.parent(); bus.is_inside(top); bus = *bus.parent()) {
    if (!passes_addresses(bus)) return false;
  }
  return true;
}

void Resources::collect(const Node& top) {
  bool any = false;
  for (const Node& node : top.with_descendants()) {
    if (!members_.contains(node.position())) continue;
    if (is_gic(node)) refuse(node, "is the interrupt controller of the host, which Xen keeps");
    if (node.has("#iommu-cells")) refuse(node, "is an IOMMU, which Xen keeps");
    if (is_memory(node)) {
      refuse(node, "is memory, not a device");
      continue;
    }
    if (is_type(node, "cpu")) {
      refuse(node, "is a processor: a guest has virtual ones");
      continue;
    }
    if (is_pci(node)) {
      refuse(node, "is a PCI host bridge: devices on PCI are not passed by the device tree");
      continue;
    }
    if (is_memory_controller(node)) refuse(node, "controls the memory of the whole machine, which Xen keeps");
    const bool registers = collect_blocks(node, top);
    const bool lines = collect_interrupts(node);
    if ((registers || lines) && node != top && !is_marked(node)) {
      std::string why = "belongs to " + top.path() +
                        " but is not marked xen,passthrough in the boot tree: mark it, too, with "
                        "accelkit board prepare and boot Xen with that tree";
      needs_mark(node) ? refuse(node, std::move(why)) : note(node, std::move(why));
    }
    check_dma(node);
    any = any || registers || lines;
  }
  if (!any) idle_.insert(top.position());
}

bool Resources::collect_blocks(const Node& node, const Node& top) {
  if (!node.has("reg") || !is_mapped(node, top)) return false;
  const auto bus = *node.parent();
  if (!passes_addresses(bus)) {
    const auto device = mapped_device(node);
    refuse(node, "hangs on " + bus.path() + ", whose devices have no addresses of the CPU's" +
                     (device ? ": ask for " + device->path() + " instead" : std::string()));
    return true;
  }
  const auto blocks = cpu_blocks(node, tree_);
  if (!blocks) {
    refuse(node, blocks.error());
    return true;
  }
  for (const Block& block : *blocks) {
    if (block.size == 0 || block.address % page_size != 0 || block.size % page_size != 0) {
      refuse(node,
             "has a register block at " + to_text(block) +
                 ", which is not made of whole 4 KiB pages, and Xen gives away nothing smaller: what else is in the "
                 "page would go along");
      continue;
    }
    owned_.push_back({block, node});
  }
  return true;
}

bool Resources::collect_interrupts(const Node& node) {
  const auto all = interrupts(node, tree_);
  if (!all) {
    refuse(node, all.error());
    return true;
  }
  bool from_gic = false;
  for (const Interrupt& interrupt : *all) {
    if (members_.contains(interrupt.controller.position()) && !is_gic(interrupt.controller)) continue;
    from_gic = true;
    if (!is_gic(interrupt.controller)) {
      const std::string controller = interrupt.controller.path();
      refuse(node, "interrupts through " + controller + ", which stays with Dom0: ask for " + controller + " as well");
      continue;
    }
    const auto spi = gic_spi(interrupt, node);
    if (!spi) {
      refuse(node, spi.error());
    } else if (line_of(interrupt, node) == nullptr) {
      lines_.push_back({spi->irq(), node});
    }
  }
  return from_gic;
}

bool Resources::may_do_dma_unfenced(const Node& node) const {
  for (std::optional<Node> at = node; at; at = at->parent()) {
    if (request_.dma_without_iommu.contains(at->path())) return true;
  }
  return false;
}

void Resources::check_dma(const Node& node) {
  const auto sign = dma_sign(node);
  if (!sign) return;
  const bool fenced = protected_by_iommu(node, tree_);
  if (fenced && request_.iommu) {
    dtdev_.push_back(node.path());
    return;
  }
  if (!request_.dma_without_iommu.empty() && may_do_dma_unfenced(node)) {
    return note(node, "does DMA (" + *sign +
                          ") without an IOMMU: it reaches all memory, and a driver that hands it the guest's addresses "
                          "makes it read and write other places of the machine's memory");
  }
  const std::string why = fenced               ? "the board file says that this machine's IOMMU does not work"
                          : node.has("iommus") ? "the IOMMU of its iommus is not switched on in the boot tree"
                                               : "no IOMMU stands in front of it (it has no iommus in the boot tree)";
  refuse(node, "does DMA (" + *sign + ") and " + why +
                   ": a guest would reach all memory: give a device without DMA, or let the host's owner allow it");
}

std::vector<std::uint32_t> Resources::irqs() const {
  std::vector<std::uint32_t> out;
  for (const Line& line : lines_) out.push_back(line.irq);
  return out;
}

const Resources::Line* Resources::line_of(const Interrupt& interrupt, const Node& node) const {
  if (!is_gic(interrupt.controller)) return nullptr;
  const auto spi = gic_spi(interrupt, node);
  if (!spi) return nullptr;
  const auto found =
      std::find_if(lines_.begin(), lines_.end(), [&spi](const Line& line) { return line.irq == spi->irq(); });
  return found == lines_.end() ? nullptr : &*found;
}

void Resources::check_others() {
  for (const Node& other : tree_.nodes()) {
    if (members_.contains(other.position()) || is_memory(other)) continue;
    check_other_lines(other);
    check_other_pages(other);
  }
}

void Resources::check_other_lines(const Node& other) {
  // Xen routes the interrupts of every node that is not marked to Dom0, whatever its status. One that is marked can go
  // to another guest when it is switched on.
  const bool marked = is_marked(other);
  if (lines_.empty() || (marked && !other.available())) return;
  if (is_pci(other)) check_pci_lines(other);
  const auto all = interrupts(other, tree_);
  if (!all) return;
  std::set<std::uint32_t> said;
  for (const Interrupt& interrupt : *all) {
    const Line* line = line_of(interrupt, other);
    if (line == nullptr || !said.insert(line->irq).second) continue;
    refuse(line->node, base::text("has interrupt ", line->irq, " (SPI ", line->irq - 32, ") in common with ",
                                  other.path(), ", and two domains cannot share an interrupt: ",
                                  marked ? "ask for both" : "that one stays with Dom0"));
  }
}

// Xen gives Dom0 all lines that the map of a PCI host bridge leads to (arch/arm/device.c, map_device_children).
void Resources::check_pci_lines(const Node& other) {
  std::set<std::uint32_t> said;
  for (const Signal& target : map_targets(other, tree_)) {
    const Line* line = line_of({target.at, target.specifier}, other);
    if (line == nullptr || !said.insert(line->irq).second) continue;
    refuse(line->node, base::text("has interrupt ", line->irq, " (SPI ", line->irq - 32, ") in common with ",
                                  other.path(), " (interrupt-map), which stays with Dom0"));
  }
}

void Resources::check_other_pages(const Node& other) {
  if (owned_.empty() || !other.has("reg") || !other.available()) return;
  const auto blocks = cpu_blocks(other, tree_);
  if (!blocks) return;
  std::set<std::size_t> said;
  for (const Block& block : *blocks) {
    if (block.size == 0) continue;
    const Block pages = pages_of(block);
    for (const Owned& owned : owned_) {
      if (!owned.pages.overlaps(pages) || !said.insert(owned.node.position()).second) continue;
      refuse(owned.node, "shares the page of its registers at " + to_text(owned.pages) + " with " + other.path() +
                             ", and two domains cannot share a page: " +
                             (is_marked(other) ? "ask for both" : "that one stays with Dom0"));
    }
  }
}

void Resources::lay_out(std::uint64_t guest_memory) {
  std::vector<Block> blocks;
  for (const Owned& owned : owned_) blocks.push_back(owned.pages);
  std::sort(blocks.begin(), blocks.end(),
            [](const Block& a, const Block& b) { return std::pair(a.address, a.size) < std::pair(b.address, b.size); });
  std::vector<Block> merged;
  for (const Block& block : blocks) {
    if (!merged.empty() && merged.back().overlaps(block)) {
      merged.back().size = std::max(merged.back().end(), block.end()) - merged.back().address;
    } else {
      merged.push_back(block);
    }
  }
  GuestMap map(guest_memory);
  std::vector<Block> collide;
  for (const Block& block : merged) {
    if (map.is_free(block)) {
      map.take(block);
      mappings_.push_back({block, block.address});
    } else {
      collide.push_back(block);
    }
  }
  for (const Block& block : collide) {
    const auto place = map.place(block.size);
    if (!place) {
      const auto owner =
          std::find_if(owned_.begin(), owned_.end(), [&block](const Owned& owned) { return block.holds(owned.pages); });
      refuse(owner->node, "has registers at " + to_text(block) +
                              ", where the guest has its memory, and there is room nowhere else: give the guest less");
      continue;
    }
    mappings_.push_back({block, *place});
  }
  std::sort(mappings_.begin(), mappings_.end(),
            [](const PageMapping& a, const PageMapping& b) { return a.host.address < b.host.address; });
}

std::uint64_t Resources::guest_address(const Block& host) const {
  const auto mapping = std::find_if(mappings_.begin(), mappings_.end(),
                                    [&host](const PageMapping& one) { return one.host.holds(host); });
  return mapping->guest + (host.address - mapping->host.address);
}

}  // namespace runx::devtree
