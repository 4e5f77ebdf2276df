# SPDX-License-Identifier: Apache-2.0
# Cross-building for the board with Debian's compiler. The target's libraries (libfdt, libcrypto) are Debian's own arm64
# packages, unpacked into the folder that RUNX_SYSROOT names (`packaging/cross-build` sets it); header-only libraries are
# the host's.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(RUNX_SYSROOT "$ENV{RUNX_SYSROOT}" CACHE PATH "Debian's arm64 libraries, unpacked")
set(CMAKE_CXX_FLAGS_INIT "-isystem ${RUNX_SYSROOT}/usr/include/aarch64-linux-gnu")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES RUNX_SYSROOT)
list(APPEND CMAKE_FIND_ROOT_PATH ${RUNX_SYSROOT})
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE BOTH)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
