// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a node of Dom0's half of an overlay (overlay_dom0.h) reaches beyond itself, held against what the region is
// granted (OverlayRequest):
//
//   clocks              `clocks` and `assigned-clocks` lead to the overlay's own, or to a fabric clock of the
//   firmware's
//                       controller (PL0 to PL3) that is granted; `assigned-clock-rates` stay at or below the granted
//                       rate. Parents are the board's. Linux: drivers/clk/clk-conf.c
//   AFI                 `config-afi`, pairs of register and value. Registers 2n and 2n + 1 are the read and write
//                       channel of AFIFMn (0 to 6), 14 AFI_FS of the FPD, 15 AFI_FS of the LPD. linux-xlnx:
//                       Documentation/devicetree/bindings/fpga/xlnx,zynqmp-afi-fpga.txt
//   bridges             `fpga-bridges` name the overlay's own, or the region's

#include <set>
#include <string>
#include <vector>

#include "devtree/overlay.h"
#include "devtree/overlay_split.h"

namespace runx::devtree {

inline constexpr std::uint32_t fabric_clocks = 4;  // PL0 to PL3
inline constexpr std::uint32_t last_afi_register = 15;

class GrantCheck {
 public:
  // `base` is the boot tree, `merged` the same with the overlay. All of them outlive the check.
  GrantCheck(const Overlay& overlay, const Tree& base, const Tree& merged, const OverlayRequest& request,
             std::vector<Refusal>& refused);

  // `node` is one of the overlay, at `place` in the merged tree.
  void check(const Node& node, const std::string& place);

 private:
  struct Clock {
    Node provider;
    std::vector<std::uint32_t> arguments;
  };
  std::optional<std::vector<Clock>> clocks(const Node& node, const std::string& place, const char* property) const;
  std::set<std::size_t> referred(const Node& node, const char* property) const;
  void check_clocks(const Node& node, const std::string& place);
  void check_rates(const Node& node, const std::string& place, const std::vector<Clock>& assigned);
  void check_afi(const Node& node, const std::string& place);
  void check_bridges(const Node& node, const std::string& place);
  std::optional<std::uint32_t> fabric_clock(const Clock& clock) const;
  template <class... Parts>
  void refuse(const std::string& place, const Parts&... parts) {
    refused_.push_back({place, base::text(parts...)});
  }

  const Overlay& overlay_;
  const Tree& base_;
  const Tree& merged_;
  const OverlayRequest& request_;
  std::vector<Refusal>& refused_;
  std::set<std::string> bridges_;  // of the region, by path
};

}  // namespace runx::devtree
