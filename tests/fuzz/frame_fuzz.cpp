// SPDX-License-Identifier: Apache-2.0
// Any bytes as what a guest sends over its console: no byte is lost or invented, no window is exceeded, and a frame
// of ours that follows is understood whatever came before it.
#include <cstdlib>
#include <string>

#include "guest/flow.h"
#include "guest/frame.h"
#include "guest/process.h"

namespace {

using namespace runx::guest;
using runx::base::Bytes;

void hold(bool invariant) {
  if (!invariant) std::abort();
}

// The first byte says in how large pieces the rest arrives.
void decode(Bytes bytes) {
  if (bytes.empty()) return;
  const std::size_t piece = bytes[0] + std::size_t{1};
  std::string line(runx::base::text_of(bytes.subspan(1)));
  const std::size_t foreign = line.size();
  append_frame(line, {Kind::exit, 0, 0x12345678});
  append_frame(line, {Kind::exit, 0, 0x12345678});
  Decoder decoder;
  Receiver receiver(stream_out);
  Sender sender(stream_in);
  sender.push(Bytes(std::array<std::uint8_t, 100>{}));
  std::string sent;
  sender.emit(sent, 4096);
  std::size_t seen = 0;
  unsigned ours = 0;
  const auto on_text = [&](std::string_view text) { seen += text.size(); };
  const auto on_frame = [&](const Frame& frame) {
    seen += header_size + frame.payload.size() + 4;
    hold(frame.payload.size() <= max_payload && frame.stream <= stream_err);
    if (frame.kind == Kind::exit && frame.value == 0x12345678) ++ours;
    receiver.on_frame(frame);
    sender.on_frame(frame);
    hold(receiver.pending().size() <= window_size && sender.room() <= window_size);
  };
  for (std::size_t at = 0; at < line.size(); at += piece) {
    decoder.feed(runx::base::bytes_of(std::string_view(line).substr(at, piece)), on_frame, on_text);
    sent.clear();
    receiver.emit(sent, 4096);
    sender.emit(sent, 4096);
    hold(sent.size() <= 4096 + max_frame);
    if ((at / piece) % 3 == 0) receiver.consume(receiver.pending().size());
  }
  decoder.flush(on_text);
  hold(seen == line.size());
  // A foreign header may claim the bytes of ours that follow it, but only by a check that fits them.
  hold(ours >= 1 || foreign >= header_size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  decode({data, size});
  if (const auto process = GuestProcess::decode({data, size})) {
    const auto again = process->encode();
    hold(again.has_value());
    const auto back = GuestProcess::decode(runx::base::bytes_of(*again));
    hold(back && *back == *process);
  }
  return 0;
}
