// SPDX-License-Identifier: Apache-2.0
#pragma once

// Dom0's end of the console of a container's domain: the program's streams to and from the descriptors of the
// container's engine, signals to the program, the kernel's text to a log. Nothing here waits; the monitor polls.
//
// A reader of our standard output who is slow holds up the guest's program and loses nothing; one who has gone is
// no reason to stop: what was for him is thrown away, and the guest goes on.
//
// Nor does anything here grow, whatever the guest sends and however little it reads: an answer that has no room in the
// line stays due.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include <poll.h>

#include "base/fd.h"
#include "guest/flow.h"
#include "guest/line.h"
#include "runtime/kernel_log.h"
#include "runtime/waiter.h"

namespace runx::runtime {

// Where the program's streams come from and go to. The descriptors stay the caller's; those whose reader has gone lead
// to /dev/null.
struct Streams {
  int in = 0;
  int out = 1;
  int err = 2;
};

class Console {
 public:
  static constexpr std::size_t watched = 4;
  // So long a reader who takes nothing is waited for at the end, and so long one who takes a little again and again, or
  // a guest that cannot stop talking. At 2.2 KiB/s a reader loses nothing of the 64 KiB that may be under way.
  static constexpr std::chrono::seconds stuck_limit{5};
  static constexpr std::chrono::seconds finish_limit{30};

  // `terminal` is raw and non-blocking.
  Console(base::Fd terminal, KernelLog& log, Streams streams = {})
      : terminal_(std::move(terminal)),
        log_(log),
        line_(terminal_.get()),
        in_(streams.in),
        outputs_{
            {{streams.out, guest::Receiver(guest::stream_out)}, {streams.err, guest::Receiver(guest::stream_err)}}} {}

  // Sends what is due, and says what to wait for.
  std::array<pollfd, watched> wait_for();
  void handle(const std::array<pollfd, watched>& ready);

  // Milliseconds after which ask() is due, or -1.
  int patience() const { return input_.waiting() ? guest::probe_after_ms : -1; }
  void ask() { input_.emit_probe(line_.out(), guest::Line::enough); }

  // For the program, as soon as it can have it. A signal that comes again before that comes once.
  void signal(int number);

  // The domain has ended: takes what comes until the line is quiet for so many milliseconds, and passes on what there
  // is for as long as that goes forward; `limit` ends both.
  void finish(Waiter& waiter, int quiet_ms, std::chrono::milliseconds limit = finish_limit);

  // The exit code that the guest told over the console.
  std::optional<int> exit_code() const { return exit_code_; }

 private:
  struct Output {
    int fd;
    guest::Receiver receiver;
    bool unread = false;  // nobody reads it any more
  };

  void on_frame(const guest::Frame& frame);
  void receive();
  void take_input();
  static void pass_on(Output& output);

  base::Fd terminal_;
  KernelLog& log_;
  guest::Line line_;
  guest::Sender input_{guest::stream_in};
  int in_;
  std::array<Output, 2> outputs_;
  std::uint64_t signals_ = 0;  // bit n - 1 is signal n
  bool line_gone_ = false;
  bool heard_ = false;   // the guest's init listens
  bool answer_ = false;  // its greeting is to be answered
  std::optional<int> exit_code_;
};

}  // namespace runx::runtime
