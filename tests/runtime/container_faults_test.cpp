// SPDX-License-Identifier: Apache-2.0
//
// Whatever happens at whatever moment, the machine is given back. Every operation of create and of delete fails once,
// before or after it was done, or ends the runtime there, before or in the middle of it; then the machine must look as
// it did before, after one more `delete --force` at most.

#include <cerrno>
#include <csignal>
#include <functional>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/container.h"
#include "runtime/resources/ledger.h"
#include "tests/fake/fake_board.h"

namespace runx::runtime {
namespace {

using fake::FakeBoard;
using Arm = std::function<void(FakeBoard&, unsigned number)>;

struct Mode {
  const char* name;
  Arm arm;
};

const std::vector<Mode> failures{
    {"EIO", [](FakeBoard& board, unsigned number) { board.fail_at(number, EIO); }},
    {"ENOSPC", [](FakeBoard& board, unsigned number) { board.fail_at(number, ENOSPC); }},
    {"done, then EIO", [](FakeBoard& board, unsigned number) { board.fail_late(number, EIO); }},
};
const std::vector<Mode> crashes{
    {"crash before", [](FakeBoard& board, unsigned number) { board.crash_at(number); }},
    {"crash within", [](FakeBoard& board, unsigned number) { board.crash_within(number); }},
};

Caller caller(FakeBoard& board) { return {board, fake::fake_root, {}}; }

base::Status create(FakeBoard& board) {
  return create(caller(board), {.id = "c1", .bundle = fake::fake_bundle, .pid_file = fake::fake_pid_file});
}

// As another process would: on the same machine, with no faults.
base::Status delete_afresh(const FakeBoard& board) {
  FakeBoard later(board.real(""));
  return remove(caller(later), "c1", true);
}

// Nothing where the runtime "died".
std::optional<base::Status> survive(const std::function<base::Status()>& call) {
  try {
    return call();
  } catch (const fake::Crash&) {
    return std::nullopt;
  }
}

void expect_given_back(const FakeBoard& board, const std::map<std::string, std::string>& before) {
  const auto after = board.rest();
  for (const auto& [path, content] : after) {
    if (!before.contains(path)) {
      ADD_FAILURE() << path << " is left";
    } else {
      EXPECT_EQ(content, before.at(path)) << path;
    }
  }
  for (const auto& [path, content] : before) EXPECT_TRUE(after.contains(path)) << path << " is gone";
  EXPECT_TRUE(fake::fake_domains(board).empty());
  FakeBoard later(board.real(""));
  EXPECT_TRUE(resources::holders(later).value().empty());
}

std::string moment(const FakeBoard& board, const Mode& mode, unsigned start, unsigned number) {
  const auto& log = board.log();
  return base::text(mode.name, " at operation ", number, ": ",
                    start + number <= log.size() ? log[start + number - 1] : "none");
}

unsigned operations_of(const std::function<base::Status(FakeBoard&)>& prepare,
                       const std::function<base::Status(FakeBoard&)>& act) {
  FakeBoard board;
  EXPECT_TRUE(prepare(board));
  const auto start = board.operations();
  EXPECT_TRUE(act(board));
  return board.operations() - start;
}

base::Status nothing(FakeBoard&) { return {}; }

// The number of the operation of an undisturbed create that does this to a path that ends so.
unsigned number_of(const std::string& operation, const std::string& path_end) {
  FakeBoard board;
  EXPECT_TRUE(create(board));
  const auto found = std::find_if(board.log().begin(), board.log().end(), [&](const std::string& line) {
    return line.starts_with(operation + " ") && line.ends_with(path_end);
  });
  EXPECT_NE(found, board.log().end());
  return static_cast<unsigned>(found - board.log().begin()) + 1;
}

class Faults : public testing::TestWithParam<Mode> {};
class Crashes : public testing::TestWithParam<Mode> {};

TEST_P(Faults, CreateSucceedsOrLeavesNothing) {
  const auto operations = operations_of(nothing, create);
  ASSERT_GT(operations, 30U);
  unsigned failed = 0;
  for (unsigned number = 1; number <= operations; ++number) {
    FakeBoard board;
    const auto before = board.rest();
    GetParam().arm(board, number);
    const auto done = create(board);
    SCOPED_TRACE(moment(board, GetParam(), 0, number));
    board.no_faults();
    if (done) {
      EXPECT_EQ(fake::fake_domains(board).size(), 1U);
      EXPECT_TRUE(start(caller(board), "c1"));
    } else {
      ++failed;
      EXPECT_FALSE(done.error().what.empty());
    }
    EXPECT_TRUE(delete_afresh(board));
    expect_given_back(board, before);
    if (HasFailure()) return;
  }
  EXPECT_GT(failed, 20U);
}

TEST_P(Faults, CreateItselfGivesBackWhatItTook) {
  const auto operations = operations_of(nothing, create);
  for (unsigned number = 1; number <= operations; ++number) {
    FakeBoard board;
    GetParam().arm(board, number);
    const auto done = create(board);
    SCOPED_TRACE(moment(board, GetParam(), 0, number));
    if (done) continue;
    EXPECT_TRUE(fake::fake_domains(board).empty()) << done.error().what;
    EXPECT_TRUE(resources::holders(board).value().empty()) << done.error().what;
    if (HasFailure()) return;
  }
}

TEST_P(Crashes, DeleteGivesBackWhatACreateThatWasKilledTook) {
  const auto operations = operations_of(nothing, create);
  for (unsigned number = 1; number <= operations; ++number) {
    FakeBoard board;
    const auto before = board.rest();
    GetParam().arm(board, number);
    survive([&] { return create(board); });
    SCOPED_TRACE(moment(board, GetParam(), 0, number));
    EXPECT_TRUE(delete_afresh(board));
    expect_given_back(board, before);
    if (HasFailure()) return;
  }
}

// A create that fails undoes what it did; killed in that, it leaves the rest to delete.
TEST(Undo, OfAFailedCreateCanBeKilledAnywhere) {
  const auto operations = operations_of(nothing, create);
  unsigned killed = 0;
  for (unsigned number = 1; number <= operations; ++number) {
    for (unsigned later = number + 1;; ++later) {
      FakeBoard board;
      const auto before = board.rest();
      board.fail_at(number, EIO);
      board.crash_within(later);
      const bool ended = survive([&] { return create(board); }).has_value();
      SCOPED_TRACE(base::text("EIO at operation ", number, " and killed within ", later));
      EXPECT_TRUE(delete_afresh(board));
      expect_given_back(board, before);
      if (HasFailure()) return;
      if (ended) break;
      ++killed;
    }
  }
  EXPECT_GT(killed, 100U);
}

// What delete finds: a container in each of its states.
struct Scene {
  const char* name;
  std::function<base::Status(FakeBoard&)> prepare;
};

const std::vector<Scene> scenes{
    {"running",
     [](FakeBoard& board) {
       if (auto done = create(board); !done) return done;
       return start(caller(board), "c1");
     }},
    {"monitor killed",
     [](FakeBoard& board) {
       if (auto done = create(board); !done) return done;
       return board.remove_tree("/proc/1000");
     }},
    {"killed while it programmed",
     [](FakeBoard& board) -> base::Status {
       board.crash_within(number_of("write_attribute", "/firmware"));  // the load is done, the flags still stand
       if (survive([&] { return create(board); })) return base::fail(std::errc::io_error, "it was not killed");
       board.no_faults();
       return {};
     }},
};

TEST_P(Faults, StartIsDoneOrCanBeUndone) {
  const auto begin = [](FakeBoard& board) { return start(caller(board), "c1"); };
  const auto operations = operations_of(create, begin);
  for (unsigned number = 1; number <= operations; ++number) {
    FakeBoard board;
    const auto before = board.rest();
    ASSERT_TRUE(create(board));
    const auto so_far = board.operations();
    GetParam().arm(board, number);
    const auto done = begin(board);
    SCOPED_TRACE(moment(board, GetParam(), so_far, number));
    board.no_faults();
    const auto runs = fake::fake_domains(board).at(0).state == "r-----";
    EXPECT_TRUE(runs || !done);
    EXPECT_TRUE(delete_afresh(board));
    expect_given_back(board, before);
  }
}

TEST_P(Faults, DeleteCanBeRepeated) {
  for (const auto& scene : scenes) {
    const auto operations =
        operations_of(scene.prepare, [](FakeBoard& board) { return remove(caller(board), "c1", true); });
    for (unsigned number = 1; number <= operations; ++number) {
      FakeBoard board;
      const auto before = board.rest();
      ASSERT_TRUE(scene.prepare(board));
      const auto start = board.operations();
      GetParam().arm(board, number);
      const auto done = remove(caller(board), "c1", true);
      SCOPED_TRACE(std::string(scene.name) + ", " + moment(board, GetParam(), start, number));
      board.no_faults();
      if (!done) {
        EXPECT_TRUE(delete_afresh(board));
      }
      expect_given_back(board, before);
      if (HasFailure()) return;
    }
  }
}

TEST_P(Crashes, DeleteCanBeRepeated) {
  for (const auto& scene : scenes) {
    const auto operations =
        operations_of(scene.prepare, [](FakeBoard& board) { return remove(caller(board), "c1", true); });
    for (unsigned number = 1; number <= operations; ++number) {
      FakeBoard board;
      const auto before = board.rest();
      ASSERT_TRUE(scene.prepare(board));
      const auto start = board.operations();
      GetParam().arm(board, number);
      survive([&] { return remove(caller(board), "c1", true); });
      SCOPED_TRACE(std::string(scene.name) + ", " + moment(board, GetParam(), start, number));
      EXPECT_TRUE(delete_afresh(board));
      expect_given_back(board, before);
      if (HasFailure()) return;
    }
  }
}

// Until the domain is gone its region and its device stay held: another container must not get them.
TEST(Undo, StopsBeforeTheClaimsWhenTheDomainMayLive) {
  FakeBoard board;
  ASSERT_TRUE(create(board));
  board.file("/fake/xl/fail/list", "xl: no answer\n");
  EXPECT_FALSE(remove(caller(board), "c1", true));
  EXPECT_EQ(fake::fake_domains(board).size(), 1U);
  EXPECT_EQ(resources::holders(board).value().size(), 2U);
}

TEST(Undo, AMonitorThatStillWritesIsNotInTheWay) {
  FakeBoard board;
  const auto before = board.rest();
  ASSERT_TRUE(create(board));
  for (int i = 0; i < 3; ++i) board.fail("remove_tree", std::string(fake::fake_root) + "/c1", ENOTEMPTY);
  EXPECT_TRUE(remove(caller(board), "c1", true));
  expect_given_back(board, before);
}

TEST(Undo, AMonitorThatDoesNotEndIsKilled) {
  FakeBoard board;
  ASSERT_TRUE(create(board));
  board.file("/fake/monitors/1000", "hangs");  // the end of its domain does not reach it
  EXPECT_TRUE(remove(caller(board), "c1", true));
  EXPECT_EQ(board.content("/fake/signals"), "1000 9\n");
}

const auto named = [](const testing::TestParamInfo<Mode>& info) {
  std::string name = info.param.name;
  std::erase_if(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; });
  return name;
};
INSTANTIATE_TEST_SUITE_P(Every, Faults, testing::ValuesIn(failures), named);
INSTANTIATE_TEST_SUITE_P(Every, Crashes, testing::ValuesIn(crashes), named);

}  // namespace
}  // namespace runx::runtime
