// SPDX-License-Identifier: Apache-2.0
#pragma once

// The vendor kernel's fpga_manager on a FakeHost, reacting as the kernel does: `flags` is parsed in base 16 and
// sticks; a write to `firmware` reads /lib/firmware/NAME, and `state` and `status` tell how it went. ENOENT for a file
// that is not there, EINVAL for bytes without a sync word.
//
// What it was given is in files, so that a test can look, also after another process did the loading:
//   /fake/fpga/loads        how many loads came through, in decimal
//   /fake/fpga/last_length  bytes of the last one
//   /fake/fpga/last_sha256  and their SHA-256, 64 digits
//   /fake/fpga/last_flags   and the flags in force then, hexadecimal
// A test makes the next load fail as the hardware would by writing an errno, in decimal, to
//   /fake/fpga/fail_next    (removed when it happened)

#include <string_view>

#include "tests/fake/fake_host.h"

namespace runx::fake {

constexpr const char* fpga_path = "/sys/class/fpga_manager/fpga0";
constexpr const char* fpga_name = "Xilinx ZynqMP FPGA Manager";

// Lays the manager out where it is not there yet, and puts the reactions in place: a second process that
// shares the folder calls it too. `host` outlives the reactions.
void add_fake_fpga(FakeHost& host);

// The load of /lib/firmware/`name`, as another part of the kernel asks for it. Returns 0 or the errno.
int fake_fpga_load(FakeHost& host, std::string_view name);

}  // namespace runx::fake
