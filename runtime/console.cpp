// SPDX-License-Identifier: Apache-2.0
#include "runtime/console.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <climits>

#include <fcntl.h>
#include <unistd.h>

namespace runx::runtime {

namespace {

// The descriptor's number stays taken: nothing else may come to stand there.
void shut(int fd) {
  const base::Fd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (nothing) ::dup2(nothing.get(), fd);
}

}  // namespace

std::array<pollfd, Console::watched> Console::wait_for() {
  if (!line_gone_) {
    if (answer_ && line_.has_room()) {
      guest::append_frame(line_.out(), {guest::Kind::ready, 0, guest::protocol_version});
      answer_ = false;
    }
    for (auto& output : outputs_) output.receiver.emit(line_.out(), guest::Line::enough);
    while (heard_ && signals_ != 0 && line_.has_room()) {
      const auto number = static_cast<std::uint32_t>(std::countr_zero(signals_) + 1);
      guest::append_frame(line_.out(), {guest::Kind::signal, 0, number});
      signals_ &= signals_ - 1;
    }
    input_.emit(line_.out(), guest::Line::enough);
    if (!line_.write()) line_gone_ = true;
  }
  const auto output_of = [](const Output& output) {
    return pollfd{output.receiver.pending().empty() ? -1 : output.fd, POLLOUT, 0};
  };
  return {{{line_gone_ ? -1 : terminal_.get(), static_cast<short>(POLLIN | (line_.wants_write() ? POLLOUT : 0)), 0},
           {heard_ && !line_gone_ && input_.room() > 0 ? in_ : -1, POLLIN, 0},
           output_of(outputs_[0]),
           output_of(outputs_[1])}};
}

void Console::handle(const std::array<pollfd, watched>& ready) {
  if (ready[0].revents != 0) receive();
  if (ready[1].revents != 0) take_input();
  if (ready[2].revents != 0) pass_on(outputs_[0]);
  if (ready[3].revents != 0) pass_on(outputs_[1]);
}

void Console::signal(int number) {
  if (number > 0 && number <= 64) signals_ |= std::uint64_t{1} << (number - 1);
}

void Console::receive() {
  const auto text = [this](std::string_view said) { log_.add(said); };
  if (!line_.read([this](const guest::Frame& frame) { on_frame(frame); }, text)) {
    line_gone_ = true;
    line_.flush(text);
  }
}

void Console::on_frame(const guest::Frame& frame) {
  using guest::Kind;
  heard_ = true;
  switch (frame.kind) {
    case Kind::ready:
      answer_ = true;
      break;
    case Kind::data:
    case Kind::end:
    case Kind::probe:
      if (frame.stream == guest::stream_out) outputs_[0].receiver.on_frame(frame);
      if (frame.stream == guest::stream_err) outputs_[1].receiver.on_frame(frame);
      break;
    case Kind::ack:
    case Kind::resend:
      if (frame.stream == guest::stream_in) input_.on_frame(frame);
      break;
    case Kind::exit:
      exit_code_ = static_cast<int>(frame.value & 0xff);
      break;
    case Kind::signal:
      break;
  }
  for (auto& output : outputs_) {
    if (output.unread) pass_on(output);
    if (output.receiver.ended() && !output.unread) {
      output.unread = true;
      shut(output.fd);
    }
  }
}

void Console::take_input() {
  std::array<std::uint8_t, 4096> buffer;
  const ssize_t got = ::read(in_, buffer.data(), std::min(buffer.size(), input_.room()));
  if (got > 0) {
    input_.push(base::Bytes(buffer).first(static_cast<std::size_t>(got)));
  } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
    input_.finish();
  }
}

void Console::pass_on(Output& output) {
  auto& receiver = output.receiver;
  if (output.unread) {
    while (!receiver.pending().empty()) receiver.consume(receiver.pending().size());
    return;
  }
  // A pipe that is ready takes this much without waiting, whether it is non-blocking or not: pipe(7).
  const auto bytes = receiver.pending().first(std::min<std::size_t>(receiver.pending().size(), PIPE_BUF));
  const ssize_t put = ::write(output.fd, bytes.data(), bytes.size());
  if (put >= 0) {
    receiver.consume(static_cast<std::size_t>(put));
  } else if (errno != EAGAIN && errno != EINTR) {
    output.unread = true;
    shut(output.fd);
    pass_on(output);
  }
  if (receiver.ended() && !output.unread) {
    output.unread = true;
    shut(output.fd);
  }
}

void Console::finish(Waiter& waiter, int quiet_ms, std::chrono::milliseconds limit) {
  constexpr int stuck_ms = std::chrono::milliseconds(stuck_limit).count();
  const auto end = waiter.now() + limit;
  for (;;) {
    auto waiting = wait_for();
    waiting[0].events = POLLIN;
    waiting[1].fd = -1;
    const bool passing = waiting[2].fd >= 0 || waiting[3].fd >= 0;
    if (waiter.now() >= end) return;
    const int ready = waiter.poll(waiting, std::min(passing ? stuck_ms : quiet_ms, waiter.milliseconds_to(end)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return;
    handle(waiting);
    if (line_gone_ && outputs_[0].receiver.pending().empty() && outputs_[1].receiver.pending().empty()) return;
  }
}

}  // namespace runx::runtime
