// SPDX-License-Identifier: Apache-2.0
#include "runtime/resources/undo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "fpga/manager.h"
#include "plan/domain_kind.h"
#include "plan/region_kind.h"
#include "runtime/resources/contents.h"
#include "tests/fake/bitstream.h"
#include "tests/fake/fake_board.h"
#include "tests/fake/fake_fpga.h"

namespace runx::resources {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr const char* uuid = "0d9fa4d0-2a6c-8b5e-9d3e-111111111111";
constexpr const char* other_uuid = "0d9fa4d0-2a6c-8b5e-9d3e-222222222222";
constexpr const char* blank = "/lib/firmware/blank.bit";
constexpr const char* path = "/journal";
const Container one{{"/run/a", "one", "1111111111111111"}, uuid};
const Container two{{"/run/a", "two", "2222222222222222"}, other_uuid};

class UndoTest : public testing::Test {
 protected:
  static plan::Step region() {
    return {plan::region_kind(), plan::RegionStep{.file = "/boot/aes.bit",
                                                  .regions = {"pr0"},
                                                  .manager = fake::fpga_name,
                                                  .payload_digest = "sha256:aa",
                                                  .blank = blank}};
  }
  static plan::Step domain() { return {plan::domain_kind(), plan::DomainStep{}}; }

  // A journal of which the first `acquired` steps were acquired.
  void journal(const Container& container, const std::vector<plan::Step>& steps, std::size_t acquired) {
    auto text = head_line(container);
    for (const auto& step : steps) text += record_line(record_of(step));
    for (std::size_t number = 0; number < acquired; ++number) text += acquired_line(number);
    board_.file(path, text);
  }
  base::Status undo() { return resources::undo(board_, path, read_journal(board_, path).value(), machine_kinds()); }

  void claim(const Container& container) {
    ASSERT_TRUE(Ledger::lock(board_).value().take("region pr0", container.owner));
  }
  std::map<std::string, Owner> held() { return holders(board_).value(); }
  // The owner's blank bitstream: what shows that the region was touched.
  void with_blank() {
    fake::BitstreamOptions options;
    options.seed = 7;
    board_.file(blank, fake::make_bitstream(options));
    auto board = base::parse_json(fake::fake_board_json(), "").value();
    board["regions"][0]["blank"] = blank;
    board_.file("/etc/runx-accel/board.json", base::json_text(board));
  }
  // What a load that was killed leaves.
  std::string firmware(const Container& container) {
    const auto file = "/lib/firmware/runx-accel/" + container.uuid + "-pr0.bin";
    board_.file(file, "a stream");
    return file;
  }

  fake::FakeBoard board_;
};

TEST_F(UndoTest, ADomainIsGivenBackAsOftenAsOneLikes) {
  set_fake_domain(board_, {3, "(null)", uuid, "--p---", "64", "1"});
  set_fake_domain(board_, {4, "runx-one", other_uuid, "r-----", "64", "1"});
  for (int time = 0; time < 3; ++time) {
    journal(one, {domain()}, 1);
    EXPECT_TRUE(undo());
  }
  ASSERT_EQ(fake::fake_domains(board_).size(), 1U);
  EXPECT_EQ(fake::fake_domains(board_)[0].id, 4U);
}

TEST_F(UndoTest, WhatWasNotAcquiredIsOnlyUnclaimed) {
  with_blank();
  claim(one);
  set_fake_domain(board_, {3, "runx-one", uuid, "--p---", "64", "1"});
  journal(one, {region(), domain()}, 0);
  ASSERT_TRUE(undo());
  EXPECT_EQ(board_.loads(), 0U);
  EXPECT_EQ(fake::fake_domains(board_).size(), 1U);
  EXPECT_THAT(held(), IsEmpty());
}

TEST_F(UndoTest, ARecordOfALaterVersionIsNotSkipped) {
  board_.file(path, head_line(one) + record_line({"overlay", 1, nlohmann::json::object()}));
  const auto done = undo();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().what, HasSubstr("a record of kind \"overlay\""));
}

TEST_F(UndoTest, GoesBackwardsAndStopsAtWhatItCannotGiveBack) {
  claim(one);
  const auto file = firmware(one);
  const auto good = head_line(one) + record_line(record_of(region())) + acquired_line(0);
  board_.file(path, good + record_line({"overlay", 1, nlohmann::json::object()}));
  EXPECT_THAT(undo().error().what, testing::StartsWith("cannot give everything back: "));
  EXPECT_TRUE(board_.exists(file));
  EXPECT_THAT(held(), ElementsAre(Pair("region pr0", one.owner)));
  board_.file(path, good);
  EXPECT_TRUE(undo());
  EXPECT_FALSE(board_.exists(file));
  EXPECT_THAT(held(), IsEmpty());
}

TEST_F(UndoTest, EachReleaseIsNoted) {
  claim(one);
  journal(one, {region(), domain()}, 2);
  ASSERT_TRUE(undo());
  EXPECT_THAT(read_journal(board_, path).value().released, ElementsAre(0, 1));
  // What is noted is not done again.
  const auto operations = board_.operations();
  ASSERT_TRUE(undo());
  EXPECT_EQ(board_.operations(), operations + 1) << "the journal is read, and nothing else happens";
}

// The first one's delete was killed, or its directory survived a reboot; the second one has the region by now.
TEST_F(UndoTest, AnothersHardwareIsNotTouched) {
  with_blank();
  claim(two);
  const Content content{"sha256:aa", "/boot/aes.bit", "two", "/run/a", "", false};
  ASSERT_TRUE(write_content(board_, "pr0", content));
  const auto own_file = firmware(one);
  const auto other_file = firmware(two);
  journal(one, {region()}, 1);
  for (int time = 0; time < 2; ++time) ASSERT_TRUE(undo());
  EXPECT_EQ(board_.loads(), 0U);
  EXPECT_EQ(read_contents(board_).value().at("pr0"), content);
  EXPECT_THAT(held(), ElementsAre(Pair("region pr0", two.owner)));
  EXPECT_FALSE(board_.exists(own_file)) << "what bears its own name goes all the same";
  EXPECT_TRUE(board_.exists(other_file));
}

TEST_F(UndoTest, NorIsThatOfALaterContainerOfTheSameName) {
  with_blank();
  auto later = one;
  later.owner.generation = "3333333333333333";
  claim(later);
  journal(one, {region()}, 1);
  ASSERT_TRUE(undo());
  EXPECT_EQ(board_.loads(), 0U);
  EXPECT_THAT(held(), ElementsAre(Pair("region pr0", later.owner)));
}

TEST_F(UndoTest, WhatIsItsOwnIsReleasedUnderTheLedgersLock) {
  with_blank();
  claim(one);
  journal(one, {region()}, 1);
  ASSERT_TRUE(undo());
  EXPECT_EQ(board_.loads(), 1U);
  const auto& log = board_.log();
  const auto at = [&](const std::string& operation) {
    return std::find_if(log.begin(), log.end(), [&](const auto& line) { return line.starts_with(operation); });
  };
  EXPECT_LT(at(std::string("lock ") + ledger_lock), at("write_attribute " + std::string(fake::fpga_path)));
}

}  // namespace
}  // namespace runx::resources
