// SPDX-License-Identifier: Apache-2.0
#include "guest/frame.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/result.h"

namespace runx::guest {
namespace {

struct Seen {
  std::vector<std::string> frames;  // "kind/stream/value/payload"
  std::string text;
};

std::string spelt(const Frame& frame) {
  return base::text(static_cast<int>(frame.kind), '/', static_cast<int>(frame.stream), '/', frame.value, '/',
                    base::text_of(frame.payload));
}

// Feeds `bytes` in pieces of `piece`.
Seen decode(const std::string& bytes, std::size_t piece) {
  Seen seen;
  Decoder decoder;
  const auto on_text = [&](std::string_view text) { seen.text += text; };
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    decoder.feed(
        base::bytes_of(std::string_view(bytes).substr(at, piece)),
        [&](const Frame& frame) { seen.frames.push_back(spelt(frame)); }, on_text);
  }
  decoder.flush(on_text);
  return seen;
}

std::string framed(Kind kind, std::uint8_t stream, std::uint32_t value, std::string_view payload = {}) {
  std::string out;
  append_frame(out, {kind, stream, value, base::bytes_of(payload)});
  return out;
}

TEST(Frame, CrcIsTheOneOfZip) { EXPECT_EQ(crc32(base::bytes_of("123456789")), 0xcbf43926U); }

TEST(Frame, ComesOutAsItWentIn) {
  const std::string all = framed(Kind::ready, 0, 1) + framed(Kind::data, stream_err, 0xfffffff0U, "hello") +
                          framed(Kind::data, stream_out, 7, std::string(max_payload, 'x')) + framed(Kind::exit, 0, 255);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{100}, all.size()}) {
    const auto seen = decode(all, piece);
    EXPECT_EQ(seen.text, "");
    EXPECT_EQ(seen.frames, (std::vector<std::string>{"1/0/1/", "2/2/4294967280/hello",
                                                     "2/1/7/" + std::string(max_payload, 'x'), "8/0/255/"}));
  }
}

TEST(Frame, TextAroundFramesIsTheKernels) {
  const auto seen = decode("[    0.1] booting\r\n" + framed(Kind::ready, 0, 1) + "more\x01\n" +
                               framed(Kind::data, stream_out, 0, "out") + "the end\x01",
                           5);
  EXPECT_EQ(seen.text, "[    0.1] booting\r\nmore\x01\nthe end\x01");
  EXPECT_EQ(seen.frames, (std::vector<std::string>{"1/0/1/", "2/1/0/out"}));
}

TEST(Frame, TextInsideAFrameMakesItTextAndNothingElse) {
  const auto broken = framed(Kind::data, stream_out, 0, "0123456789");
  for (std::size_t at = 1; at < broken.size(); ++at) {
    const auto mixed = broken.substr(0, at) + "PANIC" + broken.substr(at);
    const auto seen = decode(mixed + framed(Kind::ack, stream_in, 9), 7);
    EXPECT_EQ(seen.frames, (std::vector<std::string>{"4/0/9/"})) << at;
    EXPECT_EQ(seen.text, mixed) << at;
  }
}

TEST(Frame, NoSingleWrongBitPasses) {
  const auto good = framed(Kind::data, stream_out, 12345, "payload");
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_TRUE(decode(bad, bad.size()).frames.empty()) << "bit " << bit;
  }
}

TEST(Frame, GarbageWithFramesInItLosesNoFrame) {
  std::mt19937 random(1);
  for (int round = 0; round < 50; ++round) {
    std::string all;
    std::vector<std::string> expected;
    for (std::uint32_t i = 0; i < 20; ++i) {
      std::string noise(random() % 40, '\0');
      // Plenty of what looks like the beginning of a frame.
      for (auto& c : noise) c = "\x01\x9e\x02\x00x"[random() % 5];
      all += noise + framed(Kind::data, stream_out, i, "abc");
      expected.push_back(base::text("2/1/", i, "/abc"));
    }
    EXPECT_EQ(decode(all, 1 + random() % 50).frames, expected);
  }
}

}  // namespace
}  // namespace runx::guest
