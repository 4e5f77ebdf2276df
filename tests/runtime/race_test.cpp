// SPDX-License-Identifier: Apache-2.0
// Many callers at the same moment, each a process of its own as far as the machine can tell.
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "runtime/container.h"
#include "runtime/resources/ledger.h"
#include "tests/fake/fake_board.h"

namespace runx::runtime {
namespace {

using testing::_;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr unsigned callers = 32;

// One create for each id, all at once; the ids of those that succeeded, and what the others were told.
struct Race {
  std::vector<std::string> winners;
  std::vector<std::string> refusals;
};

Race race(const fake::FakeBoard& board, const std::vector<std::string>& ids) {
  std::vector<base::Status> done(ids.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    threads.emplace_back([&, i] {
      fake::FakeBoard process(board.real(""));
      done[i] =
          runtime::create({process, fake::fake_root, {}}, {.id = ids[i], .bundle = fake::fake_bundle, .pid_file = ""});
    });
  }
  for (auto& thread : threads) thread.join();
  Race out;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (done[i]) {
      out.winners.push_back(ids[i]);
    } else {
      out.refusals.push_back(done[i].error().what);
    }
  }
  return out;
}

class RaceTest : public testing::Test {
 protected:
  // One region is all that there is to win.
  RaceTest() {
    auto asks = base::parse_json(fake::fake_metadata_json(), "").value();
    asks["io.runx-accel.fpga.aes.region"] = "pr0";
    board_.file("/bundle/rootfs/.runx-accel.json", base::json_text(asks));
  }

  fake::FakeBoard board_;
};

TEST_F(RaceTest, OfThirtyTwoContainersOneGetsTheRegion) {
  const auto before = board_.rest();
  std::vector<std::string> ids;
  for (unsigned i = 0; i < callers; ++i) ids.push_back("c" + std::to_string(i));
  const auto done = race(board_, ids);
  ASSERT_EQ(done.winners.size(), 1U);
  EXPECT_THAT(done.refusals, testing::Each(HasSubstr("is held by container " + done.winners[0])));
  EXPECT_EQ(board_.loads(), 1U);
  EXPECT_EQ(fake::fake_domains(board_).size(), 1U);
  const auto held = resources::holders(board_).value();
  EXPECT_THAT(held, ElementsAre(Pair("device /axi/timer@ff110000", _), Pair("region pr0", _)));
  for (const auto& [claim, owner] : held) EXPECT_EQ(owner.id, done.winners[0]) << claim;
  ASSERT_TRUE(remove({board_, fake::fake_root, {}}, done.winners[0], true));
  EXPECT_EQ(board_.rest(), before) << "nothing is left of those who lost";
}

TEST_F(RaceTest, OfThirtyTwoCreatesOfOneIdOneMakesIt) {
  const auto before = board_.rest();
  const auto done = race(board_, std::vector<std::string>(callers, "c1"));
  ASSERT_EQ(done.winners.size(), 1U);
  EXPECT_EQ(board_.loads(), 1U);
  EXPECT_EQ(fake::fake_domains(board_).size(), 1U);
  ASSERT_TRUE(remove({board_, fake::fake_root, {}}, "c1", true));
  EXPECT_EQ(board_.rest(), before);
}

}  // namespace
}  // namespace runx::runtime
