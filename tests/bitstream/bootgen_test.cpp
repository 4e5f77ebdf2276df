// SPDX-License-Identifier: Apache-2.0
// Boot images and PDIs that the vendor's own tool wrote (Debian's xilinx-bootgen), where it is installed.
#include <algorithm>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/command.h"
#include "bitstream/bitstream.h"
#include "tests/base/scratch.h"
#include "tests/fake/bitstream.h"

namespace runx::bitstream {
namespace {

using testing::ElementsAre;

// An AArch64 program of one segment: a jump to itself.
std::string tiny_elf() {
  std::string out(
      "\x7F"
      "ELF\2\1\1",
      7);
  const auto put = [&](std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xFF);
  };
  out.resize(16);
  put(2, 2), put(183, 2), put(1, 4), put(0xFFFC0000, 8), put(64, 8), put(0, 8), put(0, 4);
  put(64, 2), put(56, 2), put(1, 2), put(64, 2), put(0, 2), put(0, 2);
  put(1, 4), put(5, 4), put(120, 8), put(0xFFFC0000, 8), put(0xFFFC0000, 8), put(64, 8), put(64, 8), put(8, 8);
  for (int i = 0; i < 16; ++i) put(0x14000000, 4);
  return out;
}

constexpr const char* bootgen = "/usr/bin/bootgen";

class Bootgen : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(bootgen)) GTEST_SKIP() << "bootgen is not here: install xilinx-bootgen";
    folder_.file("fsbl.elf", tiny_elf());
    folder_.file("a.bit", fake::make_bitstream());
    folder_.file("a.cdo", "version 2.0\nwrite 0xf1110000 0x1\n");
  }

  // Runs bootgen on `bif`, where @ is the folder, and reads what it wrote.
  void make(const std::string& arch, std::string bif) {
    for (auto at = bif.find('@'); at != std::string::npos; at = bif.find('@', at)) bif.replace(at, 1, folder_.path());
    folder_.file("a.bif", bif);
    const auto run = base::run_command(
        {.argv = {bootgen, "-arch", arch, "-image", folder_.at("a.bif"), "-p",
                  arch == "zynqmp" ? "xczu9eg" : "xcvc1902", "-w", "on", "-o", folder_.at("out.bin")}});
    ASSERT_TRUE(run) << run.error().what;
    ASSERT_EQ(run->status, 0) << run->output << run->errors;
    file_ = folder_.content("out.bin");
    const auto info = read_bitstream(base::bytes_of(file_), "out.bin");
    ASSERT_TRUE(info) << info.error().what;
    info_ = *info;
  }

  void make_keys() {
    folder_.file("keys.bif", "all: { [pskfile] " + folder_.at("p.pem") + "\n[sskfile] " + folder_.at("s.pem") + " }");
    const auto run = base::run_command(
        {.argv = {bootgen, "-arch", "zynqmp", "-image", folder_.at("keys.bif"), "-generate_keys", "pem"}});
    ASSERT_TRUE(run && run->status == 0);
  }

  std::vector<std::string> kinds() const {
    std::vector<std::string> out;
    for (const auto& part : info_.parts) out.push_back(part.name + ": " + part.kind);
    return out;
  }

  base::test::Scratch folder_;
  std::string file_;
  BitstreamInfo info_;
};

TEST_F(Bootgen, MakesABootImage) {
  make("zynqmp",
       "all: { [bootloader, destination_cpu=a53-0] @/fsbl.elf\n[destination_device=pl] @/a.bit\n"
       "[destination_cpu=r5-0] @/fsbl.elf }");
  EXPECT_EQ(info_.format, Format::boot);
  EXPECT_THAT(kinds(), ElementsAre("fsbl.elf: program for a53-0", "a.bit: bitstream", "fsbl.elf: program for r5-0"));
  EXPECT_EQ(info_.idcode, 0x04A49093U);
  EXPECT_EQ(info_.frames, 4U);
  EXPECT_TRUE(info_.byte_swapped);
  EXPECT_FALSE(info_.encrypted || info_.authenticated);
  auto stream = file_.substr(info_.payload_offset, info_.payload_length);
  for (std::size_t at = 0; at + 4 <= stream.size(); at += 4) std::reverse(&stream[at], &stream[at] + 4);
  EXPECT_TRUE(stream.starts_with(fake::make_stream({})));
}

TEST_F(Bootgen, SignsAndEncryptsABootImage) {
  make_keys();
  make("zynqmp",
       "all: { [pskfile] @/p.pem\n[sskfile] @/s.pem\n[bootloader, destination_cpu=a53-0, authentication=rsa] "
       "@/fsbl.elf\n[destination_device=pl, authentication=rsa] @/a.bit }");
  EXPECT_TRUE(info_.authenticated);
  EXPECT_TRUE(info_.has_stream) << "a signature hides nothing";
  EXPECT_EQ(info_.frames, 4U);
  make("zynqmp",
       "all: { [keysrc_encryption] bbram_red_key\n[bootloader, destination_cpu=a53-0, encryption=aes, "
       "aeskeyfile=@/k0.nky] @/fsbl.elf\n[destination_device=pl, encryption=aes, aeskeyfile=@/k1.nky] @/a.bit }");
  EXPECT_TRUE(info_.encrypted);
  EXPECT_FALSE(info_.has_stream);
  EXPECT_TRUE(info_.parts[1].encrypted);
}

TEST_F(Bootgen, MakesABin) {
  const auto bif = folder_.at("b.bif");
  folder_.file("b.bif", "all: { " + folder_.at("a.bit") + " }");
  const auto run =
      base::run_command({.argv = {bootgen, "-arch", "zynqmp", "-image", bif, "-process_bitstream", "bin", "-w", "on"}});
  ASSERT_TRUE(run && run->status == 0);
  const auto file = folder_.content("a.bit.bin");
  const auto info = read_bitstream(base::bytes_of(file), "a.bit.bin");
  ASSERT_TRUE(info) << info.error().what;
  EXPECT_EQ(info->format, Format::bin);
  EXPECT_TRUE(info->byte_swapped);
  EXPECT_EQ(info->frames, 4U);
}

const std::string partial_head = "id_code = 0x14ca8093\nextended_id_code = 0x01\nid = 0x3\nparent_id = 0x2\n";

TEST_F(Bootgen, MakesAPdi) {
  make("versal",
       "all: { id_code = 0x14ca8093\nextended_id_code = 0x01\nid = 0x2\n"
       "image { name = pmc_subsys, id = 0x1c000001\n partition { id = 0x01, type = bootloader, file = @/fsbl.elf } }\n"
       "image { name = pl_cfi, id = 0x18700000\n partition { id = 0x03, type = cdo, file = @/a.cdo } } }");
  EXPECT_EQ(info_.format, Format::pdi);
  EXPECT_EQ(info_.partial, false);
  EXPECT_EQ(info_.idcode, 0x04CA8093U);
  EXPECT_EQ(info_.id, 2U);
  EXPECT_THAT(kinds(), ElementsAre("pmc_subsys: elf", "pl_cfi: cdo"));
  EXPECT_EQ(info_.parts[1].id, 0x18700000U);

  make("versal",
       "all: { " + partial_head +
           "image { name = pl_rp0, id = 0x18700001\n partition { id = 0x0103, type = cdo, file = @/a.cdo } } }");
  EXPECT_EQ(info_.partial, true);
  EXPECT_EQ(info_.parent_id, 2U);
  EXPECT_THAT(kinds(), ElementsAre("pl_rp0: cdo"));
  EXPECT_FALSE(info_.encrypted || info_.authenticated);
}

TEST_F(Bootgen, SignsAndEncryptsAPdi) {
  make_keys();
  const std::string keys = "[pskfile] @/p.pem\n[sskfile] @/s.pem\n";
  const std::string image =
      "image { name = pl_rp0, id = 0x18700001\n partition { id = 0x0103, type = cdo, file = @/a.cdo";
  const std::string secret = ", encryption=aes, keysrc=bbram_red_key, aeskeyfile=@/c.nky";
  make("versal", "all: { " + keys + partial_head + image + ", authentication=rsa } } }");
  EXPECT_TRUE(info_.authenticated);
  EXPECT_FALSE(info_.encrypted);
  make("versal", "all: { " + partial_head + image + secret + " } } }");
  EXPECT_TRUE(info_.encrypted);
  EXPECT_TRUE(info_.parts.at(0).encrypted);
  make("versal", "all: { " + keys +
                     "metaheader { authentication=rsa, encryption=aes, keysrc=bbram_red_key, aeskeyfile=@/m.nky }\n" +
                     partial_head + image + secret + ", authentication=rsa } } }");
  EXPECT_TRUE(info_.encrypted && info_.authenticated);
  EXPECT_TRUE(info_.parts.empty()) << "the meta header is cipher text";
  EXPECT_EQ(info_.idcode, 0x04CA8093U);
}

}  // namespace
}  // namespace runx::bitstream
