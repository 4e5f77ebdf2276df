// SPDX-License-Identifier: Apache-2.0
#pragma once

// The kernel's fpga_manager as the vendor's kernel offers it: a bitstream goes to the device by its name below
// /lib/firmware being written to the attribute `firmware`. Source: facts of the vendor's fpga-mgr.c, which the
// upstream kernel does not have; so the attributes are looked for, never assumed.
//
// The surprises, and what is done about them:
// - `flags` is read in base 16, sticks until the next write, and overrides what a device tree overlay asks for:
//   it is written before every load and set back to 0 after it, whatever came of it. A process killed between the
//   two leaves the flags standing: undoing calls `reset_flags`.
// - the kernel takes no lock: loads are serialised here, between all processes, by an flock on
//   /run/runx-accel/fpga.lock.
// - the name is copied unchecked into a buffer of NAME_MAX (255) bytes with its NUL: longer names are refused.
// - a write that succeeds says little: the state must read `operating` afterwards.

#include <cstdint>
#include <functional>
#include <string>

#include "base/bytes.h"
#include "base/host.h"
#include "base/result.h"

namespace runx::fpga {

struct Manager {
  std::string name;  // "Xilinx ZynqMP FPGA Manager"
  std::string path;  // "/sys/class/fpga_manager/fpga0"
};

// Bits of `flags` (vendor's include/linux/fpga/fpga-mgr.h).
using Flags = std::uint32_t;
constexpr Flags flag_partial = 0x1;
constexpr Flags flag_encrypted_device_key = 0x4;
constexpr Flags flag_encrypted_user_key = 0x20;

// The manager whose attribute `name` reads exactly `name`; numbers depend on the order of probing and mean nothing.
// no_such_device when there is none, and the sentence lists those that there are; function_not_supported when it
// lacks `firmware` or `flags`.
base::Result<Manager> find_manager(base::Host& host, const std::string& name);

// Loads /lib/firmware/`firmware_name`, and waits for it: a few milliseconds a megabyte. invalid_argument for a
// name that the kernel must not see (empty, absolute, with a ".." or control characters, longer than 254 bytes).
// Otherwise the error has the errno of the kernel, and says what `state` and `status` read.
base::Status program(base::Host& host, const Manager& manager, const std::string& firmware_name, Flags flags);

// Sets `flags` back to 0, as after a load that was killed. Waits for a load that is going on.
base::Status reset_flags(base::Host& host, const Manager& manager);

// For a load that another part of the kernel makes with this manager, as for a region's overlay (region_overlay.h).
// `load` is called while no other process loads; it sets the flags it needs and does what makes the kernel load.
// Afterwards the flags are 0, whatever came of it. `what` is what a sentence calls the thing that is loaded.
base::Status load_alone(base::Host& host, const Manager& manager, Flags flags, const std::string& what,
                        const std::function<base::Status()>& load);
base::Status set_flags(base::Host& host, const Manager& manager, Flags flags);

// Waits until no process loads, and keeps others from it until the descriptor goes.
base::Result<base::Fd> lock_managers(base::Host& host);

// "its state is 'write error', its status 'reconfig CRC error'"; "?" for what cannot be read.
std::string condition(base::Host& host, const Manager& manager);

// A name below /lib/firmware that the kernel may see: see program().
base::Status check_firmware_name(const std::string& name);

// "/lib/firmware/NAME"
std::string firmware_path(const std::string& firmware_name);

}  // namespace runx::fpga
