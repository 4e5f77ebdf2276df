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

const Owner one{"/run/a", "one", "1111111111111111"};
const Owner two{"/run/a", "two", "2222222222222222"};
const Owner one_elsewhere{"/run/b", "one", "1111111111111111"};
const Owner one_of_later{"/run/a", "one", "3333333333333333"};

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() { host_.directory("/run"); }
  std::map<std::string, std::string> held() {
    std::map<std::string, std::string> ids;
    const auto all = holders(host_).value();
    for (const auto& [claim, owner] : all) ids[claim] = owner.id;
    return ids;
  }
  base::Status take(const std::string& claim, const Owner& owner) {
    auto ledger = Ledger::lock(host_);
    if (!ledger) return tl::unexpected(ledger.error());
    return ledger->take(claim, owner);
  }
  base::Status release(const std::string& claim, const Owner& owner) {
    auto ledger = Ledger::lock(host_);
    if (!ledger) return tl::unexpected(ledger.error());
    return ledger->release(claim, owner);
  }
  fake::FakeHost host_;
};

TEST_F(LedgerTest, OneOfTwoGetsIt) {
  EXPECT_THAT(held(), IsEmpty());
  ASSERT_TRUE(take("region pr0", one));
  for (const auto& other : {two, one_elsewhere, one_of_later}) {
    const auto refused = take("region pr0", other);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, std::errc::device_or_resource_busy);
    EXPECT_EQ(refused.error().what, "region pr0 is held by container one (of /run/a): delete it first");
  }
  EXPECT_TRUE(take("region pr1", two));
  EXPECT_EQ(held(), (std::map<std::string, std::string>{{"region pr0", "one"}, {"region pr1", "two"}}));
}

TEST_F(LedgerTest, TakingAndGivingBackTwiceIsFine) {
  EXPECT_TRUE(release("region pr0", one));
  ASSERT_TRUE(take("region pr0", one));
  EXPECT_TRUE(take("region pr0", one));
  EXPECT_TRUE(release("region pr0", one));
  EXPECT_TRUE(release("region pr0", one));
  EXPECT_THAT(held(), IsEmpty());
  EXPECT_TRUE(take("region pr0", two));
}

TEST_F(LedgerTest, NobodyGivesBackWhatIsAnothers) {
  ASSERT_TRUE(take("region pr0", one));
  for (const auto& other : {two, one_elsewhere, one_of_later}) EXPECT_TRUE(release("region pr0", other));
  EXPECT_EQ(held().at("region pr0"), "one");
}

TEST_F(LedgerTest, AnyPathCanBeClaimed) {
  const std::string longest = "device /" + std::string(4000, 'x') + "/../\"\n";
  ASSERT_TRUE(take(longest, one));
  EXPECT_FALSE(take(longest, two));
  EXPECT_EQ(held().at(longest), "one");
  EXPECT_TRUE(release(longest, one));
  EXPECT_THAT(held(), IsEmpty());
}

TEST_F(LedgerTest, AClaimThatCannotBeReadIsNotFree) {
  ASSERT_TRUE(take("region pr0", one));
  const auto path = std::string(claims_directory) + "/" + host_.list(claims_directory).value().at(0);
  for (const char* text :
       {"", "{", "[]", "{}", "{\"claim\":\"region pr0\"}", "{\"claim\":5,\"id\":\"one\",\"root\":\"/\"}"}) {
    host_.file(path, text);
    EXPECT_FALSE(holders(host_)) << text;
    EXPECT_FALSE(take("region pr0", one)) << text;
    EXPECT_FALSE(release("region pr0", one)) << text;
  }
  EXPECT_THAT(holders(host_).error().what, HasSubstr(path));
}

TEST_F(LedgerTest, AnUnreadableLedgerIsNotAnEmptyOne) {
  ASSERT_TRUE(take("region pr0", one));
  host_.fail("list", claims_directory, EIO);
  EXPECT_FALSE(holders(host_));
  host_.fail("lock", ledger_lock, EIO);
  EXPECT_FALSE(release("region pr0", one));
}

TEST_F(LedgerTest, WhatAKilledOneHasHalfWrittenCountsForNothingAndGoes) {
  host_.crash_within(5);  // the directory, three for the lock, the claim
  EXPECT_THROW(static_cast<void>(take("region pr0", one)), fake::Crash);
  host_.no_faults();
  EXPECT_EQ(host_.list(claims_directory).value().size(), 1U);
  EXPECT_THAT(held(), IsEmpty());
  EXPECT_TRUE(release("region pr0", one));
  EXPECT_THAT(host_.list(claims_directory).value(), IsEmpty());
}

TEST_F(LedgerTest, AHalfWrittenClaimOfAnotherThingStays) {
  ASSERT_TRUE(take("region pr0", one));
  host_.file(std::string(claims_directory) + "/0123.AbC123", "");
  EXPECT_TRUE(release("region pr0", one));
  EXPECT_EQ(host_.list(claims_directory).value().size(), 1U);
}

TEST_F(LedgerTest, KnowsWhoHoldsAClaim) {
  ASSERT_TRUE(take("region pr0", one));
  auto ledger = Ledger::lock(host_).value();
  EXPECT_TRUE(ledger.holds("region pr0", one).value());
  EXPECT_FALSE(ledger.holds("region pr1", one).value());
  for (const auto& other : {two, one_elsewhere, one_of_later}) EXPECT_FALSE(ledger.holds("region pr0", other).value());
}

TEST_F(LedgerTest, NoTwoGenerationsAreAlike) {
  const auto first = new_generation().value();
  EXPECT_EQ(first.size(), 16U);
  EXPECT_NE(first, new_generation().value());
}

// A user who can lock it stops every container of the machine.
TEST_F(LedgerTest, NoOtherUserCanHoldItsLock) {
  if (::geteuid() != 0) GTEST_SKIP() << "NOT TESTED: becoming another user takes root";
  ASSERT_EQ(::chmod(host_.real("").c_str(), 0755), 0);
  ASSERT_TRUE(Ledger::lock(host_));
  ASSERT_TRUE(take("region pr0", one));
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
  auto lock = std::async(std::launch::async, [&] { return Ledger::lock(host_).has_value(); });
  EXPECT_EQ(lock.wait_for(std::chrono::seconds(5)), std::future_status::ready);
  ::kill(user, SIGKILL);
  ::waitpid(user, nullptr, 0);
  EXPECT_TRUE(lock.get());
}

}  // namespace
}  // namespace runx::resources
