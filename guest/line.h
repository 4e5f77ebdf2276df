// SPDX-License-Identifier: Apache-2.0
#pragma once

// One end of the console: a terminal in raw mode, frames in and out of it. Neither reading nor writing ever waits;
// whoever owns the line polls its descriptor, for writing while wants_write().

#include <cstddef>
#include <string>

#include "guest/frame.h"

namespace runx::guest {

// Bytes as they are: no echo, no signals, no translation. False with errno when `fd` is no terminal.
bool make_raw(int fd);

class Line {
 public:
  // `fd` stays the caller's, and is non-blocking.
  explicit Line(int fd) : fd_(fd) {}

  int fd() const { return fd_; }

  // What is to be sent; append frames while has_room(), then write().
  std::string& out() { return out_; }
  bool has_room() const { return out_.size() < enough; }
  bool wants_write() const { return !out_.empty(); }

  // False when the other side is gone. EAGAIN is no failure. One read at a time, so that whoever polls gets to its
  // other duties however much the other side sends.
  bool write();
  bool read(const Decoder::OnFrame& on_frame, const Decoder::OnText& on_text);

  // The line has ended: see Decoder.
  void flush(const Decoder::OnText& on_text) { decoder_.flush(on_text); }

  static constexpr std::size_t enough = 4096;

 private:
  int fd_;
  std::string out_;
  Decoder decoder_;
};

}  // namespace runx::guest
