// SPDX-License-Identifier: Apache-2.0
#include "tests/fake/bitstream.h"

#include <gtest/gtest.h>

#include "bitstream/bitstream.h"
#include "tests/fake/fake_host.h"

namespace runx::fake {
namespace {

// The first packets of the second passage of a real partial bitstream (Vivado 2022.1, K26), and the CRC that
// stands behind them there.
TEST(FakeBitstream, HasTheCrcOfTheDevice) {
  StreamWriter out;
  out.write(4, {7});            // RCRC
  out.write(12, {0x04A49093});  // IDCODE
  out.write(9, {0x38003FE5});   // COR0
  out.write(4, {11});           // SHUTDOWN
  out.crc();
  EXPECT_EQ(base::be32(base::bytes_of(out.bytes()), out.bytes().size() - 4), 0x4FA02880U);
}

TEST(FakeBitstream, DiffersBySeedAlone) {
  BitstreamOptions options;
  const auto one = make_bitstream(options);
  EXPECT_EQ(one, make_bitstream(options));
  options.seed = 2;
  EXPECT_NE(one, make_bitstream(options));
  EXPECT_EQ(one.size(), make_bitstream(options).size());
}

class FakeBitstreamProgram : public testing::Test {
 protected:
  // Runs bin/fake-bitstream, and reads what it wrote.
  bitstream::BitstreamInfo made(std::vector<std::string> arguments) {
    const auto file = host_.real("/out");
    arguments.insert(arguments.begin(), RUNX_BINARY_DIR "/bin/fake-bitstream");
    arguments.insert(arguments.end(), {"-o", file});
    const auto outcome = base::run_command({arguments});
    EXPECT_TRUE(outcome) << outcome.error().what;
    status_ = outcome ? outcome->status : -1;
    if (status_ != 0) return {};
    const auto content = host_.content("/out");
    const auto info = bitstream::read_bitstream(base::bytes_of(content), "/out");
    EXPECT_TRUE(info) << info.error().what;
    return info.value_or(bitstream::BitstreamInfo{});
  }

  FakeHost host_;
  int status_ = -1;
};

TEST_F(FakeBitstreamProgram, MakesAPartialForTheK26) {
  const auto info = made({"--frames", "6"});
  EXPECT_EQ(info.format, bitstream::Format::bit);
  EXPECT_EQ(info.part, "xck26-sfvc784-2LV-c");
  EXPECT_EQ(info.idcode, 0x04A49093U);
  EXPECT_EQ(info.partial, true);
  EXPECT_EQ(info.frames, 6U);
}

TEST_F(FakeBitstreamProgram, TakesOptions) {
  const auto info = made({"--part", "xczu9eg-ffvb1156-2-e", "--idcode", "0x04738093", "--design", "d", "--full", "--at",
                          "000C2000:77", "--at", "0x01000000:30", "--repeat", "100", "--seed", "5"});
  EXPECT_EQ(info.part, "xczu9eg-ffvb1156-2-e");
  EXPECT_EQ(info.idcode, 0x04738093U);
  EXPECT_EQ(info.design, "d");
  EXPECT_EQ(info.partial, false);
  EXPECT_EQ(info.frames, 107U);
  EXPECT_EQ(info.repeats, 1U);
  EXPECT_EQ(made({"--bin", "--swapped"}).byte_swapped, true);
  EXPECT_EQ(made({"--encrypted"}).encrypted, true);
}

TEST_F(FakeBitstreamProgram, RefusesNonsense) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"--idcode", "xyz"},
                                                                     {"--idcode", "104A490930"},
                                                                     {"--at", "100"},
                                                                     {"--at", "100:0"},
                                                                     {"--at", "g:1"},
                                                                     {"--at", "100:100001"},
                                                                     {"--frames", "0"},
                                                                     {"--repeat", ""}}) {
    made(arguments);
    EXPECT_NE(status_, 0) << arguments.back();
  }
}

}  // namespace
}  // namespace runx::fake
