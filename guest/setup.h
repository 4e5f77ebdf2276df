// SPDX-License-Identifier: Apache-2.0
#pragma once

// Makes the guest's one file tree and name what the container expects, before its program starts. These functions
// change the calling process's root and its mount namespace for good; tests run them in namespaces of their own.

#include <string>

#include "base/result.h"
#include "guest/process.h"

namespace runx::guest {

// The directory becomes the root of everything. The kernel's first file system cannot be exchanged by pivot_root(2):
// the directory is mounted over it instead, and entered.
base::Status move_root(const std::string& directory);

// process.mounts in their order. Directories to mount on are made. A tmpfs on /dev, which is what engines ask for,
// is answered with devtmpfs: the devices that were passed through to this guest are the container's. When no mount
// names /dev it gets one as well. "cgroup" is cgroup2, the only hierarchy that there is; propagation options mean
// nothing here and are accepted. Where the kernel knows no cgroup2 or mqueue, `note` says so and the rest goes on:
// the engines ask for both on behalf of programs that hardly ever look.
base::Status mount_all(const GuestProcess& process, std::string& note);

// The directory and those above it, as far as they can be made; whoever uses it next says what is wrong.
void make_directories(const std::string& path);

// /dev/fd, /dev/stdin, /dev/stdout and /dev/stderr (runtime-spec, runtime-linux.md).
void link_streams();

// The host name, and the loopback interface where the kernel has a network.
base::Status name_system(const std::string& hostname);

base::Status make_root_read_only();

}  // namespace runx::guest
