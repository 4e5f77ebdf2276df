// SPDX-License-Identifier: Apache-2.0
#include "guest/line.h"

#include <array>
#include <cerrno>

#include <termios.h>
#include <unistd.h>

namespace runx::guest {

bool make_raw(int fd) {
  termios settings{};
  if (tcgetattr(fd, &settings) != 0) return false;
  cfmakeraw(&settings);
  return tcsetattr(fd, TCSANOW, &settings) == 0;
}

bool Line::write() {
  while (!out_.empty()) {
    const ssize_t sent = ::write(fd_, out_.data(), out_.size());
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno == EAGAIN;
    if (sent == 0) return true;
    out_.erase(0, static_cast<std::size_t>(sent));
  }
  return true;
}

bool Line::read(const Decoder::OnFrame& on_frame, const Decoder::OnText& on_text) {
  std::array<std::uint8_t, 4096> buffer;
  const ssize_t got = ::read(fd_, buffer.data(), buffer.size());
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  decoder_.feed(base::Bytes(buffer).first(static_cast<std::size_t>(got)), on_frame, on_text);
  return true;
}

}  // namespace runx::guest
