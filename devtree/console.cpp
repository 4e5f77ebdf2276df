// SPDX-License-Identifier: Apache-2.0
#include "devtree/console.h"

#include <array>
#include <charconv>

namespace runx::devtree {
namespace {

struct Driver {
  std::string_view compatible;
  std::string_view tty;
};

constexpr std::array<Driver, 5> drivers = {{{"xlnx,zynqmp-uart", "ttyPS"},
                                            {"cdns,uart-r1p12", "ttyPS"},
                                            {"cdns,uart-r1p8", "ttyPS"},
                                            {"xlnx,xuartps", "ttyPS"},
                                            {"arm,pl011", "ttyAMA"}}};

// The decimal number that `text` begins with.
std::optional<std::uint32_t> leading_number(std::string_view text) {
  std::uint32_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() ? std::optional(number) : std::nullopt;
}

}  // namespace

std::optional<std::string_view> tty_of(const Node& node) {
  const auto names = node.strings("compatible");
  for (const auto& driver : drivers) {
    for (const auto& name : names) {
      if (name == driver.compatible) return driver.tty;
    }
  }
  return std::nullopt;
}

std::optional<unsigned> serial_number(std::string_view alias) {
  constexpr std::string_view prefix = "serial";
  if (!alias.starts_with(prefix)) return std::nullopt;
  const auto digits = alias.substr(prefix.size());
  if (digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  return leading_number(digits);
}

std::optional<StandardOutput> standard_output(const Tree& tree) {
  const auto chosen = tree.find("/chosen");
  const auto text = chosen ? chosen->strings("stdout-path") : std::vector<std::string>{};
  if (text.empty()) return std::nullopt;
  const std::string name = text[0].substr(0, text[0].find(':'));
  const auto node = name.starts_with('/') ? tree.find(name) : tree.with_alias(name);
  if (!node) return std::nullopt;
  return StandardOutput{*node, name.size() < text[0].size() ? text[0].substr(name.size() + 1) : std::string()};
}

std::uint32_t speed_of(const Node& uart, const Tree& tree) {
  constexpr std::uint32_t usual = 115200;
  if (const auto out = standard_output(tree); out && out->node == uart) {
    if (const auto speed = leading_number(out->options); speed && *speed != 0) return *speed;
  }
  const auto speed = uart.cell("current-speed").value_or(0);
  return speed != 0 ? speed : usual;
}

}  // namespace runx::devtree
