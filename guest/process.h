// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the guest's init is to do: the part of config.json that only the guest can carry out. Dom0 encodes it into
// the ramdisk (/runx/process), init decodes it; both are built from this file, so an unknown record is an error.
//
// The encoding is a sequence of records `key=value`, each ended by a NUL: any string that a program can be
// started with survives, and neither side needs a parser for more.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/resource.h>

#include "base/bytes.h"
#include "base/result.h"

namespace runx::guest {

// Names as config.json has them (runtime-spec, config.md, "Mounts"); `options` both flags and data.
struct GuestMount {
  std::string type;
  std::string source;
  std::string destination;
  std::vector<std::string> options;
  bool operator==(const GuestMount&) const = default;
};

struct GuestRlimit {
  std::string type;  // "RLIMIT_NOFILE"
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
  bool operator==(const GuestRlimit&) const = default;
};

// What init reads at most, in bytes: it has it in memory twice while it decodes, in a guest that may be small.
inline constexpr std::size_t longest_orders = std::size_t{1} << 20;

struct GuestProcess {
  std::vector<std::string> args;  // at least one
  std::vector<std::string> env;   // "NAME=value"
  std::string cwd = "/";          // made when it is not there, as runc does
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> additional_gids;
  std::uint32_t umask = 022;
  std::string hostname;  // empty: the kernel's own
  std::vector<GuestRlimit> rlimits;
  bool no_new_privileges = false;
  bool root_read_only = false;
  std::vector<GuestMount> mounts;  // in this order
  bool operator==(const GuestProcess&) const = default;

  // invalid_argument when a string holds a NUL, argument_list_too_long when it takes more than longest_orders.
  base::Result<std::string> encode() const;
  // invalid_argument with the record for anything that encode() does not write.
  static base::Result<GuestProcess> decode(base::Bytes bytes);
};

// A file system that the guest's kernel makes from nothing, the only kind that a GuestMount can be.
bool is_kernel_filesystem(std::string_view type);

// The number of "RLIMIT_NOFILE"; nothing for a name that Linux does not know.
std::optional<__rlimit_resource_t> rlimit_number(std::string_view name);

}  // namespace runx::guest
