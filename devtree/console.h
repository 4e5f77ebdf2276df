// SPDX-License-Identifier: Apache-2.0
#pragma once

// UARTs that go to a guest, as its kernel may use them for a console. Whoever boots the guest says so on the kernel's
// command line (`extra=` of xl.cfg): /chosen, where stdout-path would stand, is made by libxl, and holds nothing of the
// partial tree. Which name a UART has in Linux follows from the serialN alias for the drivers below, so the alias in
// the partial tree is what makes the name certain. (drivers/tty/serial: xilinx_uartps.c, amba-pl011.c; others number
// their ports in other ways, and are not listed.)

#include <optional>
#include <string>
#include <string_view>

#include "devtree/node.h"

namespace runx::devtree {

struct Console {
  std::string node;      // the host's path
  std::string path;      // the guest's
  std::string argument;  // for the guest's command line: "console=ttyPS1,115200"
};

// What Linux calls such a UART, without its number: "ttyPS"; nothing for what is no UART of a driver listed above.
std::optional<std::string_view> tty_of(const Node& node);

// "serial3" is 3; nothing for other aliases.
std::optional<unsigned> serial_number(std::string_view alias);

// The node of /chosen, stdout-path, and what the path says after it ("115200n8"); nothing where there is none.
struct StandardOutput {
  Node node;
  std::string options;
};
std::optional<StandardOutput> standard_output(const Tree& tree);

// Bits per second of a UART: what stdout-path says of it, else its current-speed, else 115200.
std::uint32_t speed_of(const Node& uart, const Tree& tree);

}  // namespace runx::devtree
