// SPDX-License-Identifier: Apache-2.0
#include "devtree/closure.h"

#include <algorithm>
#include <array>

#include "devtree/address.h"
#include "devtree/interrupt.h"

namespace runx::devtree {
namespace {

enum class Fate { clock, supply, drop, always_drop, refuse, recovery_pins, nvmem };

struct Known {
  std::string_view property;
  std::string_view cells;  // "" = phandles alone, "*" = one phandle, the rest is the provider's business
  Fate fate;
  std::string_view what;
};

constexpr std::string_view firmware = "Dom0 keeps it: the platform's firmware does not answer a guest";

constexpr std::array<Known, 64> known_properties = {{
    {"clocks", "#clock-cells", Fate::clock, "clock"},
    {"assigned-clocks", "#clock-cells", Fate::always_drop, firmware},
    {"assigned-clock-parents", "#clock-cells", Fate::always_drop, firmware},
    {"assigned-clock-rates", "", Fate::always_drop, firmware},
    {"assigned-clock-rates-u64", "", Fate::always_drop, firmware},
    {"resets", "#reset-cells", Fate::drop, firmware},
    {"power-domains", "#power-domain-cells", Fate::drop, firmware},
    {"performance-domains", "#performance-domain-cells", Fate::drop, firmware},
    {"interconnects", "#interconnect-cells", Fate::drop, "Dom0 keeps the interconnect"},
    {"access-controllers", "#access-controller-cells", Fate::drop, "Dom0 keeps the access controller"},
    {"operating-points-v2", "", Fate::drop, "Dom0 keeps the frequency"},
    {"next-level-cache", "", Fate::drop, "the guest has virtual processors"},
    {"cooling-device", "#cooling-cells", Fate::drop, "Dom0 keeps the temperature"},
    {"iommus", "#iommu-cells", Fate::always_drop, "Xen programs the IOMMU; the guest sees none"},
    {"iommu-map", "*", Fate::always_drop, "Xen programs the IOMMU; the guest sees none"},
    {"iommu-map-mask", "", Fate::always_drop, "Xen programs the IOMMU; the guest sees none"},
    {"phys", "#phy-cells", Fate::refuse, "a PHY"},
    {"phy-handle", "", Fate::refuse, "the PHY"},
    {"phy", "", Fate::refuse, "the PHY"},
    {"phy-device", "", Fate::refuse, "the PHY"},
    {"usb-phy", "", Fate::refuse, "the PHY"},
    {"pcs-handle", "", Fate::refuse, "the PCS"},
    {"sfp", "", Fate::refuse, "the SFP cage"},
    {"dmas", "#dma-cells", Fate::refuse, "a DMA channel"},
    {"mboxes", "#mbox-cells", Fate::refuse, "a mailbox"},
    {"io-channels", "#io-channel-cells", Fate::refuse, "a converter's channel"},
    {"pwms", "#pwm-cells", Fate::refuse, "a PWM"},
    {"thermal-sensors", "#thermal-sensor-cells", Fate::refuse, "a temperature sensor"},
    {"sound-dai", "#sound-dai-cells", Fate::refuse, "a sound interface"},
    {"hwlocks", "#hwlock-cells", Fate::refuse, "a hardware lock"},
    {"mux-controls", "#mux-control-cells", Fate::refuse, "a multiplexer"},
    {"mux-states", "#mux-state-cells", Fate::refuse, "a multiplexer"},
    {"nvmem-cells", "#nvmem-cell-cells", Fate::nvmem, "a non-volatile memory cell"},
    {"nvmem", "", Fate::refuse, "a non-volatile memory"},
    {"memory-region", "", Fate::refuse, "the reserved memory"},
    {"msi-parent", "#msi-cells", Fate::refuse, "message-signalled interrupts (MSI)"},
    {"gpio-ranges", "*", Fate::always_drop, "Dom0 keeps the pins as they are"},
    {"gpio-ranges-group-names", "", Fate::always_drop, "Dom0 keeps the pins as they are"},
    {"mdio-parent-bus", "", Fate::refuse, "an MDIO bus"},
    {"msi-map", "*", Fate::refuse, "message-signalled interrupts (MSI)"},
    {"remote-endpoint", "", Fate::refuse, "the other end of its link"},
    {"mmc-pwrseq", "", Fate::refuse, "the power sequence"},
    {"fpga-mgr", "", Fate::refuse, "the FPGA manager"},
    {"fpga-bridges", "", Fate::refuse, "an FPGA bridge"},
    {"cpu", "", Fate::refuse, "the processor"},
    {"cpus", "", Fate::refuse, "a processor"},
    {"interrupt-affinity", "", Fate::refuse, "a processor"},
    {"leds", "", Fate::refuse, "an LED"},
    {"trigger-sources", "#trigger-source-cells", Fate::refuse, "a trigger"},
    {"backlight", "", Fate::refuse, "the backlight"},
    {"panel", "", Fate::refuse, "the panel"},
    {"extcon", "", Fate::refuse, "a connector"},
    {"ecc-engine", "", Fate::refuse, "the ECC engine"},
    {"nand-ecc-engine", "", Fate::refuse, "the ECC engine"},
    {"ddc-i2c-bus", "", Fate::refuse, "an I2C bus"},
    {"i2c-bus", "", Fate::refuse, "an I2C bus"},
    {"i2c-parent", "", Fate::refuse, "an I2C bus"},
    {"axistream-connected", "", Fate::refuse, "the other end of its stream"},
    {"regmap", "*", Fate::refuse, "registers"},
    {"sram", "", Fate::refuse, "on-chip memory"},
    {"secure-reg-access", "", Fate::drop, "the guest is never secure"},
    {"scl-gpios", "#gpio-cells", Fate::recovery_pins, "a GPIO line"},
    {"sda-gpios", "#gpio-cells", Fate::recovery_pins, "a GPIO line"},
    {"wakeup-parent", "", Fate::drop, "the guest does not wake the machine"},
}};

// Properties that say something about one that was dropped, and go with it.
constexpr std::array<std::array<std::string_view, 2>, 5> companions = {{{"clock-names", "clocks"},
                                                                        {"reset-names", "resets"},
                                                                        {"power-domain-names", "power-domains"},
                                                                        {"interconnect-names", "interconnects"},
                                                                        {"nvmem-cell-names", "nvmem-cells"}}};

bool ends_with_digits_after(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix) || text.size() == prefix.size()) return false;
  return text.find_first_not_of("0123456789", prefix.size()) == std::string_view::npos;
}

bool is_gpio_list(const Node& node, std::string_view property) {
  // A hog's `gpios` holds lines of its own controller; nr-gpios counts.
  if (node.has("gpio-hog") || property.ends_with("nr-gpios")) return false;
  return property == "gpios" || property == "gpio" || property.ends_with("-gpios") || property.ends_with("-gpio");
}

bool cannot_be_switched(const Node& regulator) {
  if (regulator.has("regulator-always-on")) return true;
  return regulator.is_compatible("regulator-fixed") && !regulator.has("gpio") && !regulator.has("gpios") &&
         !regulator.has("enable-gpio") && !regulator.has("enable-gpios") && !regulator.has("vin-supply");
}

}  // namespace

struct Closure::Kind {
  std::string_view cells;
  Fate fate;
  std::string_view what;
};

std::optional<Closure::Kind> Closure::kind_of(const Node& node, std::string_view property) {
  const auto known = std::find_if(known_properties.begin(), known_properties.end(),
                                  [property](const Known& entry) { return entry.property == property; });
  if (known != known_properties.end()) return Kind{known->cells, known->fate, known->what};
  if (property == "pinctrl-names" || ends_with_digits_after(property, "pinctrl-")) {
    return Kind{"", Fate::always_drop, "Dom0 keeps the pins as they are"};
  }
  if (property.ends_with("-supply")) return Kind{"", Fate::supply, "the supply"};
  if (is_gpio_list(node, property)) return Kind{"#gpio-cells", Fate::refuse, "a GPIO line"};
  if (property.find("syscon") != std::string_view::npos) return Kind{"*", Fate::refuse, "registers"};
  if (property.ends_with("-handle")) return Kind{"", Fate::refuse, "something"};
  return std::nullopt;
}

base::Result<std::vector<Closure::Reference>> Closure::references(const Node& node, std::string_view property,
                                                                  const Kind& kind) const {
  std::vector<Reference> out;
  const std::vector<std::uint32_t> cells = node.cells(property);
  for (std::size_t at = 0; at < cells.size();) {
    Reference reference{cells[at++]};
    // 0 and -1 are what Linux takes for "none here" (of_parse_phandle_with_args).
    if (reference.phandle != 0 && reference.phandle != UINT32_MAX) {
      reference.provider = tree_.with_phandle(reference.phandle);
      if (!reference.provider) {
        return base::fail(std::errc::invalid_argument, property, " names phandle ", reference.phandle,
                          ", which is no node's");
      }
      std::size_t count = kind.cells == "*" ? cells.size() - at : 0;
      if (kind.cells.starts_with('#')) {
        const auto said = reference.provider->cell(kind.cells);
        if (!said && kind.cells != "#nvmem-cell-cells" && kind.cells != "#msi-cells") {
          return base::fail(std::errc::invalid_argument, property, " names ", reference.provider->path(),
                            ", which has no ", kind.cells);
        }
        count = said.value_or(0);
      }
      if (!base::inside(cells.size(), at, count)) {
        return base::fail(std::errc::invalid_argument, property, " ends in the middle of an entry");
      }
      const auto first = cells.begin() + static_cast<std::ptrdiff_t>(at);
      reference.arguments.assign(first, first + static_cast<std::ptrdiff_t>(count));
      at += count;
    }
    out.push_back(std::move(reference));
  }
  return out;
}

void Closure::copy(const Node& node, const Property& property, DraftNode& out) {
  for (const auto& [names, of] : companions) {
    if (property.name != names || !node.has(of)) continue;
    // Follows its list, which copy() puts back only when it stays.
    return;
  }
  const auto kind = kind_of(node, property.name);
  if (!kind) {
    out.add(std::string(property.name), {property.value.begin(), property.value.end()});
    return;
  }
  if (kind->fate == Fate::always_drop) {
    report_.dropped.push_back({node.path(), std::string(property.name), std::string(kind->what)});
    return;
  }
  const auto list = references(node, property.name, *kind);
  if (!list) {
    if (kind->fate == Fate::drop) {
      report_.dropped.push_back({node.path(), std::string(property.name), std::string(kind->what)});
    } else {
      refuse(node, "cannot be given: " + list.error().what);
    }
    return;
  }
  if (kind->fate == Fate::clock) return copy_clocks(node, *list, out);
  const auto missing = std::find_if(list->begin(), list->end(), [this](const Reference& reference) {
    return reference.provider && !is_member(*reference.provider);
  });
  if (missing != list->end()) {
    if (kind->fate == Fate::supply) return copy_supply(node, property.name, *missing->provider, out);
    return leave_out(node, property.name, *kind, *missing);
  }
  std::vector<std::uint32_t> cells;
  for (const Reference& reference : *list) {
    cells.push_back(reference.provider ? phandle_for(*reference.provider) : reference.phandle);
    cells.insert(cells.end(), reference.arguments.begin(), reference.arguments.end());
  }
  out.add(std::string(property.name), cells_value(cells));
  for (const auto& [names, of] : companions) {
    if (of != property.name) continue;
    if (const auto value = node.bytes(names)) out.add(std::string(names), {value->begin(), value->end()});
  }
}

void Closure::leave_out(const Node& node, std::string_view property, const Kind& kind, const Reference& missing) {
  const std::string provider = missing.provider->path();
  const auto drop = [&](std::string why) {
    report_.dropped.push_back({node.path(), std::string(property), std::move(why)});
  };
  if (kind.fate == Fate::drop) return drop(std::string(kind.what));
  if (kind.fate == Fate::recovery_pins) {
    return drop("only for the recovery of a stuck bus; " + provider + " stays with Dom0");
  }
  if (kind.fate == Fate::nvmem) {
    const auto names = node.strings("nvmem-cell-names");
    if (!names.empty() &&
        std::all_of(names.begin(), names.end(), [](const auto& name) { return name == "mac-address"; })) {
      return drop("the guest makes up a MAC address; " + provider + " stays with Dom0");
    }
  }
  if (!missing.provider->available()) {
    return refuse(node,
                  base::text("needs ", kind.what, " (", property, ") of ", provider,
                             ", which is disabled in the boot tree: switch it on, or take ", property, " out of it"));
  }
  const auto device = mapped_device(*missing.provider);
  refuse(node, base::text("needs ", kind.what, " (", property, ") of ", provider, ", which stays with Dom0: ",
                          device && !is_gic(*device) ? "ask for " + device->path() + " as well, or " : std::string(),
                          "take ", property, " out of the boot tree"));
}

std::uint64_t Closure::known_rate(const Node& node, std::size_t entry, const Reference& clock) const {
  if (const auto rates = rates_.find(node.path()); rates != rates_.end() && entry < rates->second.size()) {
    if (rates->second[entry] != 0) return rates->second[entry];
  }
  if (!clock.provider->is_compatible("fixed-clock")) return 0;
  return clock.provider->cell("clock-frequency").value_or(0);
}

void Closure::copy_clocks(const Node& node, const std::vector<Reference>& references, DraftNode& out) {
  std::string unknown;
  for (std::size_t entry = 0; entry < references.size(); ++entry) {
    const Reference& clock = references[entry];
    if (!clock.provider || is_member(*clock.provider) || known_rate(node, entry, clock) != 0) continue;
    unknown += base::text(unknown.empty() ? "" : ", ", entry, " (of ", clock.provider->path(),
                          clock.arguments.empty() ? std::string() : base::text(", ", clock.arguments[0]), ")");
  }
  if (!unknown.empty()) {
    report_.dropped.push_back({node.path(), "clocks",
                               "the rate of clock " + unknown +
                                   " is not known, and few drivers start without it: put it under clockRates, " +
                                   node.path() + ", in the board file, one rate in Hz for each entry of clocks"});
    return;
  }
  std::vector<std::uint32_t> cells;
  for (std::size_t entry = 0; entry < references.size(); ++entry) {
    const Reference& clock = references[entry];
    if (!clock.provider) {
      cells.push_back(clock.phandle);
    } else if (is_member(*clock.provider)) {
      cells.push_back(phandle_for(*clock.provider));
      cells.insert(cells.end(), clock.arguments.begin(), clock.arguments.end());
    } else {
      const std::uint64_t rate = known_rate(node, entry, clock);
      cells.push_back(fixed_clock(rate));
      report_.replaced.push_back(
          {node.path(), base::text("clocks[", entry, "]"),
           base::text(clock.provider->path(), " stays with Dom0: a fixed-clock of ", rate, " Hz")});
    }
  }
  out.add("clocks", cells_value(cells));
  if (const auto names = node.bytes("clock-names")) out.add("clock-names", {names->begin(), names->end()});
}

void Closure::copy_supply(const Node& node, std::string_view property, const Node& provider, DraftNode& out) {
  const std::string path = provider.path();
  if (!cannot_be_switched(provider)) {
    return refuse(node, base::text("needs the supply ", path, " (", property,
                                   "), which Dom0 may switch off: add regulator-always-on to it in the boot tree"));
  }
  if (!provider.is_compatible("regulator-fixed")) {
    report_.dropped.push_back({node.path(), std::string(property), path + " is always on"});
    return;
  }
  auto [found, first] = regulators_.try_emplace(provider.position(), 0);
  if (first) {
    found->second = next_phandle();
    DraftNode stand_in{std::string(provider.base_name())};
    stand_in.add("compatible", text_value("regulator-fixed"));
    for (const char* kept : {"regulator-name", "regulator-min-microvolt", "regulator-max-microvolt"}) {
      if (const auto value = provider.bytes(kept)) stand_in.add(kept, {value->begin(), value->end()});
    }
    stand_in.add("regulator-always-on", {});
    stand_in.add("phandle", cells_value({found->second}));
    stand_ins_.push_back(std::move(stand_in));
  }
  out.add(std::string(property), cells_value({found->second}));
  report_.replaced.push_back(
      {node.path(), std::string(property), path + " stays with Dom0: a regulator-fixed like it"});
}

std::uint32_t Closure::fixed_clock(std::uint64_t rate) {
  auto [found, first] = clocks_.try_emplace(rate, 0);
  if (first) {
    found->second = next_phandle();
    DraftNode stand_in{base::text("clock-", rate)};
    stand_in.add("compatible", text_value("fixed-clock"));
    stand_in.add("#clock-cells", cells_value({0}));
    stand_in.add("clock-frequency", cells_value({static_cast<std::uint32_t>(rate)}));
    stand_in.add("phandle", cells_value({found->second}));
    stand_ins_.push_back(std::move(stand_in));
  }
  return found->second;
}

std::uint32_t Closure::next_phandle() {
  if (++last_phandle_ == guest_gic_phandle) ++last_phandle_;
  return last_phandle_;
}

std::uint32_t Closure::phandle_for(const Node& member) {
  auto [found, first] = phandles_.try_emplace(member.position(), 0);
  if (first) found->second = next_phandle();
  return found->second;
}

std::optional<std::uint32_t> Closure::phandle_given(const Node& member) const {
  const auto found = phandles_.find(member.position());
  return found == phandles_.end() ? std::nullopt : std::optional(found->second);
}

bool Closure::refers_to_members(const Node& node) const {
  for (const Property& property : node.properties()) {
    const auto kind = kind_of(node, property.name);
    if (!kind) continue;
    const auto list = references(node, property.name, *kind);
    if (!list) continue;
    for (const Reference& reference : *list) {
      if (reference.provider && is_member(*reference.provider) && !reference.provider->is_inside(node)) return true;
    }
  }
  return false;
}

std::vector<std::string> Closure::users_outside(const Node& top) const {
  std::vector<std::string> out;
  const auto goes_along = [&](const Node& node) { return is_member(node) && node.is_inside(top); };
  // Few devices are referred to at all, so what holds none of their phandles is passed over at a glance.
  std::set<std::uint32_t> phandles;
  for (const Node& node : top.with_descendants()) {
    if (const auto phandle = goes_along(node) ? node.phandle() : std::nullopt) phandles.insert(*phandle);
  }
  const auto may_refer = [&phandles](base::Bytes value) {
    for (std::size_t at = 0; value.size() % 4 == 0 && at < value.size(); at += 4) {
      if (phandles.contains(base::be32(value, at))) return true;
    }
    return false;
  };
  if (phandles.empty()) return out;
  for (const Node& node : tree_.nodes()) {
    // Labels and aliases can be called like properties.
    if (is_member(node) || !node.available() || node.name() == "__symbols__" || node.name() == "aliases") continue;
    for (const Property& property : node.properties()) {
      const auto kind = may_refer(property.value) ? kind_of(node, property.name) : std::nullopt;
      const auto list = kind ? references(node, property.name, *kind) : std::vector<Reference>{};
      const bool refers = list && std::any_of(list->begin(), list->end(), [&](const Reference& reference) {
                            return reference.provider && goes_along(*reference.provider);
                          });
      if (refers) out.push_back(base::text(node.path(), " (", property.name, ")"));
    }
  }
  return out;
}

}  // namespace runx::devtree
