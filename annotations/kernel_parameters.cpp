// SPDX-License-Identifier: Apache-2.0
#include "annotations/kernel_parameters.h"

#include <algorithm>

namespace runx::annotations {
namespace {

constexpr std::string_view table[] = {
    // Which program is process 1, and what it is told. What follows "--" goes to init unread.
    "init",
    "rdinit",
    "--",
    // Which ramdisk there is, and what in the kernel unpacks it. "noinitrd" is compared as a beginning (init/main.c,
    // obsolete_checksetup()).
    "initrd",
    "initrdmem",
    "noinitrd*",
    "initcall_blacklist",
    "bootconfig",
    // The root file system instead of the ramdisk.
    "root",
    "rootfstype",
    "rootflags",
    "rootwait",
    "rootdelay",
    "nfsroot",
    "cifsroot",
    "ro",
    "rw",
    // The console, which the runtime reads.
    "console",
    "earlycon",
    "earlyprintk",
    "keep_bootcon",
    // What a crash does: the runtime waits for the domain's end.
    "panic",
    // Helpers that the kernel runs as root (kernel.core_pattern, kernel.modprobe), and kernel.panic again. The kernel
    // takes "sysctl." and "sysctl/" (fs/proc/proc_sysctl.c, process_sysctl_arg()).
    "sysctl.*",
    "sysctl/*",
};

bool same(char a, char b) { return a == b || ((a == '-' || a == '_') && (b == '-' || b == '_')); }

bool is_of(std::string_view row, std::string_view name) {
  if (row.ends_with('*')) {
    row.remove_suffix(1);
    name = name.substr(0, row.size());
  }
  return std::equal(row.begin(), row.end(), name.begin(), name.end(), same);
}

}  // namespace

std::span<const std::string_view> runtime_parameters() { return table; }

std::optional<std::string_view> runtime_parameter_in(std::string_view command_line) {
  while (!command_line.empty()) {
    const auto parameter = command_line.substr(0, command_line.find(' '));
    command_line.remove_prefix(std::min(parameter.size() + 1, command_line.size()));
    const auto name = parameter.substr(0, parameter.find('='));
    const auto row = std::find_if(std::begin(table), std::end(table), [&](auto one) { return is_of(one, name); });
    if (row != std::end(table)) return row->substr(0, row->find('*'));
  }
  return std::nullopt;
}

}  // namespace runx::annotations
