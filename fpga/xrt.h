// SPDX-License-Identifier: Apache-2.0
#pragma once

// Loads an xclbin through XRT where the platform has XRT's driver, zocl: it programs the device as the others do, and
// also tells zocl what the design has, without which a program that uses XRT does not find its kernels. Where there
// is no zocl, the bitstream in the xclbin goes to the fpga_manager (manager.h).
//
// XRT is the vendor's, large, and not made for input that lies. What was seen of Debian's 2.13, and what is done:
// - a truncated file, or a section that begins outside it, ends the process with SIGSEGV, or is taken with success
//   while the device holds nothing. So the file is checked by our own reader before (bitstream/xclbin.h, by the
//   caller), a program of its own does the work, and the device is asked afterwards for the uuid that it holds.
// - xrtDeviceOpen() aborts the process when XILINX_XRT is not set: the program sets it.
// - its C++ interface changes under the same SONAME: only the C functions are used, looked up at run time.
// - it reads xrt.ini from the current directory: the program goes to / first.
//
// zocl loads through the same fpga_manager, so the load has that to itself. zocl skips a file whose uuid it has
// already, and answers EBUSY while a program uses the one that it has.
//
// There is nothing to give back: the program's end closes the device, and zocl keeps the xclbin, as the fabric keeps
// the design, until the next load. Nothing unloads one.

#include <optional>
#include <string>

#include "base/host.h"
#include "base/installed.h"
#include "base/result.h"

namespace runx::fpga {

// Installed beside the runtime's other parts.
inline constexpr const char* xrt_load_path = base::installed::xrt_load;

// "/sys/class/drm/renderD128" of the device whose driver is zocl; nothing where there is none.
base::Result<std::optional<std::string>> find_zocl(base::Host& host);

// Loads the xclbin `file`, an absolute path. The caller has checked it, and nobody else can write to it: not the file
// in an image's rootfs, but a copy. `uuid`: of the xclbin (axlf.m_header.uuid, byte 416 of the file), 32 lower-case
// hexadecimal digits. Errors: invalid_argument for another path or uuid; no_such_device without zocl; timed_out after
// 60 s, and the program is killed then; else XRT's errno where it has one (io_error where not), and its words, or how
// the program died.
base::Status load_xclbin(base::Host& host, const std::string& file, const std::string& uuid);

}  // namespace runx::fpga
