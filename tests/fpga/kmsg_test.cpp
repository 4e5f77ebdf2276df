// SPDX-License-Identifier: Apache-2.0
#include "fpga/kmsg.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/fake/fake_host.h"

namespace runx::fpga {
namespace {

class Words : public testing::Test {
 protected:
  void say(const std::string& records) { std::ofstream(host_.real("/dev/kmsg"), std::ios::app) << records; }

  fake::FakeHost host_;
};

TEST_F(Words, AreTheComplaintsSinceTheBeginning) {
  host_.file("/dev/kmsg", "3,1,5,-;before\n");
  KmsgReader words(host_);
  say("3,2,6,-;OF: overlay: error -22, target: /fpga\n SUBSYSTEM=of\n6,3,7,-;only information -5\n4,4,8,-;a warning\n");
  const auto said = words.said();
  EXPECT_EQ(said.text, "OF: overlay: error -22, target: /fpga; a warning");
  EXPECT_EQ(said.error, 22);
}

TEST_F(Words, HaveTheLastErrnoAndTheLastLines) {
  host_.file("/dev/kmsg", "");
  KmsgReader words(host_);
  for (const char* line : {"one", "two (err=-5)", "three", "four", "five\tand\x1b[1m (err=-110)", "part-3 failed"}) {
    say(std::string("11,1,1,-;") + line + "\n");
  }
  const auto said = words.said();
  EXPECT_EQ(said.text, "three; four; five?and?[1m (err=-110); part-3 failed");
  EXPECT_EQ(said.error, 110);
}

TEST_F(Words, SurviveWhatIsNoRecord) {
  host_.file("/dev/kmsg", "");
  KmsgReader words(host_);
  say("\n;\nthree;no priority\n3;no comma\n99999999999,1;too large\n3,1,1,-;\n3,1,1,-;error -0, error -134, error -\n");
  say("3,1,1,-;" + std::string(1000, 'x'));
  const auto said = words.said();
  EXPECT_EQ(said.text, "error -0, error -134, error -; " + std::string(160, 'x'));
  EXPECT_EQ(said.error, 0);
}

TEST_F(Words, AreMissedWhereThereIsNoLog) {
  KmsgReader words(host_);
  EXPECT_EQ(words.said().text, "");
}

}  // namespace
}  // namespace runx::fpga
