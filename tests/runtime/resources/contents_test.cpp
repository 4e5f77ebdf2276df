// SPDX-License-Identifier: Apache-2.0
#include "runtime/resources/contents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fake/fake_host.h"

namespace runx::resources {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr const char* boot_id = "/proc/sys/kernel/random/boot_id";
const Content content{"sha256:aa", "/boot/aes.bit", "c1", "/run/a", "lab", false};

class ContentsTest : public testing::Test {
 protected:
  ContentsTest() {
    host_.directory("/run");
    host_.file(boot_id, "11111111-1111-1111-1111-111111111111\n");
  }
  std::map<std::string, Content> contents() { return read_contents(host_).value(); }

  fake::FakeHost host_;
};

TEST_F(ContentsTest, AreWrittenReadAndForgotten) {
  EXPECT_THAT(contents(), IsEmpty());
  ASSERT_TRUE(write_content(host_, "pr0", content));
  EXPECT_THAT(contents(), ElementsAre(Pair("pr0", content)));
  const Content full{"sha256:bb", "/x.bit", "c2", "/run/b", "", true};
  ASSERT_TRUE(write_content(host_, "pr0", full));
  EXPECT_EQ(contents().at("pr0"), full);
  for (int time = 0; time < 2; ++time) ASSERT_TRUE(forget_content(host_, "pr0"));
  EXPECT_THAT(contents(), IsEmpty());
}

TEST_F(ContentsTest, OfAnEarlierBootAreNotKnown) {
  ASSERT_TRUE(write_content(host_, "pr0", content));
  host_.file(boot_id, "22222222-2222-2222-2222-222222222222\n");
  EXPECT_THAT(contents(), IsEmpty());
}

TEST_F(ContentsTest, DamagedOnesAreNotKnown) {
  for (const char* text : {"", "{", "[]", "{}", R"({"digest": 7})"}) {
    host_.file("/run/runx-accel/regions/pr0.json", text);
    EXPECT_THAT(contents(), IsEmpty()) << text;
  }
}

TEST_F(ContentsTest, ADirectoryThatCannotBeReadIsAnError) {
  ASSERT_TRUE(write_content(host_, "pr0", content));
  host_.fail("list", contents_directory, EIO);
  EXPECT_FALSE(read_contents(host_));
}

}  // namespace
}  // namespace runx::resources
