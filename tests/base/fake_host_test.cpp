// SPDX-License-Identifier: Apache-2.0
// The fake machine that other tests stand on: its reactions and its faults.
#include "tests/fake/fake_host.h"

#include <cerrno>
#include <fstream>
#include <functional>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace runx::fake {
namespace {

using ::testing::ElementsAre;

TEST(FakeHost, GivesItsFolderBack) {
  std::string root;
  {
    FakeHost host;
    host.file("/a/b", "1");
    root = host.real("");
    EXPECT_TRUE(std::ifstream(root + "/a/b").good());
  }
  EXPECT_FALSE(std::ifstream(root + "/a/b").good());
}

TEST(FakeHost, TwoShareAFolderThatSomebodyElseOwns) {
  FakeHost owner;
  {
    FakeHost second(owner.real(""));
    ASSERT_TRUE(second.write("/shared", "x"));
  }
  EXPECT_EQ(owner.content("/shared"), "x");
}

TEST(FakeHost, AnAttributeReactsAndItsFileIsTheReactionsBusiness) {
  FakeHost host;
  host.file("/sys/flags", "0\n");
  host.on_attribute("/sys/flags", [&](std::string_view value) {
    if (value == "bad") return EINVAL;
    host.file("/sys/flags", std::string(value) + "\n");
    return 0;
  });
  EXPECT_TRUE(host.write_attribute("/sys/flags", "2"));
  EXPECT_EQ(*host.read("/sys/flags"), "2\n");
  EXPECT_EQ(host.write_attribute("/sys/flags", "bad").error().code, std::errc::invalid_argument);
  EXPECT_EQ(*host.read("/sys/flags"), "2\n");
  ASSERT_TRUE(host.remove("/sys/flags"));
  EXPECT_EQ(host.write_attribute("/sys/flags", "2").error().code, std::errc::no_such_file_or_directory);
}

TEST(FakeHost, ProgramsReactAndUnknownOnesAreNotThere) {
  FakeHost host;
  host.on_program("/usr/sbin/xl", [](const base::Command& command) {
    return base::Outcome{3, command.argv.at(1), ""};
  });
  const auto done = host.run({.argv = {"/usr/sbin/xl", "list"}});
  EXPECT_EQ(done->status, 3);
  EXPECT_EQ(done->output, "list");
  EXPECT_EQ(host.run({.argv = {"/bin/true"}}).error().code, std::errc::no_such_file_or_directory);
  EXPECT_EQ(host.spawn({"/bin/true"}, {}).error().code, std::errc::no_such_file_or_directory);
  EXPECT_EQ(host.signal(1, 0, 9).error().code, std::errc::no_such_process);
}

TEST(FakeHost, AFaultHitsTheNextMatchOnce) {
  FakeHost host;
  host.file("/a", "1");
  host.fail("read", "/a", EIO);
  EXPECT_TRUE(host.list("/"));
  EXPECT_EQ(host.read("/a").error().code, std::errc::io_error);
  EXPECT_TRUE(host.read("/a"));
  host.fail("write", "", ENOSPC);
  EXPECT_EQ(host.write("/b", "").error().code, std::errc::no_space_on_device);
  EXPECT_FALSE(host.exists("/b"));
}

// Each of the sixteen operations, with an errno that none of them gives by itself.
TEST(FakeHost, EveryOperationCanFail) {
  using Operation = std::function<bool(FakeHost&)>;
  const std::map<std::string, Operation> operations{
      {"read", [](FakeHost& h) { return h.read("/f").has_value(); }},
      {"exists", [](FakeHost& h) { return h.exists("/f"); }},
      {"list", [](FakeHost& h) { return h.list("/d").has_value(); }},
      {"write_attribute", [](FakeHost& h) { return h.write_attribute("/f", "x").has_value(); }},
      {"write", [](FakeHost& h) { return h.write("/new", "x").has_value(); }},
      {"write_new", [](FakeHost& h) { return h.write_new("/newer", "x").has_value(); }},
      {"append", [](FakeHost& h) { return h.append("/f", "x").has_value(); }},
      {"make_directory", [](FakeHost& h) { return h.make_directory("/e").has_value(); }},
      {"make_directories", [](FakeHost& h) { return h.make_directories("/g/h").has_value(); }},
      {"remove", [](FakeHost& h) { return h.remove("/f").has_value(); }},
      {"remove_tree", [](FakeHost& h) { return h.remove_tree("/d").has_value(); }},
      {"open", [](FakeHost& h) { return h.open("/f", O_RDONLY).has_value(); }},
      {"lock", [](FakeHost& h) { return h.lock("/d").has_value(); }},
      {"run", [](FakeHost& h) { return h.run({.argv = {"/p"}}).has_value(); }},
      {"spawn", [](FakeHost& h) { return h.spawn({"/p"}, {}).has_value(); }},
      {"signal", [](FakeHost& h) { return h.signal(5, 77, 9).has_value(); }},
  };
  for (const auto& [name, operation] : operations) {
    FakeHost host;
    host.file("/f", "1");
    host.directory("/d");
    host.on_program("/p", [](const base::Command&) { return base::Outcome{}; });
    host.on_spawn([](const auto&, const auto&) { return 1; });
    host.on_signal([](int, int) { return 0; });
    host.file("/proc/5/stat", "5 (x) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 77 0 0");
    const auto before = host.tree();
    host.fail(name, "", EOVERFLOW);
    EXPECT_FALSE(operation(host)) << name;
    EXPECT_EQ(host.tree(), before) << name << " failed and did something";
    EXPECT_TRUE(operation(host)) << name << " fails more than once";
  }
}

TEST(FakeHost, FailsOrCrashesAtAnOperationsNumber) {
  FakeHost host;
  host.file("/a", "1");
  host.fail_at(2, EPERM);
  EXPECT_TRUE(host.read("/a"));
  EXPECT_EQ(host.read("/a").error().code, std::errc::operation_not_permitted);
  EXPECT_TRUE(host.read("/a"));
  host.crash_at(1);
  EXPECT_THROW((void)host.write("/b", "x"), Crash);
  EXPECT_EQ(host.content("/b"), "");
  host.crash_at(1);
  host.fail("read", "/a", EIO);
  host.no_faults();
  EXPECT_TRUE(host.read("/a"));
  EXPECT_THAT(host.log(), ElementsAre("read /a", "read /a", "read /a", "write /b", "read /a"));
  EXPECT_EQ(host.operations(), 5U);
}

TEST(FakeHost, TheTreeShowsFilesDirectoriesAndLinks) {
  FakeHost host;
  host.file("/d/f", "x");
  ASSERT_EQ(::symlink("f", host.real("/d/l").c_str()), 0);
  EXPECT_THAT(host.tree("/d"), ElementsAre(std::pair<const std::string, std::string>("/d/f", "x"),
                                           std::pair<const std::string, std::string>("/d/l", "-> f")));
  EXPECT_TRUE(host.tree("/no").empty());
}

}  // namespace
}  // namespace runx::fake
