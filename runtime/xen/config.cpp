// SPDX-License-Identifier: Apache-2.0
#include "runtime/xen/config.h"

#include "base/result.h"

namespace runx::xen {
namespace {

template <class Values, class Print>
std::string list(const Values& values, Print print) {
  std::string out = "[";
  for (const auto& value : values) out += (out.size() > 1 ? ", " : " ") + print(value);
  return out + " ]";
}

// xl reads bare hexadecimal here: "0x" would be an error for some of its readers (libxlu_cfg, parse_iomem).
std::string bare_hex(std::uint64_t value) { return base::hex(value).substr(2); }

}  // namespace

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string config_text(const DomainConfig& config) {
  std::string out;
  const auto line = [&](std::string_view key, const std::string& value) { out += base::text(key, " = ", value, "\n"); };
  line("name", quoted(config.name));
  line("uuid", quoted(config.uuid));
  line("kernel", quoted(config.kernel));
  line("ramdisk", quoted(config.ramdisk));
  line("extra", quoted(config.command_line));
  line("memory", std::to_string(config.memory_mib));
  line("vcpus", std::to_string(config.vcpus));
  // The monitor reads the exit status of a domain that has ended before it destroys it.
  for (const char* key : {"on_poweroff", "on_reboot", "on_crash", "on_watchdog", "on_soft_reset"})
    line(key, "\"preserve\"");
  if (!config.device_tree.empty()) line("device_tree", quoted(config.device_tree));
  if (!config.iomem.empty()) {
    line("iomem", list(config.iomem, [](const IoMemory& m) {
           return quoted(bare_hex(m.first_page) + "," + bare_hex(m.pages) + "@" + bare_hex(m.guest_page));
         }));
  }
  if (!config.irqs.empty()) line("irqs", list(config.irqs, [](std::uint32_t irq) { return std::to_string(irq); }));
  if (!config.dtdev.empty()) line("dtdev", list(config.dtdev, [](const std::string& node) { return quoted(node); }));
  return out;
}

}  // namespace runx::xen
