// SPDX-License-Identifier: Apache-2.0
#include "xen/dt_overlay.h"

#include <chrono>

#include "xen/xl.h"

namespace runx::xen {
namespace {

// Valid, and never an overlay of anybody's.
constexpr const char* own_tree = "/sys/firmware/fdt";
constexpr std::chrono::seconds limit{10};

}  // namespace

DtOverlay probe_dt_overlay(base::Host& host) {
  if (!host.exists(xl_path)) return DtOverlay::no_xl;
  if (!host.exists(own_tree)) return DtOverlay::unknown;
  const auto outcome = host.run({.argv = {xl_path, "dt-overlay", "remove", host.real(own_tree)}, .limit = limit});
  if (!outcome) return DtOverlay::unknown;
  const auto& said = outcome->errors;
  const auto has = [&said](const char* words) { return said.find(words) != std::string::npos; };
  if (has("Operation not supported")) return DtOverlay::off;
  if (has("Invalid argument")) return DtOverlay::yes;
  if (has("command not implemented") || has("unknown command")) return DtOverlay::no_xl;
  return DtOverlay::unknown;
}

const char* word(DtOverlay answer) {
  switch (answer) {
    case DtOverlay::yes:
      return "yes";
    case DtOverlay::off:
      return "off";
    case DtOverlay::no_xl:
      return "no-xl";
    case DtOverlay::unknown:
      break;
  }
  return "unknown";
}

}  // namespace runx::xen
