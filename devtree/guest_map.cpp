// SPDX-License-Identifier: Apache-2.0
#include "devtree/guest_map.h"

#include <algorithm>

namespace runx::devtree {
namespace {

constexpr Block first_bank{0x4000'0000, 0xc000'0000};
constexpr std::uint64_t second_bank = 0x2'0000'0000;
constexpr std::uint64_t four_gib = 0x1'0000'0000;

constexpr Block xen_regions[] = {
    {0x0200'0000, 0x0010'0000},  // virtio-mmio
    {0x0300'0000, 0x0102'0000},  // GIC: distributor, CPU interfaces, redistributors
    {0x1000'0000, 0x1000'0000},  // virtual PCI: configuration space
    {0x2000'0000, 0x0200'0000},  // ACPI tables
    {0x2200'0000, 0x0000'1000},  // PL011
    {0x2300'0000, 0x1000'0000},  // virtual PCI: memory space
    {0x3800'0000, 0x0100'0000},  // grant table
    {0x3900'0000, 0x0100'0000},  // magic pages
};

}  // namespace

GuestMap::GuestMap(std::uint64_t guest_memory) {
  taken_.assign(std::begin(xen_regions), std::end(xen_regions));
  const std::uint64_t low = std::min(guest_memory, first_bank.size);
  after_ram_ = first_bank.address + low;
  if (low > 0) taken_.push_back({first_bank.address, low});
  if (guest_memory > low) taken_.push_back({second_bank, guest_memory - low});
}

bool GuestMap::is_free(const Block& block) const {
  return std::none_of(taken_.begin(), taken_.end(), [&block](const Block& taken) { return taken.overlaps(block); });
}

std::optional<std::uint64_t> GuestMap::search(Block range, std::uint64_t size) const {
  // Large blocks start where the guest can use 2 MiB mappings, small ones where a 64 KiB page kernel can map them.
  const std::uint64_t step = size >= 0x20'0000 ? 0x20'0000 : 0x1'0000;
  std::uint64_t at = range.address;
  while (true) {
    at = (at + step - 1) / step * step;
    if (at > range.end() || size > range.end() - at) return std::nullopt;
    const auto in_the_way = std::find_if(taken_.begin(), taken_.end(), [&](const Block& taken) {
      return taken.overlaps({at, size});
    });
    if (in_the_way == taken_.end()) return at;
    at = in_the_way->end();
  }
}

std::optional<std::uint64_t> GuestMap::place(std::uint64_t size) {
  auto found = search({after_ram_, four_gib - after_ram_}, size);
  if (!found) found = search({four_gib, second_bank - four_gib}, size);
  if (found) take({*found, size});
  return found;
}

}  // namespace runx::devtree
