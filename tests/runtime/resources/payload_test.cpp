// SPDX-License-Identifier: Apache-2.0
#include "runtime/resources/payload.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sha256.h"
#include "plan/image.h"
#include "tests/fake/bitstream.h"
#include "tests/fake/containers.h"
#include "tests/fake/fake_host.h"

namespace runx::resources {
namespace {

constexpr const char* copy = "/lib/firmware/copy.bin";
constexpr const char* changed = "the bitstream changed after it was checked: leave the image alone, and try again";

class PayloadTest : public testing::Test {
 protected:
  PayloadTest() {
    host_.directory("/lib/firmware");
    check(fake::make_bitstream());
  }
  // Facts of the file as it is now.
  void check(const std::string& content) {
    holds(content);
    facts_ = plan::bitstream_facts(base::bytes_of(content), "file", bitstream::Parts::built_in()).value();
  }
  void holds(const std::string& content) {
    ASSERT_EQ(::ftruncate(file_.get(), 0), 0);
    ASSERT_EQ(::pwrite(file_.get(), content.data(), content.size(), 0), static_cast<ssize_t>(content.size()));
  }
  std::string error_of(const base::Status& done) { return done ? "" : done.error().what; }
  Payload payload() const { return {file_, facts_}; }

  fake::FakeHost host_;
  base::Fd file_{::memfd_create("file", MFD_CLOEXEC)};
  plan::BitstreamFacts facts_;
};

TEST_F(PayloadTest, TheStreamGoesOutInWholeWords) {
  EXPECT_EQ(error_of(copy_payload(payload(), host_, copy)), "");
  EXPECT_EQ(host_.content(copy), fake::make_stream({}));
  // Of what is encrypted nobody knows where it ends.
  fake::BitstreamOptions options;
  options.encrypted = true;
  const auto odd = fake::make_stream(options) + "x";
  check(odd);
  host_.file(copy, std::string(1 << 20, 'x'));
  EXPECT_EQ(error_of(copy_payload(payload(), host_, copy)), "");
  EXPECT_EQ(host_.content(copy), odd + std::string(3, '\xFF'));
  EXPECT_EQ("sha256:" + base::sha256_hex(base::bytes_of(host_.content(copy))), facts_.payload_digest);
}

TEST_F(PayloadTest, WhatChangedMeanwhileIsNotProgrammed) {
  const auto was = fake::make_bitstream();
  fake::BitstreamOptions options;
  options.seed = 7;
  auto in_the_header = was;
  in_the_header[20] ^= 1;
  for (const auto& now : {fake::make_bitstream(options), in_the_header, was.substr(0, was.size() - 4), std::string()}) {
    holds(now);
    EXPECT_EQ(error_of(copy_payload(payload(), host_, copy)), changed);
    EXPECT_EQ(error_of(copy_file(payload(), host_, copy)), changed);
  }
  holds(was);
  EXPECT_EQ(error_of(copy_payload(payload(), host_, copy)), "");
  // What was added is not of the file that was checked.
  holds(was + std::string(1 << 20, 'x'));
  EXPECT_EQ(error_of(copy_file(payload(), host_, copy)), "");
  EXPECT_EQ(host_.content(copy), was);
}

// Its frames were read from other bytes than its digest was: somebody wrote to it between the two.
TEST_F(PayloadTest, TheCopyWritesTheFramesThatWereChecked) {
  ASSERT_FALSE(facts_.info.footprint.empty());
  facts_.info.footprint.front().start.value ^= 0x100;
  EXPECT_EQ(error_of(copy_payload(payload(), host_, copy)), changed);
}

TEST_F(PayloadTest, AnXclbinGoesOutAsAWhole) {
  const auto whole = fake::make_xclbin({{.kind = 0, .content = fake::make_bitstream()}, {.kind = 14, .content = "{}"}});
  check(whole);
  EXPECT_EQ(error_of(copy_file(payload(), host_, copy)), "");
  EXPECT_EQ(host_.content(copy), whole);
  EXPECT_EQ(error_of(copy_payload(payload(), host_, copy)), "");
  EXPECT_EQ(host_.content(copy), fake::make_stream({}));
  facts_.info.parts.pop_back();
  EXPECT_EQ(error_of(copy_file(payload(), host_, copy)), changed);
}

TEST_F(PayloadTest, ErrorsOfWritingAreTold) {
  EXPECT_THAT(error_of(copy_payload(payload(), host_, "/nowhere/copy")), testing::HasSubstr("/nowhere/copy"));
  host_.fail("open", copy, ENOSPC);
  EXPECT_EQ(copy_payload(payload(), host_, copy).error().code, std::errc::no_space_on_device);
}

}  // namespace
}  // namespace runx::resources
