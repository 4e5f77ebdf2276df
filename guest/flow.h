// SPDX-License-Identifier: Apache-2.0
#pragma once

// One stream of the program (stdin, stdout or stderr) on its way over the console: a Sender on the side where the
// bytes come from, a Receiver on the other. At most window_size bytes are on their way unacknowledged, and the
// receiver acknowledges only what it has passed on. So a slow reader holds up the program, as a pipe would,
// nothing in between is ever asked to hold more (xenconsoled throws away the middle of what exceeds 1.25 MiB:
// tools/console/daemon/io.c, buffer_append), and the streams do not hold up each other.
// How fast it goes is xenconsoled's choice as well: it listens to a guest 30 times in 200 ms (io.c,
// RATE_LIMIT_ALLOWANCE) and finds at most 2 KiB each time, at least the 256 bytes that Linux writes at once
// (drivers/tty/hvc/hvc_xen.c). On the emulated board that is about 100 KB/s.
//
// What is not acknowledged is kept, so that a frame into which the kernel printed can be sent again: the receiver
// asks for it when the next frame does not fit, the sender asks (probe) when nothing has been heard for a while.
//
// Offsets count the bytes of the stream modulo 2^32; the end of a stream counts as one byte.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "guest/frame.h"

namespace runx::guest {

inline constexpr std::size_t window_size = 32 * 1024;  // a power of two; two Receivers are the monitor's memory

// How long a sender waits for a sign before it asks whether everything arrived, in milliseconds.
inline constexpr int probe_after_ms = 2000;

class Sender {
 public:
  // Both sides begin at the offset `first`.
  explicit Sender(std::uint8_t stream, std::uint32_t first = 0)
      : stream_(stream), acked_(first), sent_(first), end_(first) {}

  // Bytes that push() would take now; none after finish().
  std::size_t room() const;
  // `data` fits into room().
  void push(base::Bytes data);
  void finish() { finished_ = true; }

  // Appends what is to be sent, until `out` has at least `limit` bytes: the other side may never read.
  void emit(std::string& out, std::size_t limit);
  void emit_probe(std::string& out, std::size_t limit) const;

  // ack and resend of this stream; a value that makes no sense is ignored.
  void on_frame(const Frame& frame);

  bool unsent() const;                                           // emit() has something to say
  bool waiting() const { return sent_ != acked_; }               // for an acknowledgement
  bool done() const { return finished_ && acked_ == end_ + 1; }  // the end has been acknowledged

 private:
  std::uint8_t stream_;
  std::array<std::uint8_t, window_size> kept_{};
  std::uint32_t acked_;  // acked_ <= sent_ <= end_ (+ 1 for the end itself), modulo 2^32
  std::uint32_t sent_;
  std::uint32_t end_;
  bool finished_ = false;
};

class Receiver {
 public:
  explicit Receiver(std::uint8_t stream, std::uint32_t first = 0)
      : stream_(stream), passed_(first), received_(first), told_(first) {}

  // data, end and probe of this stream. What exceeds the window is dropped: the sender broke the rules.
  void on_frame(const Frame& frame);

  // What is to be passed on next (perhaps not all there is), and how much of it has been.
  base::Bytes pending() const;
  void consume(std::size_t count);
  bool ended() const { return ended_ && pending().empty(); }

  // Appends the acknowledgements and requests that are due, unless `out` has `limit` bytes or more: then they stay due.
  void emit(std::string& out, std::size_t limit);

 private:
  std::uint32_t held() const { return received_ - passed_; }

  std::uint8_t stream_;
  std::array<std::uint8_t, window_size> held_{};
  std::uint32_t passed_;    // passed on
  std::uint32_t received_;  // and received, without the end
  std::uint32_t told_;      // the last acknowledgement
  bool ended_ = false;
  bool asked_ = false;  // to send again from received_; nothing has come since
  bool ask_ = false;    // a request is due
  bool tell_ = false;   // an acknowledgement is due whatever its value
};

}  // namespace runx::guest
