// SPDX-License-Identifier: Apache-2.0
#include "plan/image.h"

#include <filesystem>

#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sha256.h"
#include "tests/fake/bitstream.h"
#include "tests/fake/containers.h"
#include "tests/fake/fake_board.h"

namespace runx::plan {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class ImageTest : public testing::Test {
 protected:
  base::Result<annotations::AcceleratorRequest> request(const annotations::Annotations& run_time = {}) {
    return read_request(rootfs(), run_time);
  }
  // As a board reads them that could take all that the image asks for.
  base::Result<Bitstreams> bitstreams(const ImageLimits& limits = {}) {
    const auto asked = request().value();
    HostFacts host;
    host.board = parse_board(fake::fake_board_json(), "board.json").value();
    ImageBudget budget(limits);
    return read_bitstreams(rootfs(), asked, files_worth_reading(asked, host), budget);
  }
  base::Rootfs rootfs() { return std::move(*base::Rootfs::open(board_, "/bundle/rootfs")); }
  void metadata(const std::string& text) { board_.file("/bundle/rootfs/.runx-accel.json", text); }
  void link(const std::string& target, const std::string& name) {
    fs::remove(board_.real("/bundle/rootfs" + name));
    fs::create_symlink(target, board_.real("/bundle/rootfs" + name));
  }
  fake::FakeBoard board_;
};

TEST_F(ImageTest, ReadsTheMetadataFile) {
  const auto asked = request();
  ASSERT_TRUE(asked) << asked.error().what;
  EXPECT_EQ(asked->bitstreams.at(0).file, "/boot/aes.bit");
  EXPECT_EQ(asked->devices.at(0).path, fake::fake_timer);
}

TEST_F(ImageTest, WhatTheOperatorSaysWins) {
  const auto asked = request({{"io.runx-accel.fpga.aes.region", "pr1"}, {"x", "y"}});
  ASSERT_TRUE(asked) << asked.error().what;
  EXPECT_EQ(asked->bitstreams.at(0).region, "pr1");
  EXPECT_EQ(asked->bitstreams.at(0).file, "/boot/aes.bit");
}

TEST_F(ImageTest, NoMetadataFileAsksForNothing) {
  fs::remove(board_.real("/bundle/rootfs/.runx-accel.json"));
  EXPECT_EQ(request().value(), annotations::AcceleratorRequest{});
}

TEST_F(ImageTest, AllComplaintsAreOneSentence) {
  metadata(R"({"io.runx-accel.domain.memory": "64X", "io.runx-accel.domain.vcpus": "0", "io.runx-accel.domain.x": 5})");
  const auto asked = request();
  ASSERT_FALSE(asked);
  for (const char* part : {"domain.memory", "domain.vcpus", "/.runx-accel.json", "; "}) {
    EXPECT_THAT(asked.error().what, HasSubstr(part));
  }
  EXPECT_EQ(asked.error().what.find('\n'), std::string::npos);
}

TEST_F(ImageTest, TheMetadataFileIsLookedForInsideTheImageOnly) {
  // A file of the host that would be honoured if it were read.
  const std::string host_file = board_.real("/secret.json");
  board_.file("/secret.json", R"({"io.runx-accel.domain.memory": "512MiB"})");
  link(host_file, "/.runx-accel.json");
  EXPECT_EQ(request().value(), annotations::AcceleratorRequest{});
  link("../../../../../../../../../.." + host_file, "/.runx-accel.json");
  EXPECT_EQ(request().value(), annotations::AcceleratorRequest{});
  link("/proc/self/root" + host_file, "/.runx-accel.json");
  EXPECT_EQ(request().value(), annotations::AcceleratorRequest{});
  // Inside, links are links.
  board_.file("/bundle/rootfs/etc/asks.json", R"({"io.runx-accel.domain.memory": "512MiB"})");
  link("/etc/asks.json", "/.runx-accel.json");
  EXPECT_EQ(request().value().domain.memory, std::uint64_t{512} << 20);
}

TEST_F(ImageTest, OnlyARegularFileIsMetadata) {
  fs::remove(board_.real("/bundle/rootfs/.runx-accel.json"));
  fs::create_directory(board_.real("/bundle/rootfs/.runx-accel.json"));
  EXPECT_FALSE(request());
  fs::remove(board_.real("/bundle/rootfs/.runx-accel.json"));
  ASSERT_EQ(::mkfifo(board_.real("/bundle/rootfs/.runx-accel.json").c_str(), 0600), 0);
  EXPECT_FALSE(request());  // and it does not wait for a writer
}

TEST_F(ImageTest, AMetadataFileThatIsTooLongIsRefused) {
  metadata("{\"a\": \"" + std::string(2'000'000, 'x') + "\"}");
  EXPECT_THAT(request().error().what, HasSubstr("larger than"));
}

TEST_F(ImageTest, TheLargestMetadataFileIsRead) {
  const std::string begin = "{\"io.runx-accel.domain.vcpus\": \"2\"";
  metadata(begin + std::string(annotations::largest_metadata - begin.size() - 1, ' ') + "}");
  const auto asked = request();
  ASSERT_TRUE(asked) << asked.error().what;
  EXPECT_EQ(asked->domain.vcpus, 2U);
  metadata(begin + std::string(annotations::largest_metadata - begin.size(), ' ') + "}");
  EXPECT_FALSE(request());
}

TEST_F(ImageTest, AnImageDoesNotMakeTheOperatorsDeviceOptional) {
  metadata(R"({"io.runx-accel.device.timer.required": "no", "io.runx-accel.device.timer.path": "/axi/other"})");
  const auto asked = request({{"io.runx-accel.device.timer.path", fake::fake_timer}});
  ASSERT_TRUE(asked) << asked.error().what;
  EXPECT_EQ(asked->devices.at(0), (annotations::DeviceRequest{"timer", fake::fake_timer}));
}

TEST_F(ImageTest, AnImageMayNotSetTheRuntimesParameters) {
  metadata(R"({"io.runx-accel.domain.cmdline": "isolcpus=1 rdinit=/bin/sh"})");
  EXPECT_THAT(request().error().what, HasSubstr("sets rdinit, which is the runtime's: remove the parameter"));
  EXPECT_THAT(request({{"io.runx-accel.domain.cmdline", "isolcpus=1"}}).error().what, HasSubstr("sets rdinit"));
}

TEST_F(ImageTest, ABitstreamIsReadOnceAndHashedTwice) {
  const auto read = bitstreams();
  ASSERT_TRUE(read) << read.error().what;
  const auto& facts = read->facts.at("/boot/aes.bit");
  EXPECT_EQ(facts.digest, base::sha256_digest(base::bytes_of(fake::fake_bit())));
  EXPECT_EQ(facts.size, fake::fake_bit().size());
  EXPECT_EQ(facts.payload_digest, base::sha256_digest(base::bytes_of(fake::make_stream({}))));
  EXPECT_EQ(facts.info.idcode, 0x04A49093U);
}

TEST_F(ImageTest, ASignatureIsAFileBesideIt) {
  const auto signature = [&] { return bitstreams().value().facts.at("/boot/aes.bit").signature; };
  EXPECT_EQ(signature(), std::nullopt);
  board_.file("/bundle/rootfs/boot/aes.bit.sig", "signature");
  EXPECT_EQ(signature(), "signature");
  board_.file("/bundle/rootfs/boot/aes.bit.sig", std::string(20'000, 'x'));
  EXPECT_EQ(signature(), std::nullopt);
  board_.file("/secret.sig", "of the host");
  link(board_.real("/secret.sig"), "/boot/aes.bit.sig");
  EXPECT_EQ(signature(), std::nullopt);
}

TEST_F(ImageTest, ABitstreamOfTheHostIsNotRead) {
  board_.file("/secret.bit", fake::fake_bit());
  link(board_.real("/secret.bit"), "/boot/aes.bit");
  EXPECT_THAT(bitstreams().error().what, HasSubstr("fpga.aes: cannot open"));
}

TEST_F(ImageTest, WhatIsNoBitstreamIsNamed) {
  board_.file("/bundle/rootfs/boot/aes.bit", "#!/bin/sh\n");
  EXPECT_THAT(bitstreams().error().what, HasSubstr("fpga.aes: /boot/aes.bit"));
}

TEST_F(ImageTest, OfAnXclbinTheManagersPartAndTheWholeFileAreRead) {
  const auto whole = fake::make_xclbin({{.kind = 0, .content = fake::make_bitstream()}});
  board_.file("/bundle/rootfs/boot/aes.bit", whole);
  const auto read = bitstreams();
  ASSERT_TRUE(read) << read.error().what;
  const auto& facts = read->facts.at("/boot/aes.bit");
  EXPECT_EQ(facts.info.format, bitstream::Format::xclbin);
  EXPECT_TRUE(facts.info.has_stream);
  EXPECT_EQ(facts.payload_digest, base::sha256_digest(base::bytes_of(fake::make_stream({}))));
  EXPECT_EQ(facts.digest, base::sha256_digest(base::bytes_of(whole)));
}

TEST_F(ImageTest, NamesOfOneFileAreOneFile) {
  fs::create_hard_link(board_.real("/bundle/rootfs/boot/aes.bit"), board_.real("/bundle/rootfs/boot/again.bit"));
  metadata(R"({"io.runx-accel.fpga.aes.bitstream.pr0": "/boot/aes.bit",
               "io.runx-accel.fpga.aes.bitstream.pr1": "/boot/again.bit"})");
  board_.file("/bundle/rootfs/boot/again.bit.sig", "signature");
  // Enough for one.
  const auto read = bitstreams({.bytes = fake::fake_bit().size() + 100});
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->files.at("/boot/aes.bit"), read->files.at("/boot/again.bit"));
  EXPECT_EQ(read->facts.at("/boot/aes.bit").digest, read->facts.at("/boot/again.bit").digest);
  EXPECT_EQ(read->facts.at("/boot/aes.bit").signature, std::nullopt);
  EXPECT_EQ(read->facts.at("/boot/again.bit").signature, "signature");
}

TEST_F(ImageTest, WhatAnImageMayMakeUsReadIsLimited) {
  const auto size = fake::fake_bit().size();
  EXPECT_TRUE(bitstreams({.bytes = size}));
  EXPECT_EQ(bitstreams({.bytes = size - 1}).error().what,
            base::text("fpga.aes: bitstream /boot/aes.bit takes the image beyond the ", size - 1,
                       " bytes that create reads of one: use a smaller one, or raise image.maxBytes in "
                       "/etc/runx-accel/board.json"));
  // The file, and the one run of frames that it writes.
  EXPECT_TRUE(bitstreams({.entries = 2}));
  EXPECT_THAT(bitstreams({.entries = 1}).error().what, HasSubstr("raise image.maxEntries"));
  // A sparse file costs nothing to make.
  fs::resize_file(board_.real("/bundle/rootfs/boot/aes.bit"), (std::uint64_t{256} << 20) + 1);
  EXPECT_THAT(bitstreams().error().what, HasSubstr("is larger than 268435456 bytes"));
}

TEST_F(ImageTest, OnlyWhatIsWorthItIsRead) {
  metadata(R"({"io.runx-accel.fpga.aes.bitstream.pr0": "/boot/aes.bit",
               "io.runx-accel.fpga.aes.bitstream.pr9": "/boot/of-another-board.bit"})");
  const auto read = bitstreams();
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->facts.size(), 1U);
}

}  // namespace
}  // namespace runx::plan
