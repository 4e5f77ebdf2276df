// SPDX-License-Identifier: Apache-2.0
#pragma once

// Starts the container's program in the guest, as config.json's `process` wants it: user, groups, limits, umask,
// directory, environment. The root is already the container's. The program's streams are pipes to us.

#include <sys/types.h>

#include "base/fd.h"
#include "base/result.h"
#include "guest/process.h"

namespace runx::guest {

struct Program {
  pid_t pid = -1;
  base::Fd input;  // what is written here is its standard input; all three are non-blocking
  base::Fd output;
  base::Fd errors;
};

// When the program itself cannot be started, that is not an error here: the process says why on its standard error
// and exits as a shell would, with 127 when there is no such program and 126 otherwise.
base::Result<Program> launch(const GuestProcess& process);

}  // namespace runx::guest
