// SPDX-License-Identifier: Apache-2.0
#include "runtime/resources/ledger.h"

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <future>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fake/fake_host.h"

namespace runx::resources {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const Owner one{"/run/a", "one"};
const Owner two{"/run/a", "two"};
const Owner one_elsewhere{"/run/b", "one"};

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() { host_.directory("/run"); }
  std::map<std::string, std::string> held() {
    std::map<std::string, std::string> ids;
    const auto all = holders(host_).value();
    for (const auto& [claim, owner] : all) ids[claim] = owner.id;
    return ids;
  }
  fake::FakeHost host_;
};

TEST_F(LedgerTest, OneOfTwoGetsIt) {
  EXPECT_THAT(held(), IsEmpty());
  ASSERT_TRUE(take_claim(host_, "region pr0", one));
  for (const auto& other : {two, one_elsewhere}) {
    const auto refused = take_claim(host_, "region pr0", other);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, std::errc::device_or_resource_busy);
    EXPECT_EQ(refused.error().what, "region pr0 is held by container one (of /run/a): delete it first");
  }
  EXPECT_TRUE(take_claim(host_, "region pr1", two));
  EXPECT_EQ(held(), (std::map<std::string, std::string>{{"region pr0", "one"}, {"region pr1", "two"}}));
}

TEST_F(LedgerTest, TakingAndGivingBackTwiceIsFine) {
  EXPECT_TRUE(release_claim(host_, "region pr0", one));
  ASSERT_TRUE(take_claim(host_, "region pr0", one));
  EXPECT_TRUE(take_claim(host_, "region pr0", one));
  EXPECT_TRUE(release_claim(host_, "region pr0", one));
  EXPECT_TRUE(release_claim(host_, "region pr0", one));
  EXPECT_THAT(held(), IsEmpty());
  EXPECT_TRUE(take_claim(host_, "region pr0", two));
}

TEST_F(LedgerTest, NobodyGivesBackWhatIsAnothers) {
  ASSERT_TRUE(take_claim(host_, "region pr0", one));
  EXPECT_TRUE(release_claim(host_, "region pr0", two));
  EXPECT_TRUE(release_claim(host_, "region pr0", one_elsewhere));
  EXPECT_EQ(held().at("region pr0"), "one");
}

TEST_F(LedgerTest, AnyPathCanBeClaimed) {
  const std::string longest = "device /" + std::string(4000, 'x') + "/../\"\n";
  ASSERT_TRUE(take_claim(host_, longest, one));
  EXPECT_FALSE(take_claim(host_, longest, two));
  EXPECT_EQ(held().at(longest), "one");
  EXPECT_TRUE(release_claim(host_, longest, one));
  EXPECT_THAT(held(), IsEmpty());
}

TEST_F(LedgerTest, AClaimThatCannotBeReadIsNotFree) {
  ASSERT_TRUE(take_claim(host_, "region pr0", one));
  const auto path = std::string(claims_directory) + "/" + host_.list(claims_directory).value().at(0);
  for (const char* text :
       {"", "{", "[]", "{}", "{\"claim\":\"region pr0\"}", "{\"claim\":5,\"id\":\"one\",\"root\":\"/\"}"}) {
    host_.file(path, text);
    EXPECT_FALSE(holders(host_)) << text;
    EXPECT_FALSE(take_claim(host_, "region pr0", one)) << text;
    EXPECT_FALSE(release_claim(host_, "region pr0", one)) << text;
  }
  EXPECT_THAT(holders(host_).error().what, HasSubstr(path));
}

TEST_F(LedgerTest, AnUnreadableLedgerIsNotAnEmptyOne) {
  ASSERT_TRUE(take_claim(host_, "region pr0", one));
  host_.fail("list", claims_directory, EIO);
  EXPECT_FALSE(holders(host_));
  host_.fail("lock", ledger_lock, EIO);
  EXPECT_FALSE(release_claim(host_, "region pr0", one));
}

TEST_F(LedgerTest, WhatAKilledOneHasHalfWrittenCountsForNothingAndGoes) {
  host_.crash_within(2);  // 1: the directory, 2: the claim
  EXPECT_THROW(static_cast<void>(take_claim(host_, "region pr0", one)), fake::Crash);
  host_.no_faults();
  EXPECT_EQ(host_.list(claims_directory).value().size(), 1U);
  EXPECT_THAT(held(), IsEmpty());
  EXPECT_TRUE(release_claim(host_, "region pr0", one));
  EXPECT_THAT(host_.list(claims_directory).value(), IsEmpty());
}

TEST_F(LedgerTest, AHalfWrittenClaimOfAnotherThingStays) {
  ASSERT_TRUE(take_claim(host_, "region pr0", one));
  host_.file(std::string(claims_directory) + "/0123.AbC123", "");
  EXPECT_TRUE(release_claim(host_, "region pr0", one));
  EXPECT_EQ(host_.list(claims_directory).value().size(), 1U);
}

// A user who can lock it stops every container of the machine.
TEST_F(LedgerTest, NoOtherUserCanHoldItsLock) {
  if (::geteuid() != 0) GTEST_SKIP() << "NOT TESTED: becoming another user takes root";
  ASSERT_EQ(::chmod(host_.real("").c_str(), 0755), 0);
  ASSERT_TRUE(lock_ledger(host_));
  ASSERT_TRUE(take_claim(host_, "region pr0", one));
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const pid_t user = ::fork();
  if (user == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::setgid(1234) != 0 || ::setuid(1234) != 0) ::_exit(1);
    for (const char* path : {"/run/runx-accel", "/run/runx-accel/claims", "/run/runx-accel/ledger.lock"}) {
      ::flock(::open(host_.real(path).c_str(), O_RDONLY), LOCK_EX | LOCK_NB);
    }
    [[maybe_unused]] const auto told = ::write(ends[1], "x", 1);
    ::pause();
  }
  char done = 0;
  ASSERT_EQ(::read(ends[0], &done, 1), 1);
  auto lock = std::async(std::launch::async, [&] { return lock_ledger(host_).has_value(); });
  EXPECT_EQ(lock.wait_for(std::chrono::seconds(5)), std::future_status::ready);
  ::kill(user, SIGKILL);
  ::waitpid(user, nullptr, 0);
  EXPECT_TRUE(lock.get());
}

TEST_F(LedgerTest, TheLockIsForWhoeverLooksAndTakes) {
  const auto lock = lock_ledger(host_);
  ASSERT_TRUE(lock);
  EXPECT_TRUE(take_claim(host_, "region pr0", one));  // does not wait for it
}

}  // namespace
}  // namespace runx::resources
