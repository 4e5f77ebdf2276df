// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "base/sha256.h"
#include "tests/fake/bitstream.h"
#include "tests/fake/containers.h"
#include "tests/tools/accelkit.h"

namespace runx::tools {
namespace {

using base::test::Scratch;
using test::accelkit;
using test::expect_failure;
using ::testing::HasSubstr;

TEST(Inspect, TellsPeopleWhatABitstreamIs) {
  Scratch folder;
  const auto bytes = fake::make_bitstream({.design = "aes128", .writes = {{0x00002500, 5}}});
  folder.file("a.bit", bytes);
  const auto done = accelkit({"inspect", folder.at("a.bit")});
  ASSERT_EQ(done.status, 0) << done.errors;
  EXPECT_EQ(done.errors, "");
  EXPECT_TRUE(done.output.starts_with(folder.at("a.bit") + "\n")) << done.output;
  for (const auto& text : {std::string("design    aes128"), std::string("part      xck26-sfvc784-2LV-c"),
                           std::string("idcode    0x04a49093"), std::string("kind      partial"),
                           "sha256    " + base::sha256_hex(base::bytes_of(bytes)), std::string("the manager gets ")}) {
    EXPECT_THAT(done.output, HasSubstr(text));
  }
  const auto frames = accelkit({"inspect", "--frames", folder.at("a.bit")});
  EXPECT_TRUE(frames.output.starts_with(done.output));
  EXPECT_GT(frames.output.size(), done.output.size());
}

TEST(Inspect, TellsMachinesTheSameAsJson) {
  Scratch folder;
  const auto bytes = fake::make_bitstream({.idcode = 0x04724093, .part = "xczu9eg", .partial = false});
  folder.file("full.bit", bytes);
  const auto done = accelkit({"inspect", "--json", folder.at("full.bit")});
  ASSERT_EQ(done.status, 0) << done.errors;
  const auto told = nlohmann::json::parse(done.output);
  EXPECT_EQ(told["format"], "bit");
  EXPECT_EQ(told["part"], "xczu9eg");
  EXPECT_EQ(told["idcode"], "0x04724093");
  EXPECT_EQ(told["partial"], false);
  EXPECT_EQ(told["encrypted"], false);
  EXPECT_EQ(told["sha256"], base::sha256_hex(base::bytes_of(bytes)));
  EXPECT_EQ(told["payload"]["offset"].get<std::size_t>() + told["payload"]["length"].get<std::size_t>(), bytes.size());
  EXPECT_FALSE(told.contains("runs"));
  EXPECT_TRUE(nlohmann::json::parse(accelkit({"inspect", "--json", "--frames", folder.at("full.bit")}).output)["runs"]
                  .is_array());
}

// sha256sum of what fpga_manager gets must be findable from the output: the .bin is exactly that, in file order.
TEST(Inspect, ABinHasNoHeaderToTell) {
  Scratch folder;
  folder.file("a.bin", fake::make_bitstream({.header = false}));
  const auto told = nlohmann::json::parse(accelkit({"inspect", "--json", folder.at("a.bin")}).output);
  EXPECT_EQ(told["format"], "bin");
  EXPECT_EQ(told["part"], "xck26") << "by its IDCODE";
  EXPECT_TRUE(told["partial"].is_null());
  EXPECT_EQ(told["payload"]["offset"], 0);
}

TEST(Inspect, OpensContainers) {
  Scratch folder;
  const auto stream = fake::make_bitstream({.header = false, .byte_swapped = true});
  const auto image = fake::make_boot_image({{"a.bit", stream}});
  folder.file("BOOT.BIN", image);
  const auto told = nlohmann::json::parse(accelkit({"inspect", "--json", folder.at("BOOT.BIN")}).output);
  EXPECT_EQ(told["format"], "boot");
  EXPECT_EQ(told["parts"].size(), 1U);
  EXPECT_EQ(image.substr(told["payload"]["offset"], told["payload"]["length"]), stream);
  const auto text = accelkit({"inspect", folder.at("BOOT.BIN")}).output;
  EXPECT_THAT(text, HasSubstr("bitstream  a.bit"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("the manager gets"))) << "it programs no container";
}

TEST(Inspect, TakesMoreParts) {
  Scratch folder;
  folder.file("a.bin", fake::make_bitstream({.idcode = 0x0AB12093, .header = false}));
  folder.file("parts.json", R"({"schema": 1, "parts": [{"idcode": "0AB12093", "name": "xcnew"}]})");
  const std::vector<std::string> command = {"inspect", "--json", folder.at("a.bin"), "--parts",
                                            folder.at("parts.json")};
  EXPECT_EQ(nlohmann::json::parse(accelkit(command).output)["device"], "xcnew");
  EXPECT_TRUE(nlohmann::json::parse(accelkit({"inspect", "--json", folder.at("a.bin")}).output)["device"].is_null());
  folder.file("parts.json", "{}");
  expect_failure(command, folder.at("parts.json") + " has no \"schema\": 1");
}

// The padding of the manager's DMA counts in its digest.
TEST(Inspect, TellsTheDigestOfWhatTheManagerGets) {
  Scratch folder;
  const auto bytes = fake::make_bitstream();
  folder.file("a.bit", bytes);
  const auto stream = fake::make_stream({});
  EXPECT_THAT(accelkit({"inspect", folder.at("a.bit")}).output,
              HasSubstr("the manager gets " + std::to_string(stream.size()) + " bytes, sha256 " +
                        base::sha256_hex(base::bytes_of(stream)) + "\n"));
}

TEST(Inspect, RefusesWhatItCannotReadInOneSentence) {
  Scratch folder;
  expect_failure({"inspect", folder.at("no.bit")},
                 "cannot open " + folder.at("no.bit") + ": No such file or directory");
  expect_failure({"inspect", folder.path()}, folder.path() + " is not a regular file");
  folder.file("text", "this is no bitstream at all");
  const auto done = accelkit({"inspect", folder.at("text")});
  EXPECT_EQ(done.status, 1);
  EXPECT_EQ(done.output, "");
  EXPECT_TRUE(done.errors.starts_with("accelkit: " + folder.at("text"))) << done.errors;
  EXPECT_EQ(std::count(done.errors.begin(), done.errors.end(), '\n'), 1) << done.errors;
  folder.file("empty", "");
  EXPECT_EQ(accelkit({"inspect", folder.at("empty")}).status, 1);
  const auto bytes = fake::make_bitstream();
  folder.file("cut.bit", bytes.substr(0, bytes.size() / 2));
  EXPECT_EQ(accelkit({"inspect", folder.at("cut.bit")}).status, 1);
}

}  // namespace
}  // namespace runx::tools
