// SPDX-License-Identifier: Apache-2.0
#pragma once

// The ramdisk that a container's domain boots from, two archives in one file: our init with its orders, then the
// container's root file system below /rootfs. No back end is needed to bring the files into the guest; they cost
// memory instead: the archive's bytes until the kernel has unpacked it, and the files' bytes from then on.
// (The kernel unpacks into a tmpfs limited to half of the memory; "rootfstype=ramfs" on its command line lifts
// that. Source: Linux, init/do_mounts.c, init_rootfs.)
//
// The root file system is another's: it is walked by descriptors of directories, and a symbolic link in it is
// stored and never followed. Kept: owners, modes, times, hard links, device nodes, FIFOs. Sockets are left out;
// extended attributes, and so file capabilities, have no place in the format.

#include <cstdint>

#include "base/fd.h"
#include "base/result.h"
#include "guest/process.h"

namespace runx::guest {

// Where init finds what it is to do, and the container.
inline constexpr const char* process_path = "/runx/process";
inline constexpr const char* rootfs_path = "/rootfs";

// The most that a root file system may bring into its archive. The names of the directories that a walk is in are kept
// meanwhile, so they count before their entries are reached.
struct RamdiskLimits {
  std::uint64_t bytes = UINT64_MAX;    // of the archive; a sparse file counts as a whole: the format has no holes
  std::uint64_t entries = UINT64_MAX;  // files, directories and links
};

// Writes to `out` from where it stands, and returns the bytes written. `init` is the static guest-init, `rootfs` a
// directory. Errors name the file: filename_too_long, file_too_large (4 GiB or more, or beyond a limit), io_error (it
// became shorter while it was read), too deep; what has been written is then of no use.
base::Result<std::uint64_t> write_ramdisk(const base::Fd& out, const base::Fd& init, const GuestProcess& process,
                                          const base::Fd& rootfs, const RamdiskLimits& limits = {});

// The bytes that write_ramdisk() would write, with the same errors. No file of `rootfs` is opened.
base::Result<std::uint64_t> ramdisk_size(const base::Fd& init, const GuestProcess& process, const base::Fd& rootfs,
                                         const RamdiskLimits& limits = {});

}  // namespace runx::guest
