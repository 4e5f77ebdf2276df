// SPDX-License-Identifier: Apache-2.0
#include "bitstream/stream.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fake/bitstream.h"

namespace runx::bitstream {
namespace {

using base::bytes_of;
using fake::BitstreamOptions;
using fake::StreamWriter;
using testing::ElementsAre;
using testing::HasSubstr;

enum : std::uint32_t { far = 1, fdri = 2, cmd = 4, ctl0 = 5, mask = 6, mfwr = 10, idcode = 12, wbstar = 16, bout = 30 };
constexpr std::uint32_t k26 = 0x04A49093;

std::vector<std::uint32_t> frames_of(std::size_t count) { return std::vector<std::uint32_t>(count * frame_words, 7); }

// A whole stream around what `body` writes, with the IDCODE in front.
std::string stream_of(const std::function<void(StreamWriter&)>& body, bool byte_swapped = false) {
  StreamWriter out(byte_swapped);
  out.lead_in();
  out.write(idcode, {k26});
  body(out);
  out.desync();
  return out.bytes();
}

ConfigStream read(const std::string& bytes) {
  const auto stream = read_stream(bytes_of(bytes), "a.bin");
  EXPECT_TRUE(stream) << stream.error().what;
  return stream.value_or(ConfigStream{});
}

std::string error_of(const std::string& bytes) {
  const auto stream = read_stream(bytes_of(bytes), "a.bin");
  EXPECT_FALSE(stream);
  return stream ? "" : stream.error().what;
}

TEST(Stream, CountsFramesAndNamesAddresses) {
  const auto stream = read(stream_of([](StreamWriter& out) {
    out.write(far, {0x000C2000});
    out.write(cmd, {1});
    out.nop();
    out.write_long(fdri, frames_of(77));
    out.write(far, {0x00000004});
    out.write(fdri, frames_of(2));
    out.crc();
  }));
  EXPECT_EQ(stream.idcode, k26);
  EXPECT_FALSE(stream.byte_swapped);
  EXPECT_FALSE(stream.encrypted);
  EXPECT_EQ(stream.frames, 79U);
  EXPECT_EQ(stream.repeats, 0U);
  EXPECT_THAT(stream.footprint, ElementsAre(FrameRun{FrameAddress::of(0, 0, 0, 4), 2, 2, 0},
                                            FrameRun{FrameAddress::of(0, 3, 32, 0), 77, 77, 0}));
}

TEST(Stream, ReadsBothByteOrdersAlike) {
  BitstreamOptions options;
  options.header = false;
  options.repeated = {0x00002600};
  const auto plain = read(fake::make_stream(options));
  options.byte_swapped = true;
  const auto swapped = read(fake::make_stream(options));
  EXPECT_FALSE(plain.byte_swapped);
  EXPECT_TRUE(swapped.byte_swapped);
  EXPECT_EQ(plain.idcode, swapped.idcode);
  EXPECT_EQ(plain.footprint, swapped.footprint);
  EXPECT_EQ(plain.frames, 4U);
  EXPECT_EQ(plain.repeats, 1U);
}

TEST(Stream, MasksTheRevisionOfTheDevice) {
  BitstreamOptions options;
  options.idcode = 0x14A49093;
  EXPECT_EQ(read(fake::make_stream(options)).idcode, k26);
}

TEST(Stream, TakesWritesWithoutANewAddressAsOneRun) {
  const auto stream = read(stream_of([](StreamWriter& out) {
    out.write(far, {0x100});
    out.write(fdri, std::vector<std::uint32_t>(50));  // a frame in two packets
    out.write(fdri, std::vector<std::uint32_t>(43));
    out.write(cmd, {1});
    out.write(fdri, frames_of(3));
  }));
  EXPECT_THAT(stream.footprint, ElementsAre(FrameRun{{0x100}, 4, 4, 0}));
}

TEST(Stream, TakesRepeatsAsFramesOfTheRun) {
  const auto stream = read(stream_of([](StreamWriter& out) {
    out.write(far, {0x100});
    out.write(fdri, frames_of(2));
    out.write(cmd, {2});
    out.write(mfwr, {0, 0});
    out.write(far, {0x200});
    out.write(mfwr, {0, 0});
    out.write(mfwr, {0, 0});
    out.write(mfwr, {});  // no word, no frame
  }));
  EXPECT_THAT(stream.footprint, ElementsAre(FrameRun{{0x100}, 3, 2, 1}, FrameRun{{0x200}, 2, 0, 2}));
  EXPECT_EQ(stream.frames, 2U);
  EXPECT_EQ(stream.repeats, 3U);
}

TEST(Stream, JoinsRunsThatStartAlike) {
  const auto stream = read(stream_of([](StreamWriter& out) {
    for (const std::size_t frames : {2, 5, 3}) {
      out.write(far, {0x100});
      out.write(fdri, frames_of(frames));
    }
  }));
  EXPECT_THAT(stream.footprint, ElementsAre(FrameRun{{0x100}, 5, 10, 0}));
  EXPECT_EQ(stream.frames, 10U);
}

TEST(Stream, ReadsSeveralPassages) {
  const auto one = stream_of([](StreamWriter& out) {
    out.write(far, {0x100});
    out.write(fdri, frames_of(2));
  });
  const auto other = stream_of([](StreamWriter& out) {
    out.write(far, {0x200});
    out.write(fdri, frames_of(3));
  });
  const auto stream = read(one + other + std::string(8, '\0') + std::string(8, '\xFF'));
  EXPECT_THAT(stream.footprint, ElementsAre(FrameRun{{0x100}, 2, 2, 0}, FrameRun{{0x200}, 3, 3, 0}));
}

TEST(Stream, StepsOverRegistersThatTellNothing) {
  const auto stream = read(stream_of([](StreamWriter& out) {
    out.write(wbstar, {0});
    out.write(19, {1, 2, 3});
    out.write(mask, {0x500});
    out.write(ctl0, {0x500});
    out.write(fdri, {});
    out.write(far, {0x07FC0000});  // no frame's address, and none is written
  }));
  EXPECT_TRUE(stream.footprint.empty());
  EXPECT_FALSE(stream.encrypted);
}

TEST(Stream, NeedsNoDeviceWhereNoFrameIsWritten) {
  StreamWriter out;
  out.lead_in();
  out.desync();
  EXPECT_EQ(read(out.bytes()).idcode, std::nullopt);
}

TEST(Stream, StopsWhereCipherTextBegins) {
  BitstreamOptions options;
  options.encrypted = true;
  const auto stream = read(fake::make_stream(options));
  EXPECT_TRUE(stream.encrypted);
  EXPECT_EQ(stream.idcode, k26);
  EXPECT_EQ(stream.frames, 0U);
}

TEST(Stream, TellsTheFramesBeforeCipherText) {
  const auto stream = read(stream_of([](StreamWriter& out) {
    out.write(far, {0x100});
    out.write(fdri, frames_of(2));
    out.write(ctl0, {0x40});
    out.word(0xDEADBEEF);
  }));
  EXPECT_TRUE(stream.encrypted);
  EXPECT_THAT(stream.footprint, ElementsAre(FrameRun{{0x100}, 2, 2, 0}));
}

TEST(Stream, RefusesWhatADeviceWouldNot) {
  const struct {
    const char* why;
    std::function<void(StreamWriter&)> body;
    const char* sentence;
  } cases[] = {
      {"type 0", [](StreamWriter& out) { out.word(0); }, "word 0x00000000 at offset 44, which is no packet"},
      {"type 7", [](StreamWriter& out) { out.word(0xFFFFFFFF); }, "which is no packet"},
      {"sync again", [](StreamWriter& out) { out.word(0xAA995566); }, "which is no packet"},
      {"read", [](StreamWriter& out) { out.word(0x28018001); }, "at offset 44 that is no write (0x28018001)"},
      {"reserved opcode", [](StreamWriter& out) { out.word(0x38018000); }, "that is no write"},
      {"type 2 NOP", [](StreamWriter& out) { out.word(0x40000000); }, "that is no write"},
      {"NOP with words", [](StreamWriter& out) { out.word(0x20000001); }, "that is no write"},
      {"type 2 first", [](StreamWriter& out) { out.word(0x50000000); }, "does not follow an empty write to FDRI"},
      {"type 2 after NOP",
       [](StreamWriter& out) {
         out.write(fdri, {});
         out.nop();
         out.word(0x50000000);
       },
       "does not follow an empty write to FDRI"},
      {"type 2 for another register", [](StreamWriter& out) { out.write_long(mfwr, {0}); },
       "does not follow an empty write to FDRI"},
      {"type 2 twice",
       [](StreamWriter& out) {
         out.write(far, {0});
         out.write_long(fdri, frames_of(1));
         out.word(0x50000000);
       },
       "does not follow an empty write to FDRI"},
      {"packet past the end", [](StreamWriter& out) { out.word(0x30008000 | 0x7FF); },
       "2047 words at offset 44 that goes"},
      {"the longest packet",
       [](StreamWriter& out) {
         out.write(fdri, {});
         out.word(0x57FFFFFF);
       },
       "134217727 words at offset 48 that goes past its end"},
      {"no address", [](StreamWriter& out) { out.write(fdri, frames_of(1)); }, "before it names a frame address (FAR)"},
      {"no address for a repeat", [](StreamWriter& out) { out.write(mfwr, {0}); }, "before it names a frame address"},
      {"reserved bits of an address",
       [](StreamWriter& out) {
         out.write(far, {0x08000000});
         out.write(fdri, frames_of(1));
       },
       "to 0x08000000, which is no frame address"},
      {"half a frame",
       [](StreamWriter& out) {
         out.write(far, {0x100});
         out.write(fdri, std::vector<std::uint32_t>(92));
         out.write(far, {0x200});
       },
       "writes 92 words from 0x00000100, which are no whole frames"},
      {"half a frame at the end",
       [](StreamWriter& out) {
         out.write(far, {0x100});
         out.write(fdri, std::vector<std::uint32_t>(94));
       },
       "writes 94 words from 0x00000100"},
      {"two addresses at once",
       [](StreamWriter& out) {
         out.write(far, {1, 2});
       },
       "writes 2 words to register 1"},
      {"no command", [](StreamWriter& out) { out.write(cmd, {}); }, "writes 0 words to register 4"},
      {"other device", [](StreamWriter& out) { out.write(idcode, {0x04724093}); },
       "names two devices: idcode 0x04a49093 and, at offset 44, 0x04724093"},
      {"7 series", [](StreamWriter& out) { out.write(idcode, {0x03631093}); }, "is for a 7 series device"},
      {"UltraScale", [](StreamWriter& out) { out.write(idcode, {0x03822093}); }, "is for a UltraScale device"},
      {"another die", [](StreamWriter& out) { out.write(bout, {}); }, "carries a stream for another die"},
      {"restart", [](StreamWriter& out) { out.write(cmd, {15}); }, "restarts the device (command IPROG at offset 44)"},
  };
  for (const auto& [why, body, sentence] : cases) EXPECT_THAT(error_of(stream_of(body)), HasSubstr(sentence)) << why;
}

TEST(Stream, WantsTheDeviceNamedBeforeFrames) {
  StreamWriter out;
  out.lead_in();
  out.write(far, {0x100});
  out.write(fdri, frames_of(1));
  out.write(idcode, {k26});
  out.desync();
  EXPECT_THAT(error_of(out.bytes()), HasSubstr("before it names a device (IDCODE)"));
}

TEST(Stream, WantsAnAddressInEveryPassage) {
  const auto one = stream_of([](StreamWriter& out) { out.write(far, {0x100}); });
  const auto other = stream_of([](StreamWriter& out) { out.write(fdri, frames_of(1)); });
  EXPECT_THAT(error_of(one + other), HasSubstr("before it names a frame address"));
}

TEST(Stream, HidesNothingBetweenPassages) {
  const auto passage = stream_of([](StreamWriter&) {});
  EXPECT_THAT(error_of(passage + std::string("\x66\x55\x99\xAA", 4)), HasSubstr("has the word 0x665599aa"));
  EXPECT_THAT(error_of(passage + std::string("\0\xAA\x99\x55\x66\0\0\0", 8)), HasSubstr("outside of every sync"));
  EXPECT_THAT(error_of(passage + "abcd"), HasSubstr("has the word 0x61626364 at offset"));
}

TEST(Stream, BeginsWithDummyWordsOfOneOrder) {
  EXPECT_TRUE(begins_like_stream(bytes_of(fake::make_stream({}))));
  EXPECT_FALSE(begins_like_stream(bytes_of("")));
  EXPECT_FALSE(begins_like_stream(bytes_of(std::string(64, '\xFF'))));
  EXPECT_FALSE(begins_like_stream(bytes_of("text\xAA\x99\x55\x66")));
  const std::string big_width("\x00\x00\x00\xBB", 4);
  EXPECT_TRUE(begins_like_stream(bytes_of(big_width + "\xAA\x99\x55\x66")));
  EXPECT_FALSE(begins_like_stream(bytes_of(big_width + "\x66\x55\x99\xAA")));
  EXPECT_THAT(error_of("text"), HasSubstr("does not begin like a configuration stream"));
}

TEST(Stream, IsTruncatedAtEveryByte) {
  BitstreamOptions options;
  options.writes = {{0x100, 2}};
  options.repeated = {0x200};
  const auto whole = fake::make_stream(options);
  const auto trailing = std::size_t{4} * 4;  // NOPs behind DESYNC, which may be fewer
  for (std::size_t size = 0; size < whole.size() - trailing; ++size) {
    EXPECT_FALSE(read_stream(bytes_of(std::string_view(whole).substr(0, size)), "a.bin")) << size;
  }
  EXPECT_THAT(error_of(whole.substr(0, whole.size() - 1)), HasSubstr("ends with 3 bytes that are no whole word"));
  EXPECT_THAT(error_of(whole.substr(0, whole.size() - trailing - 8)), HasSubstr("ends without DESYNC"));
}

TEST(Stream, BoundsWhatItRemembers) {
  const auto stream = [](std::uint32_t addresses) {
    return stream_of([&](StreamWriter& out) {
      for (std::uint32_t i = 0; i < addresses; ++i) {
        out.word(0x30002001);
        out.word(i);
        out.word(0x30014001);  // MFWR, one word
        out.word(0);
      }
    });
  };
  EXPECT_EQ(read(stream(1U << 18)).footprint.size(), std::size_t{1} << 18);
  EXPECT_THAT(error_of(stream((1U << 19) + 1)), HasSubstr("names more than 262144 frame addresses"));
}

}  // namespace
}  // namespace runx::bitstream
