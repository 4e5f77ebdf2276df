// SPDX-License-Identifier: Apache-2.0
#include "guest/flow.h"

#include <algorithm>
#include <cstring>

namespace runx::guest {

namespace {

constexpr std::uint32_t ring_mask = window_size - 1;
static_assert((window_size & ring_mask) == 0);

// The longest piece of the ring that begins at `from` and lies in one part.
std::size_t piece(std::uint32_t from, std::uint32_t count) {
  return std::min<std::size_t>(count, window_size - (from & ring_mask));
}

void store(std::array<std::uint8_t, window_size>& ring, std::uint32_t at, base::Bytes data) {
  while (!data.empty()) {
    const std::size_t now = piece(at, static_cast<std::uint32_t>(data.size()));
    std::memcpy(ring.data() + (at & ring_mask), data.data(), now);
    at += static_cast<std::uint32_t>(now);
    data = data.subspan(now);
  }
}

}  // namespace

std::size_t Sender::room() const { return finished_ ? 0 : window_size - (end_ - acked_); }

void Sender::push(base::Bytes data) {
  data = data.first(std::min(data.size(), room()));
  store(kept_, end_, data);
  end_ += static_cast<std::uint32_t>(data.size());
}

bool Sender::unsent() const { return sent_ != end_ + (finished_ ? 1 : 0); }

void Sender::emit(std::string& out, std::size_t limit) {
  // After the end has been sent, sent_ is end_ + 1.
  while (sent_ != end_ && sent_ != end_ + 1 && out.size() < limit) {
    const std::size_t now = std::min(piece(sent_, end_ - sent_), max_payload);
    append_frame(out, {Kind::data, stream_, sent_, {kept_.data() + (sent_ & ring_mask), now}});
    sent_ += static_cast<std::uint32_t>(now);
  }
  if (finished_ && sent_ == end_ && out.size() < limit) {
    append_frame(out, {Kind::end, stream_, end_});
    sent_ = end_ + 1;
  }
}

void Sender::emit_probe(std::string& out, std::size_t limit) const {
  if (waiting() && out.size() < limit) append_frame(out, {Kind::probe, stream_, sent_});
}

void Sender::on_frame(const Frame& frame) {
  const std::uint32_t advance = frame.value - acked_;
  if (advance > sent_ - acked_) return;
  if (frame.kind == Kind::ack) acked_ = frame.value;
  if (frame.kind == Kind::resend) sent_ = frame.value;
}

void Receiver::on_frame(const Frame& frame) {
  const std::uint32_t next = received_ + (ended_ ? 1 : 0);
  const std::uint32_t ahead = frame.value - next;
  const bool gap = ahead != 0 && ahead <= window_size;
  if (frame.kind == Kind::probe) {
    ask_ = ask_ || gap;
    tell_ = !gap;
    return;
  }
  if (gap) {
    ask_ = ask_ || !asked_;
    return;
  }
  if (ended_) {
    tell_ = true;
    return;
  }
  if (frame.kind == Kind::end) {
    if (ahead == 0) ended_ = true;
    tell_ = true;
    asked_ = false;
    return;
  }
  // Sent again: what came before is skipped.
  const std::uint32_t known = next - frame.value;
  if (frame.kind != Kind::data || known >= frame.payload.size()) {
    tell_ = true;
    return;
  }
  const auto fresh = frame.payload.subspan(known);
  if (fresh.size() > window_size - held()) return;
  store(held_, received_, fresh);
  received_ += static_cast<std::uint32_t>(fresh.size());
  asked_ = false;
}

base::Bytes Receiver::pending() const { return {held_.data() + (passed_ & ring_mask), piece(passed_, held())}; }

void Receiver::consume(std::size_t count) {
  passed_ += static_cast<std::uint32_t>(std::min<std::size_t>(count, held()));
}

void Receiver::emit(std::string& out, std::size_t limit) {
  if (out.size() >= limit) return;
  const std::uint32_t now = passed_ + (ended() ? 1 : 0);
  // Often enough to keep the sender busy, seldom enough not to answer each frame with one.
  if (tell_ || (now != told_ && (held() == 0 || now - told_ >= window_size / 4))) {
    append_frame(out, {Kind::ack, stream_, now});
    told_ = now;
    tell_ = false;
  }
  if (ask_) {
    append_frame(out, {Kind::resend, stream_, received_ + (ended_ ? 1 : 0)});
    ask_ = false;
    asked_ = true;
  }
}

}  // namespace runx::guest
