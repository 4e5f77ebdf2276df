# SPDX-License-Identifier: Apache-2.0
# Where everything is installed. The runtime has the paths of its own parts compiled in, so the prefix is told to
# `cmake -DCMAKE_INSTALL_PREFIX=` and not to `cmake --install --prefix`; what is packed first is moved by DESTDIR.
include(GNUInstallDirs)
# Not below CMAKE_INSTALL_LIBDIR, which names the architecture on Debian: the parts are programs, one of them the guest's.
set(RUNX_PARTS_DIR lib/runx-accel CACHE STRING "Folder of guest-init and xrt-load, below the prefix or absolute")
GNUInstallDirs_get_absolute_install_dir(RUNX_PARTS_PATH RUNX_PARTS_DIR LIBDIR)
configure_file(cmake/installed.h.in ${PROJECT_BINARY_DIR}/generated/base/installed.h @ONLY)
install(CODE "
  if(NOT CMAKE_INSTALL_PREFIX STREQUAL \"${CMAKE_INSTALL_PREFIX}\")
    message(WARNING \"runx-accel looks for its parts in ${RUNX_PARTS_PATH}: configure with \"
      \"-DCMAKE_INSTALL_PREFIX=\${CMAKE_INSTALL_PREFIX}\")
  endif()")
