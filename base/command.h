// SPDX-License-Identifier: Apache-2.0
#pragma once

// A child process: what to run, and what came of it. There is never a shell between us and the program:
// argv is passed as it stands. The child gets a small environment of its own (PATH, LC_ALL=C), /dev/null or
// `input` as its standard input, and dies with its parent (PR_SET_PDEATHSIG), so that nothing goes on
// acting on the machine after a killed runtime.

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"

namespace runx::base {

struct Command {
  std::vector<std::string> argv;            // argv[0] is an absolute path
  std::string input = {};                   // written to its standard input
  std::chrono::milliseconds limit{60'000};  // killed after that; an error (timed_out)
};

struct Outcome {
  int status = 0;  // exit code, or 128 + n for death by signal n
  std::string output;
  std::string errors;
};

// Starts the program, collects what it writes (at most 1 MiB of each stream is kept), waits for it.
Result<Outcome> run_command(const Command& command);

// Starts a program that outlives the caller, in a session of its own, with the caller's descriptors 0, 1
// and 2 and `inherit` (kept open at the same numbers) and no others. Returns its pid.
Result<int> spawn_command(const std::vector<std::string>& argv, const std::vector<int>& inherit);

}  // namespace runx::base
