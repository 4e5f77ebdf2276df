// SPDX-License-Identifier: Apache-2.0
// Every complaint word for word, alone and all together, and what hostile keys and values make of them.
#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "annotations/request.h"

namespace runx::annotations {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

const std::string p(prefix);

std::vector<std::string> sentences(const Annotations& annotations) {
  std::vector<std::string> out;
  for (const auto& complaint : parse(annotations).complaints) out.push_back(sentence(complaint));
  return out;
}

struct Case {
  const char* key;
  const char* value;
  const char* sentence;  // after the prefix
};

const Case cases[] = {
    {"schema", "2", "schema = \"2\": a schema that this version does not know: write 1, or use a newer runx-accel"},
    {"domain.memory", "64M",
     "domain.memory = \"64M\": not a size: write a number and a unit, MiB or GiB, like 128MiB (at most 1024GiB)"},
    {"domain.vcpus", "129", "domain.vcpus = \"129\": not a number of virtual CPUs: write a number from 1 to 128"},
    {"fpga.a.bitstream", "../a.bit",
     "fpga.a.bitstream = \"../a.bit\": not a path inside the image: write an absolute path without \".\" and \"..\", "
     "like /boot/aes.bit"},
    {"fpga.a.bitstream", "",
     "fpga.a.bitstream: not a path inside the image: write an absolute path without \".\" and \"..\", like "
     "/boot/aes.bit"},
    {"device.t.path", "axi/timer",
     "device.t.path = \"axi/timer\": not the path of a device tree node: write it from the root, like "
     "/axi/timer@ff110000"},
    {"device.Timer.path", "/axi/t",
     "device.Timer.path = \"/axi/t\": the name in the key is not [a-z0-9-]{1,32} without a dash at either end: rename "
     "it"},
    {"device.a.b.path", "/axi/t",
     "device.a.b.path = \"/axi/t\": the name in the key is not [a-z0-9-]{1,32} without a dash at either end: rename "
     "it"},
    {"domain.memroy", "64MiB",
     "domain.memroy = \"64MiB\": not a key of schema 1: did you mean io.runx-accel.domain.memory?"},
    {"domain..memory", "64MiB",
     "domain..memory = \"64MiB\": not a key of schema 1: did you mean io.runx-accel.domain.memory?"},
    {"fpga.aes.bitsream", "/a",
     "fpga.aes.bitsream = \"/a\": not a key of schema 1: did you mean io.runx-accel.fpga.aes.bitstream?"},
    {"device.t.pth", "/a", "device.t.pth = \"/a\": not a key of schema 1: did you mean io.runx-accel.device.t.path?"},
    {"network", "x", "network = \"x\": not a key of schema 1: remove it, or see spec/annotations.md for the keys"},
    {"", "x", " = \"x\": not a key of schema 1: remove it, or see spec/annotations.md for the keys"},
    {"domain.memory.max", "1GiB",
     "domain.memory.max = \"1GiB\": not a key of schema 1: did you mean io.runx-accel.domain.memory?"},
};

TEST(Complaint, EachInItsWords) {
  for (const auto& c : cases) {
    EXPECT_THAT(sentences({{p + c.key, c.value}}), ElementsAre(p + c.sentence)) << c.key;
  }
}

TEST(Complaint, OfDigestAndRegion) {
  EXPECT_THAT(sentences({{p + "fpga.a.bitstream", "/a"}, {p + "fpga.a.digest", "sha256:12"}}),
              ElementsAre(p + "fpga.a.digest = \"sha256:12\": not a digest: write sha256: and the 64 lower-case digits "
                              "that sha256sum prints for the file"));
  EXPECT_THAT(
      sentences({{p + "fpga.a.bitstream", "/a"}, {p + "fpga.a.region", "PR 0"}}),
      ElementsAre(
          p +
          "fpga.a.region = \"PR 0\": not a region's name: write [a-z0-9-]{1,32} without a dash at either end, or any"));
}

TEST(Complaint, OfWhatIsMissing) {
  EXPECT_THAT(sentences({{p + "fpga.a.region", "pr0"}}),
              ElementsAre(p + "fpga.a.bitstream: missing: name the bitstream's file in the image"));
}

TEST(Complaint, OfTwoWhoWantTheSame) {
  EXPECT_THAT(sentences({{p + "fpga.a.bitstream", "/a"},
                         {p + "fpga.a.region", "pr0"},
                         {p + "fpga.b.bitstream", "/b"},
                         {p + "fpga.b.region", "pr0"}}),
              ElementsAre(p + "fpga.b.region = \"pr0\": the region that fpga.a asks for too: ask for another region"));
  EXPECT_THAT(sentences({{p + "device.a.path", "/axi/t"}, {p + "device.b.path", "/axi/t"}}),
              ElementsAre(p + "device.b.path = \"/axi/t\": the node that device.a asks for too: remove one of them"));
}

TEST(Complaint, AllAtOnceAndTheGoodKeysAreRead) {
  const Annotations bad{{p + "schema", "9"},           {p + "domain.memory", "1"}, {p + "domain.vcpus", "0"},
                        {p + "fpga.a.bitstream", "a"}, {p + "fpga.a.digest", "x"}, {p + "fpga.a.region", "A"},
                        {p + "fpga.b.digest", "x"},    {p + "device.t.path", "t"}, {p + "unknown", ""},
                        {p + "device.good.path", "/g"}};
  const auto parsed = parse(bad);
  // fpga.b: its digest, and that it has no file.
  EXPECT_THAT(parsed.complaints, SizeIs(10));
  ASSERT_THAT(parsed.request.devices, SizeIs(2));
  EXPECT_EQ(parsed.request.devices[0], (DeviceRequest{"good", "/g"}));
}

// Neither a terminal nor a log may be steered by what an image holds.
void expect_harmless(const Annotations& annotations) {
  const auto parsed = parse(annotations);
  EXPECT_FALSE(parsed.complaints.empty());
  for (const auto& complaint : parsed.complaints) {
    const auto text = sentence(complaint);
    EXPECT_LT(text.size(), 4096U);
    for (const char c : text) {
      ASSERT_TRUE(c >= 0x20 && c < 0x7f) << "byte " << int{c} << " in: " << text.substr(0, 200);
    }
  }
}

TEST(Hostile, ControlCharactersDoNotReachTheMessage) {
  const std::string bad("\0\x1b[2J\n\r\x7f\xff", 9);
  expect_harmless({{p + "domain.memory", bad}});
  expect_harmless({{p + bad, "x"}});
  expect_harmless({{p + "fpga." + bad + ".bitstream", "/a"}});
  expect_harmless({{p + "fpga." + bad + ".btstream", "/a"}});
  expect_harmless({{p + "domain." + bad, std::string(5000, '\n')}});
  expect_harmless({{p + "device.t.path", "/axi/" + bad}});
  expect_harmless({{p + "fpga.a.bitstream", "/a"}, {p + "fpga.a.region", bad}});
}

TEST(Hostile, ANulEndsNothing) {
  EXPECT_THAT(sentences({{p + std::string("schema\0", 7), "1"}}), SizeIs(1));
  EXPECT_THAT(sentences({{p + "schema", std::string("1\0", 2)}}), SizeIs(1));
  EXPECT_THAT(sentences({{p + "domain.memory", std::string("64MiB\0", 6)}}), SizeIs(1));
  EXPECT_THAT(sentences({{p + "device.t.path", std::string("/axi\0/t", 7)}}), SizeIs(1));
}

TEST(Hostile, AMebibyteIsOnlyOneComplaint) {
  const std::string huge(std::size_t{1} << 20, 'x');
  const auto long_value = sentences({{p + "domain.memory", huge}});
  EXPECT_THAT(long_value, ElementsAre(p + "domain.memory = \"" + std::string(80, 'x') +
                                      "...\": longer than 4096 bytes: shorten it"));
  const auto start = std::chrono::steady_clock::now();
  expect_harmless({{p + huge, huge}});
  expect_harmless({{p + "fpga." + huge + ".bitstream", "/a"}});
  expect_harmless({{p + "fpga." + huge + ".other", "/a"}});
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5)) << "the time grows with the square";
}

TEST(Hostile, TenThousandKeysAreTenThousandComplaints) {
  Annotations many;
  for (int i = 0; i < 10'000; ++i) many[p + "fpga.n" + std::to_string(i) + ".bitstraem"] = "/a";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(parse(many).complaints, SizeIs(10'000));
  Annotations names;
  for (int i = 0; i < 10'000; ++i) names[p + "fpga.n" + std::to_string(i) + ".bitstream"] = "/a";
  const auto parsed = parse(names);
  EXPECT_THAT(parsed.request.bitstreams, SizeIs(32));
  EXPECT_THAT(parsed.complaints, SizeIs(10'000 - 32));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

}  // namespace
}  // namespace runx::annotations
