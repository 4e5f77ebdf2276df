// SPDX-License-Identifier: Apache-2.0
#pragma once

// Time as the monitor sees it. A fuzz target has one of its own, in which a day passes in no time.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <span>

#include <poll.h>

namespace runx::runtime {

class Waiter {
 public:
  using Clock = std::chrono::steady_clock;

  Waiter() = default;
  virtual ~Waiter() = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  virtual Clock::time_point now() { return Clock::now(); }
  // poll(2); a negative time is for ever.
  virtual int poll(std::span<pollfd> fds, int milliseconds) { return ::poll(fds.data(), fds.size(), milliseconds); }

  // For poll(): from now until `end`, at most a minute.
  int milliseconds_to(Clock::time_point end) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
  }
};

}  // namespace runx::runtime
