// SPDX-License-Identifier: Apache-2.0
// accelkit fpga learn, and what a board then takes.
#include <filesystem>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "tests/fake/bitstream.h"
#include "tests/tools/accelkit.h"

namespace runx::tools {
namespace {

using base::test::Scratch;
using test::accelkit;
using ::testing::HasSubstr;

constexpr const char* board_text = R"({
  "schema": 1,
  "name": "test",
  "regions": [
    { "name": "pr1", "manager": "m", "idcodes": ["04A49093"], "frames": ["0x00100000+9"] },
    { "name": "pr0", "manager": "m", "idcodes": ["04A49093"] }
  ],
  "bootTree": "/boot/xen.dtb"
})";

class Learn : public ::testing::Test {
 protected:
  Learn() { folder_.file("board.json", board_text); }

  std::string bitstream(const std::string& name, const fake::BitstreamOptions& options) {
    folder_.file(name, fake::make_bitstream(options));
    return folder_.at(name);
  }
  base::Outcome learn(const std::vector<std::string>& more) const {
    std::vector<std::string> words{"fpga", "learn", "--board", folder_.at("board.json")};
    words.insert(words.end(), more.begin(), more.end());
    return accelkit(std::move(words));
  }
  nlohmann::json frames(const std::string& region, const std::string& file = "board.json") const {
    const auto board = base::parse_json(folder_.content(file), file).value();
    for (const auto& entry : board.at("regions")) {
      if (entry.at("name") == region) return entry.value("frames", nlohmann::json());
    }
    return nullptr;
  }
  void expect_refused(const std::vector<std::string>& words, const std::string& part) const {
    const auto done = learn(words);
    EXPECT_EQ(done.status, 1);
    EXPECT_EQ(done.output, "");
    EXPECT_THAT(done.errors, HasSubstr(part));
    EXPECT_EQ(folder_.content("board.json"), board_text);
  }

  Scratch folder_;
};

TEST_F(Learn, WritesWhatTheTrustedFileWrites) {
  const auto done = learn({"pr0", bitstream("a.bit", {.writes = {{0x00002500, 4}, {0x00000400, 2}}})});
  EXPECT_EQ(done.status, 0) << done.errors;
  EXPECT_EQ(done.output, "region pr0 has 2 runs of 6 frames in all, 2 of them new\n");
  EXPECT_EQ(frames("pr0"), nlohmann::json({"0x00000400+2", "0x00002500+4"}));
  EXPECT_EQ(frames("pr1"), nlohmann::json({"0x00100000+9"}));
}

TEST_F(Learn, KeepsTheOrderOfTheOwnersFile) {
  ASSERT_EQ(learn({"pr0", bitstream("a.bit", {})}).status, 0);
  const auto text = folder_.content("board.json");
  EXPECT_LT(text.find("\"pr1\""), text.find("\"pr0\""));
  EXPECT_LT(text.find("\"regions\""), text.find("\"bootTree\""));
}

TEST_F(Learn, AddsToWhatIsThereOrReplacesIt) {
  ASSERT_EQ(learn({"pr0", bitstream("a.bit", {.writes = {{0x00000400, 2}}})}).status, 0);
  const auto b = bitstream("b.bit", {.writes = {{0x00000400, 3}, {0x00000500, 2}}});
  const auto done = learn({"--json", "pr0", b});
  EXPECT_EQ(base::parse_json(done.output, "").value(),
            (nlohmann::json{{"region", "pr0"}, {"runs", 2}, {"new", 1}, {"frames", 5}}));
  EXPECT_EQ(frames("pr0"), nlohmann::json({"0x00000400+3", "0x00000500+2"}));
  const auto c = bitstream("c.bit", {.writes = {{0x00000600, 2}}});
  ASSERT_EQ(learn({"pr0", c, "--replace", "-o", folder_.at("new.json")}).status, 0);
  EXPECT_EQ(frames("pr0", "new.json"), nlohmann::json({"0x00000600+2"}));
  EXPECT_EQ(frames("pr0").size(), 2U);
}

TEST_F(Learn, RefusesWhatNothingCanBeLearnedFrom) {
  expect_refused({"pr0", bitstream("e.bit", {.encrypted = true})}, "it is encrypted");
  expect_refused({"pr0", bitstream("f.bit", {.partial = false})}, "it is a full bitstream");
  expect_refused({"pr0", bitstream("p.bit", {.idcode = 0x04738093})}, "IDCODE 0x04738093, which region pr0 does not");
  expect_refused({"pr0", bitstream("n.bit", {.writes = {}})}, "it writes no frame");
  expect_refused({"pr0", bitstream("h.bin", {.header = false})}, "it does not say whether it is partial");
  folder_.file("no.bit", "no bitstream");
  expect_refused({"pr0", bitstream("a.bit", {}), folder_.at("no.bit")}, "no.bit");
  expect_refused({"pr7", folder_.at("a.bit")}, "has no region pr7 (it has pr1, pr0)");
}

// A part whose frames have another length, which only the owner's table knows.
TEST_F(Learn, ReadsTheOwnersTableOfParts) {
  const auto file = bitstream("a.bit", {});
  folder_.file("parts.json", R"({"schema": 1, "parts": [{"idcode": "04A49093", "name": "xcnew", "frameWords": 101}]})");
  expect_refused({"pr0", file, "--parts", folder_.at("parts.json")}, "101");
  expect_refused({"pr0", file, "--parts", folder_.at("none.json")}, "none.json: No such file");
  EXPECT_EQ(learn({"pr0", file}).status, 0);
}

TEST_F(Learn, TakesTheOwnersWordForAFileWithoutAHeader) {
  EXPECT_EQ(learn({"--partial", "pr0", bitstream("h.bin", {.header = false})}).status, 0);
  EXPECT_EQ(frames("pr0").size(), 1U);
}

TEST_F(Learn, RefusesAFileThatWasBuiltForAnotherRegion) {
  expect_refused({"pr0", bitstream("x.bit", {.writes = {{0x00100000, 2}}})},
                 "in a column of region pr1: one of the two regions learned from");
}

// The whole way, with real files.
TEST_F(Learn, OfTheK26sSlots) {
  const auto real = [](const char* name) { return std::string(RUNX_REAL_BITSTREAMS) + "/" + name; };
  if (!std::filesystem::exists(real("aes128-slot0.bit"))) GTEST_SKIP() << "the real bitstreams are not here";
  ASSERT_EQ(learn({"pr0", real("aes128-slot0.bit")}).status, 0);
  folder_.file("xen.dtb", test::compile("/dts-v1/; / { compatible = \"x\"; };"));
  const auto plan = [&](const char* name) {
    std::filesystem::create_directories(folder_.at("rootfs"));
    std::filesystem::copy_file(real(name), folder_.at("rootfs/a.bit"),
                               std::filesystem::copy_options::overwrite_existing);
    folder_.file("rootfs/.runx-accel.json",
                 R"({"io.runx-accel.fpga.a.bitstream": "/a.bit", "io.runx-accel.fpga.a.region": "pr0"})");
    return accelkit(
        {"image", "plan", folder_.at("rootfs"), "--board", folder_.at("board.json"), "--dtb", folder_.at("xen.dtb")});
  };
  EXPECT_EQ(plan("aes128-slot0.bit").status, 0);
  EXPECT_EQ(plan("fft-slot0.bit").status, 0);
  const auto refused = plan("aes128-slot1.bit");
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.errors, HasSubstr("writes outside region pr0: the first such frame is block 0, row 2, column 32, "
                                        "minor 0 (0x00082000)"));
  EXPECT_EQ(learn({"pr1", real("aes128-slot1.bit")}).status, 0) << "the slots are apart";
}

}  // namespace
}  // namespace runx::tools
