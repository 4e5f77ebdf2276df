// SPDX-License-Identifier: Apache-2.0
#include "guest/flow.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace runx::guest {
namespace {

std::string pattern(std::size_t size) {
  std::string out(size, '\0');
  std::mt19937 random(7);
  for (auto& c : out) c = static_cast<char>(random());
  return out;
}

// A sender and a receiver joined by two lines, into which `noise` may print.
struct Pair {
  Sender sender{stream_out};
  Receiver receiver{stream_out};
  Decoder forth;
  Decoder back;
  std::string passed_on;

  void deliver(Decoder& decoder, const std::string& bytes, const Decoder::OnFrame& on_frame) {
    decoder.feed(base::bytes_of(bytes), on_frame, [](std::string_view) {});
  }
  // One exchange; the reader takes up to `take` bytes. Returns the bytes that went forth.
  template <class Noise>
  std::size_t exchange(std::size_t take, const Noise& noise, bool probe = false) {
    std::string out;
    sender.emit(out, 4096);
    if (probe) sender.emit_probe(out, 1 << 20);
    deliver(forth, noise(out), [this](const Frame& frame) { receiver.on_frame(frame); });
    while (take > 0 && !receiver.pending().empty()) {
      const auto now = receiver.pending().first(std::min(take, receiver.pending().size()));
      passed_on += base::text_of(now);
      take -= now.size();
      receiver.consume(now.size());
    }
    std::string answer;
    receiver.emit(answer, 4096);
    deliver(back, answer, [this](const Frame& frame) { sender.on_frame(frame); });
    return out.size();
  }
};

const auto clean = [](const std::string& bytes) { return bytes; };

TEST(Flow, EverythingArrivesInOrderAndEnds) {
  const auto all = pattern(1 << 20);
  Pair pair;
  std::size_t given = 0;
  for (int round = 0; round < 10'000 && !pair.sender.done(); ++round) {
    const auto now = std::min(pair.sender.room(), all.size() - given);
    pair.sender.push(base::bytes_of(std::string_view(all).substr(given, now)));
    given += now;
    if (given == all.size()) pair.sender.finish();
    pair.exchange(3000, clean);
  }
  EXPECT_TRUE(pair.sender.done());
  EXPECT_TRUE(pair.receiver.ended());
  EXPECT_EQ(pair.passed_on, all);
}

TEST(Flow, AReaderWhoTakesNothingStopsTheSender) {
  const auto all = pattern(4 * window_size);
  Pair pair;
  std::size_t given = 0;
  std::size_t sent = 0;
  for (int round = 0; round < 1000; ++round) {
    const auto now = std::min(pair.sender.room(), all.size() - given);
    pair.sender.push(base::bytes_of(std::string_view(all).substr(given, now)));
    given += now;
    sent += pair.exchange(0, clean);
  }
  EXPECT_EQ(given, window_size);
  EXPECT_LT(sent, window_size + window_size / 16);
  EXPECT_EQ(pair.sender.room(), 0U);
}

TEST(Flow, WhatTheKernelPrintsIntoFramesIsSentAgain) {
  const auto all = pattern(600'000);
  for (unsigned seed = 0; seed < 5; ++seed) {
    std::mt19937 random(seed);
    const auto noisy = [&](std::string bytes) {
      if (!bytes.empty() && random() % 3 == 0) bytes.insert(random() % bytes.size(), "\n[   12.3] soft lockup\n");
      return bytes;
    };
    Pair pair;
    std::size_t given = 0;
    for (int round = 0; round < 20'000 && !pair.sender.done(); ++round) {
      const auto now = std::min(pair.sender.room(), all.size() - given);
      pair.sender.push(base::bytes_of(std::string_view(all).substr(given, now)));
      given += now;
      if (given == all.size()) pair.sender.finish();
      // The last frame's loss is noticed by the probe only.
      pair.exchange(9000, noisy, round % 10 == 9);
    }
    EXPECT_TRUE(pair.sender.done());
    EXPECT_EQ(pair.passed_on, all);
  }
}

TEST(Flow, AGapIsAskedForAtOnceAndOnce) {
  Pair pair;
  pair.sender.push(base::bytes_of(pattern(3000)));
  std::string lost;
  pair.sender.emit(lost, 1);  // the first frame, which nobody sees
  pair.exchange(0, clean);
  EXPECT_TRUE(pair.sender.unsent());
  // Frames that were on their way already are no reason to ask again.
  const std::string late(10, 'x');
  pair.receiver.on_frame({Kind::data, stream_out, 2990, base::bytes_of(late)});
  std::string answer;
  pair.receiver.emit(answer, 4096);
  EXPECT_EQ(answer, "");
  pair.exchange(3000, clean);
  EXPECT_EQ(pair.passed_on, pattern(3000));
}

TEST(Flow, ASlowReaderIsHeardOfBeforeHeHasReadItAll) {
  Receiver receiver(stream_out);
  const std::string block(max_payload, 'x');
  for (std::uint32_t at = 0; at < window_size; at += max_payload) {
    receiver.on_frame({Kind::data, stream_out, at, base::bytes_of(block)});
  }
  std::string answer;
  receiver.consume(window_size / 4 - 1);
  receiver.emit(answer, 4096);
  EXPECT_EQ(answer, "");
  receiver.consume(1);
  receiver.emit(answer, 4096);
  ASSERT_EQ(answer.size(), header_size + 4);
  EXPECT_EQ(base::le32(base::bytes_of(answer), 4), window_size / 4);
}

TEST(Flow, OffsetsWrapAround) {
  Sender sender(stream_in, 0xffffff00U);
  Receiver receiver(stream_in, 0xffffff00U);
  const auto all = pattern(1000);
  sender.push(base::bytes_of(all));
  sender.finish();
  std::string out;
  sender.emit(out, 1 << 20);
  Decoder decoder;
  decoder.feed(
      base::bytes_of(out), [&](const Frame& frame) { receiver.on_frame(frame); }, [](std::string_view) {});
  std::string passed_on;
  while (!receiver.pending().empty()) {
    passed_on += base::text_of(receiver.pending());
    receiver.consume(receiver.pending().size());
  }
  EXPECT_EQ(passed_on, all);
  EXPECT_TRUE(receiver.ended());
  out.clear();
  receiver.emit(out, 4096);
  decoder.feed(
      base::bytes_of(out), [&](const Frame& frame) { sender.on_frame(frame); }, [](std::string_view) {});
  EXPECT_TRUE(sender.done());
}

TEST(Flow, AHostileSenderCannotOverfillTheWindow) {
  Receiver receiver(stream_out);
  const std::string block(max_payload, 'x');
  for (std::uint32_t at = 0; at < 10 * window_size; at += max_payload) {
    receiver.on_frame({Kind::data, stream_out, at, base::bytes_of(block)});
  }
  std::size_t held = 0;
  while (!receiver.pending().empty()) {
    held += receiver.pending().size();
    receiver.consume(receiver.pending().size());
  }
  EXPECT_EQ(held, window_size);
}

TEST(Flow, WhatIsDueStaysDueWhileThereIsNoRoom) {
  Receiver receiver(stream_out);
  Sender sender(stream_in);
  sender.push(base::bytes_of("0123456789"));
  std::string sent;
  sender.emit(sent, 4096);
  std::string full(100, 'x');
  for (int i = 0; i < 1000; ++i) {
    receiver.on_frame({Kind::probe, stream_out, 0});
    receiver.on_frame({Kind::data, stream_out, 5, base::bytes_of("a gap")});
    receiver.emit(full, 100);
    sender.emit_probe(full, 100);
  }
  EXPECT_EQ(full.size(), 100U);
  std::string answer;
  receiver.emit(answer, 100);
  sender.emit_probe(answer, 100);
  EXPECT_EQ(answer.size(), 3 * (header_size + 4)) << "an acknowledgement, a request and a probe";
}

TEST(Flow, AnswersThatMakeNoSenseAreIgnored) {
  Sender sender(stream_out);
  sender.push(base::bytes_of("0123456789"));
  std::string out;
  sender.emit(out, 4096);
  for (const std::uint32_t value : {11U, 0x80000000U, 0xffffffffU}) {
    sender.on_frame({Kind::ack, stream_out, value});
    sender.on_frame({Kind::resend, stream_out, value});
  }
  EXPECT_TRUE(sender.waiting());
  EXPECT_FALSE(sender.unsent());
  sender.on_frame({Kind::resend, stream_out, 4});
  out.clear();
  sender.emit(out, 4096);
  EXPECT_NE(out.find("456789"), std::string::npos);
  sender.on_frame({Kind::ack, stream_out, 10});
  EXPECT_FALSE(sender.waiting());
}

}  // namespace
}  // namespace runx::guest
