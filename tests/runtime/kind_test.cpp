// SPDX-License-Identifier: Apache-2.0
// A kind of resource that only this test knows: a fan. It is two classes and two rows, and board file, policy, plan,
// claims, journal, create, list and delete work for it without an edit elsewhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "plan/reader.h"
#include "plan/record_reader.h"
#include "runtime/container.h"
#include "runtime/list.h"
#include "runtime/resources/ledger.h"
#include "tests/fake/fake_board.h"

namespace runx::runtime {
namespace {

using nlohmann::json;
using testing::_;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr const char* speed_file = "/sys/class/hwmon/hwmon0/pwm1";

// The board's fan, and how fast it turns for a container.
struct FanSection {
  std::string name;
};
struct FanFacts {
  std::string speed;
};
struct FanStep {
  std::string fan;
  std::string speed;   // 0..255
  std::string before;  // what is set back
};

class FanKind : public plan::Kind {
 public:
  std::string_view name() const override { return "fan"; }
  std::vector<std::string_view> board_members() const override { return {"fan"}; }
  base::Status read_board(const json& board, const std::string& file, plan::Board& out) const override {
    const plan::Reader in(board, file);
    if (in.member("fan") == nullptr) return {};
    auto fan = in.string("fan");
    if (!fan) return tl::unexpected(fan.error());
    out.more.of<FanSection>().name = *fan;
    return {};
  }
  void plan(plan::Planning& planning) const override {
    const auto& fan = planning.host.board.more.of<FanSection>().name;
    if (fan.empty()) return;
    if (const auto why = planning.host.denied("fan " + fan)) return planning.refuse(*why);
    if (planning.host.holders.contains("fan " + fan)) return planning.refuse("fan ", fan, " is held");
    planning.plan.steps.emplace_back(*this, FanStep{fan, "255", planning.host.more.of<FanFacts>().speed});
  }
  std::vector<std::string> claims(const plan::Step& step) const override { return {"fan " + step.as<FanStep>().fan}; }
  std::vector<std::string> create_text(const plan::Step& step) const override {
    return {"turn fan " + step.as<FanStep>().fan + " at " + step.as<FanStep>().speed};
  }
  json record(const plan::Step& step) const override {
    const auto& fan = step.as<FanStep>();
    return {{"fan", fan.fan}, {"speed", fan.speed}, {"before", fan.before}};
  }
  base::Result<plan::Step> read_record(const json& record) const override {
    plan::RecordReader in(record);
    FanStep step{in.text("fan"), in.text("speed"), in.text("before")};
    if (auto done = in.done(); !done) return tl::unexpected(done.error());
    return plan::Step(*this, std::move(step));
  }
};
const FanKind fan_kind;

class FanResource : public resources::MachineKind {
 public:
  const plan::Kind& pure() const override { return fan_kind; }
  base::Status look(base::Host& host, const annotations::AcceleratorRequest& /*request*/,
                    plan::HostFacts& facts) const override {
    auto speed = host.read(speed_file);
    if (!speed) return tl::unexpected(speed.error());
    facts.more.of<FanFacts>().speed = *speed;
    return {};
  }
  base::Status acquire(resources::Acquisition& with, const plan::Step& step) const override {
    return with.host.write_attribute(speed_file, step.as<FanStep>().speed);
  }
  base::Status release(base::Host& host, const resources::Container& /*container*/,
                       const plan::Step& step) const override {
    return host.write_attribute(speed_file, step.as<FanStep>().before);
  }
  base::Result<resources::Inventory> inventory(base::Host& /*host*/, const plan::Board& board) const override {
    const auto& fan = board.more.of<FanSection>().name;
    return resources::Inventory{"fans", {{"fan " + fan, "air", {{"name", fan}}}}};
  }
};
const FanResource fan_resource;

resources::MachineKinds with_fan() {
  auto kinds = resources::machine_kinds();
  kinds.insert(kinds.begin(), &fan_resource);
  return kinds;
}

class KindTest : public testing::Test {
 protected:
  KindTest() {
    board_.file(speed_file, "030");
    auto board = base::parse_json(fake::fake_board_json(), "").value();
    board["fan"] = "left";
    board_.file("/etc/runx-accel/board.json", base::json_text(board));
  }
  base::Status create() { return runtime::create(caller_, {.id = "c1", .bundle = fake::fake_bundle, .pid_file = ""}); }
  std::string speed() { return board_.content(speed_file); }

  fake::FakeBoard board_;
  const resources::MachineKinds kinds_ = with_fan();
  Caller caller_{board_, fake::fake_root, {}, kinds_};
};

TEST_F(KindTest, IsAcquiredAndReleasedByTheJournal) {
  const auto before = board_.rest();
  ASSERT_TRUE(create());
  EXPECT_EQ(speed(), "255");
  EXPECT_THAT(board_.content(fake::fake_root + std::string("/c1/journal")),
              HasSubstr(R"({"kind":"fan","step":{"before":"030","fan":"left","speed":"255"},"version":1})"));
  EXPECT_THAT(resources::holders(board_).value(), testing::Contains(Pair("fan left", _)));
  ASSERT_TRUE(remove(caller_, "c1", true));
  EXPECT_EQ(speed(), "030");
  EXPECT_EQ(board_.rest(), before);
}

TEST_F(KindTest, IsReleasedWhereTheNextStepFails) {
  board_.file("/fake/fpga/fail_next", "110");
  EXPECT_FALSE(create());
  EXPECT_EQ(speed(), "030");
  EXPECT_THAT(resources::holders(board_).value(), IsEmpty());
}

TEST_F(KindTest, IsListed) {
  ASSERT_TRUE(create());
  EXPECT_THAT(list_resources(caller_, ListFormat::table).value(), HasSubstr("fan left "));
  const auto all = base::parse_json(list_resources(caller_, ListFormat::json).value(), "").value();
  EXPECT_EQ(all.at("fans").at(0).at("holder").at("id"), "c1");
}

TEST_F(KindTest, IsInThePlanForPeopleAndPrograms) {
  plan::HostFacts host;
  host.board.more.of<FanSection>().name = "left";
  host.more.of<FanFacts>().speed = "030";
  const auto made = plan::make_plan({}, host, {}, resources::pure_halves(kinds_));
  const auto& plan = std::get<plan::Plan>(made);
  EXPECT_THAT(plan::plan_text(plan), HasSubstr("1. take fan left\n2. turn fan left at 255\n"));
  const auto steps = plan::plan_json(plan).at("steps");
  EXPECT_EQ(steps.at(0).at("kind"), "fan");
  EXPECT_EQ(steps.at(0).at("before"), "030");
}

TEST_F(KindTest, IsGivenByThePolicy) {
  board_.file("/etc/runx-accel/policy.json", R"({"schema": 1, "rules": [{"give": ["region *", "device *"]}]})");
  EXPECT_THAT(create().error().what, HasSubstr("fan left is not given to"));
  board_.file("/etc/runx-accel/policy.json",
              R"({"schema": 1, "rules": [{"give": ["region *", "device *", "fan l*"]}]})");
  EXPECT_TRUE(create());
}

TEST_F(KindTest, IsNotKnownToAProgramWithoutIt) {
  ASSERT_TRUE(create());
  const Caller without{board_, fake::fake_root, {}};
  EXPECT_THAT(remove(without, "c1", true).error().what, HasSubstr("a record of kind \"fan\""));
  EXPECT_EQ(speed(), "255");
  EXPECT_TRUE(remove(caller_, "c1", true));
  EXPECT_EQ(speed(), "030");
}

}  // namespace
}  // namespace runx::runtime
