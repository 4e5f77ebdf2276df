// SPDX-License-Identifier: Apache-2.0
#pragma once

// Looks after the running program until it has ended and the host has had everything that it wrote: its streams and
// signals over the console (guest/frame.h), every orphan reaped.

#include "base/fd.h"
#include "base/result.h"
#include "guest/launch.h"

namespace runx::guest {

// A descriptor that becomes readable when a child has ended; SIGCHLD is blocked from then on, SIGPIPE ignored. To
// be called before launch(), so that no end is missed.
base::Result<base::Fd> watch_children();

// `console` is a raw, non-blocking terminal. When the program ends and we are the init of a system, everything that
// it left behind is killed, as the kernel does when a PID namespace's init ends. What does not die and holds the
// program's streams open is not waited for: what the program itself wrote is passed on. Returns the exit code: the
// program's own, or 128 + n for its death by signal n. Every child of the calling process is reaped.
base::Result<int> supervise(int console, const base::Fd& children, Program program);

}  // namespace runx::guest
