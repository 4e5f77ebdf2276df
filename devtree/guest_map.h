// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where in a guest's physical address space a device's pages can stand: at the host's own addresses, unless the
// guest's RAM or something that Xen puts there is in the way; then in a free place. The layout is Xen's public
// interface (xen/include/public/arch-arm.h, GUEST_*), the same for every guest that xl makes.

#include <cstdint>
#include <optional>
#include <vector>

#include "devtree/address.h"

namespace runx::devtree {

inline constexpr std::uint64_t page_size = 4096;
// The most that the two RAM banks hold: 3 GiB from 0x40000000 and 1016 GiB from 0x200000000.
inline constexpr std::uint64_t largest_guest_memory = std::uint64_t{1019} << 30;

class GuestMap {
 public:
  // `guest_memory` in bytes, up to largest_guest_memory.
  explicit GuestMap(std::uint64_t guest_memory);

  bool is_free(const Block& block) const;
  void take(const Block& block) { taken_.push_back(block); }

  // Takes a free place for `size` bytes (whole pages): below 4 GiB after the guest's RAM where there is room,
  // else between 4 GiB and the second bank. Nothing when neither has room.
  std::optional<std::uint64_t> place(std::uint64_t size);

 private:
  std::optional<std::uint64_t> search(Block range, std::uint64_t size) const;

  std::uint64_t after_ram_ = 0;
  std::vector<Block> taken_;
};

}  // namespace runx::devtree
