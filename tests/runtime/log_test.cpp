// SPDX-License-Identifier: Apache-2.0
#include "runtime/log.h"

#include <gmock/gmock.h>

#include "tests/fake/fake_host.h"

namespace runx::runtime {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

const std::string hostile =
    "bitstream /boot/\x1b[31m\xc2\x9b"
    "31m\n\x9b.bit gr\xc3\xbc";
const std::string shown = "bitstream /boot/\\u001b[31m\\u009b31m\\u000a\\x9b.bit gr\xc3\xbc";

TEST(Log, WhatAnImageWroteSteersNoTerminal) {
  fake::FakeHost host;
  testing::internal::CaptureStderr();
  Log{}.error(host, hostile);
  Log{}.warning(host, hostile);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "runx-accel: " + shown + "\nrunx-accel: warning: " + shown + "\n");
  testing::internal::CaptureStdout();
  print("a\tb \xc2\x9b\n");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "a\tb \\u009b\n");
}

TEST(Log, AndItsFileHasOneLineEach) {
  for (const bool json : {false, true}) {
    fake::FakeHost host;
    host.directory("/log");
    const Log log{"/log/file", json, false};
    testing::internal::CaptureStderr();
    log.error(host, hostile);
    testing::internal::GetCapturedStderr();
    const auto content = host.content("/log/file");
    EXPECT_THAT(content, HasSubstr("bitstream /boot/\\u001b[31m\\u009b31m\\n"));
    EXPECT_EQ(std::count(content.begin(), content.end(), '\n'), 1);
    EXPECT_THAT(content, EndsWith("\n"));
  }
}

}  // namespace
}  // namespace runx::runtime
