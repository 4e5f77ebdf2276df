// SPDX-License-Identifier: Apache-2.0
#include "guest/mount_options.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <sys/mount.h>

namespace runx::guest {
namespace {

struct Option {
  std::string_view name;
  unsigned long set;
  unsigned long clear;
};

// mount(8), "filesystem-independent mount options"; those that change nothing here have neither.
constexpr auto mount_options = std::to_array<Option>({
    {"ro", MS_RDONLY, 0},
    {"rw", 0, MS_RDONLY},
    {"nosuid", MS_NOSUID, 0},
    {"suid", 0, MS_NOSUID},
    {"nodev", MS_NODEV, 0},
    {"dev", 0, MS_NODEV},
    {"noexec", MS_NOEXEC, 0},
    {"exec", 0, MS_NOEXEC},
    {"sync", MS_SYNCHRONOUS, 0},
    {"async", 0, MS_SYNCHRONOUS},
    {"dirsync", MS_DIRSYNC, 0},
    {"noatime", MS_NOATIME, 0},
    {"atime", 0, MS_NOATIME},
    {"nodiratime", MS_NODIRATIME, 0},
    {"diratime", 0, MS_NODIRATIME},
    {"relatime", MS_RELATIME, 0},
    {"norelatime", 0, MS_RELATIME},
    {"strictatime", MS_STRICTATIME, 0},
    {"nostrictatime", 0, MS_STRICTATIME},
    {"defaults", 0, 0},
    {"private", 0, 0},
    {"rprivate", 0, 0},
    {"slave", 0, 0},
    {"rslave", 0, 0},
    {"shared", 0, 0},
    {"rshared", 0, 0},
    {"unbindable", 0, 0},
    {"runbindable", 0, 0},
});

}  // namespace

MountOptions parse_mount_options(const std::vector<std::string>& options) {
  MountOptions parsed;
  for (const std::string_view name : options) {
    const auto known = std::find_if(mount_options.begin(), mount_options.end(),
                                    [&](const Option& option) { return option.name == name; });
    if (known != mount_options.end()) {
      parsed.flags = (parsed.flags | known->set) & ~known->clear;
    } else {
      if (!parsed.data.empty()) parsed.data += ',';
      parsed.data += name;
    }
  }
  return parsed;
}

std::vector<std::string> mount_option_names() {
  std::vector<std::string> out;
  for (const auto& option : mount_options) out.emplace_back(option.name);
  return out;
}

}  // namespace runx::guest
