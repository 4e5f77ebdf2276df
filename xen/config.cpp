// SPDX-License-Identifier: Apache-2.0
#include "xen/config.h"

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

std::string line(std::string_view key, const std::string& value) { return base::text(key, " = ", value, "\n"); }

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

std::string iomem_text(const IoMemory& memory) {
  return bare_hex(memory.first_page) + "," + bare_hex(memory.pages) + "@" + bare_hex(memory.guest_page);
}

std::string device_lines(const DomainConfig& config) {
  std::string out;
  if (!config.device_tree.empty()) out += line("device_tree", quoted(config.device_tree));
  if (!config.iomem.empty())
    out += line("iomem", list(config.iomem, [](const IoMemory& m) { return quoted(iomem_text(m)); }));
  if (!config.irqs.empty())
    out += line("irqs", list(config.irqs, [](std::uint32_t irq) { return std::to_string(irq); }));
  if (!config.dtdev.empty())
    out += line("dtdev", list(config.dtdev, [](const std::string& node) { return quoted(node); }));
  return out;
}

std::string config_text(const DomainConfig& config) {
  std::string out;
  out += line("name", quoted(config.name));
  out += line("uuid", quoted(config.uuid));
  out += line("kernel", quoted(config.kernel));
  out += line("ramdisk", quoted(config.ramdisk));
  out += line("extra", quoted(config.command_line));
  out += line("memory", std::to_string(config.memory_mib));
  out += line("vcpus", std::to_string(config.vcpus));
  // The monitor reads the exit status of a domain that has ended before it destroys it.
  for (const char* key : {"on_poweroff", "on_reboot", "on_crash", "on_watchdog", "on_soft_reset"})
    out += line(key, "\"preserve\"");
  return out + device_lines(config);
}

}  // namespace runx::xen
