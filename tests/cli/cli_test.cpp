// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli.h"

#include <filesystem>

#include <gmock/gmock.h>

#include "runtime/resources/ledger.h"
#include "runtime/version.h"
#include "tests/cli/caller.h"

namespace runx::runtime {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class CliTest : public CallerTest {};

TEST_F(CliTest, WhatCtrRunDoes) {
  EXPECT_EQ(create().code, 0);
  EXPECT_EQ(board_.content(fake::fake_pid_file), "1000");
  EXPECT_EQ(status(), "created");
  EXPECT_EQ(engine({"start", "c1"}).code, 0);
  EXPECT_EQ(status(), "running");
  EXPECT_EQ(engine({"kill", "c1", "15"}).code, 0);
  EXPECT_EQ(board_.content("/fake/signals"), "1000 15\n");
  EXPECT_EQ(engine({"kill", "--all", "c1", "9"}).code, 0);
  EXPECT_EQ(status(), "stopped");
  EXPECT_EQ(engine({"delete", "c1"}).code, 0);
  EXPECT_EQ(engine({"delete", "--force", "c1"}).code, 0);
  EXPECT_EQ(board_.content(log), "");  // nothing was an error
}

TEST_F(CliTest, ListsContainersAndResources) {
  ASSERT_EQ(create().code, 0);
  EXPECT_EQ(engine({"list", "--quiet"}).out, "c1\n");
  EXPECT_THAT(engine({"list"}).out, StartsWith("ID  PID"));
  EXPECT_THAT(engine({"list", "--format", "json"}).out, StartsWith("["));
  EXPECT_THAT(engine({"list", "--resources"}).out, StartsWith("RESOURCE"));
  EXPECT_THAT(engine({"list", "--resources", "--json"}).out, HasSubstr("\"regions\""));
  EXPECT_EQ(engine({"list", "--format", "xml"}).code, 2);
}

TEST_F(CliTest, WhatAFailedCtrRunDoes) {
  board_.file("/bundle/rootfs/boot/aes.bit", "no bitstream");
  EXPECT_EQ(create().code, 1);
  EXPECT_THAT(told(), HasSubstr("/boot/aes.bit"));
  EXPECT_EQ(engine({"delete", "--force", "c1"}).code, 0);
  EXPECT_EQ(engine({"delete", "c1"}).code, 1);
  EXPECT_EQ(told(), "container c1 does not exist");
}

TEST_F(CliTest, GlobalFlagsInEverySpelling) {
  const std::vector<std::vector<std::string>> spellings{
      {"--root", "/run/r", "state", "nobody"},
      {"--root=/run/r", "state", "nobody"},
      {"--root=/run/r", "--log=/bundle/log.json", "--log-format=json", "state", "nobody"},
      {"--debug", "--root", "/run/r", "state", "nobody"},
      {"--systemd-cgroup", "--root", "/run/r", "state", "nobody"},
      {"--rootless=true", "--root", "/run/r", "state", "nobody"},
      {"--rootless=", "--root", "/run/r", "state", "nobody"},
      {"--rootless=auto", "--root", "/run/r", "--debug", "state", "nobody"},
  };
  for (const auto& words : spellings) {
    const auto called = call(words);
    EXPECT_EQ(called.code, 1) << testing::PrintToString(words);
    EXPECT_EQ(called.err, "runx-accel: container nobody does not exist\n") << testing::PrintToString(words);
  }
}

TEST_F(CliTest, TheRootIsWhereTheStateIs) {
  ASSERT_EQ(create().code, 0);
  EXPECT_EQ(call({"--root", root, "state", "c1"}).code, 0);
  EXPECT_EQ(call({"--root", "/run/elsewhere", "state", "c1"}).code, 1);
  EXPECT_EQ(call({"state", "c1"}).code, 1);
  EXPECT_EQ(call({"--root", std::string(root) + "/", "state", "c1"}).code, 0);
  EXPECT_EQ(call({"--root", std::string(root) + "/../default", "state", "c1"}).code, 0);
}

TEST_F(CliTest, ARootIsTheSameByEveryName) {
  std::filesystem::create_directory(board_.real("/var"));
  std::filesystem::create_directory_symlink("../run", board_.real("/var/run"));
  const auto linked = "/var" + std::string(root);
  ASSERT_EQ(call({"--root", linked, "create", "--bundle", fake::fake_bundle, "c1"}).code, 0);
  EXPECT_EQ(call({"--root", root, "state", "c1"}).code, 0);
  EXPECT_EQ(call({"--root", root, "delete", "--force", "c1"}).code, 0);
  EXPECT_TRUE(resources::holders(board_).value().empty()) << "no claim of the other spelling is left";
}

TEST_F(CliTest, ARootThatNoStateCanNameIsRefused) {
  const auto before = board_.tree();
  const auto called = call({"--root", "/run/\xff", "create", "--bundle", fake::fake_bundle, "c1"});
  EXPECT_EQ(called.code, 2);
  EXPECT_THAT(called.err, HasSubstr("is not UTF-8, so no state can name it"));
  EXPECT_EQ(board_.tree(), before);
}

TEST_F(CliTest, CreateFlagsOfEngines) {
  EXPECT_EQ(engine({"create", "-b", fake::fake_bundle, "--no-pivot", "--no-new-keyring", "--preserve-fds", "0",
                    "--pid-file=/bundle/init.pid", "c1"})
                .code,
            0);
  EXPECT_EQ(board_.content(fake::fake_pid_file), "1000");
}

TEST_F(CliTest, AConsoleSocketIsRefusedBeforeAnythingHappens) {
  const auto before = board_.tree();
  const auto called = call({"create", "--bundle", fake::fake_bundle, "--console-socket", "/s", "c1"});
  EXPECT_EQ(called.code, 1);
  EXPECT_THAT(called.err, HasSubstr("has no terminal here: run it without a tty"));
  EXPECT_EQ(call({"create", "--bundle", fake::fake_bundle, "--preserve-fds", "3", "c1"}).code, 1);
  EXPECT_EQ(board_.tree(), before);
}

TEST_F(CliTest, VersionIsParsedByEngines) {
  for (const char* flag : {"-v", "--version"}) {
    const auto called = call({flag});
    EXPECT_EQ(called.code, 0);
    EXPECT_THAT(called.out, StartsWith(base::text("runx-accel version ", program_version, "\nspec: 1.3.0\n")));
    EXPECT_EQ(called.err, "");
  }
}

TEST_F(CliTest, FeaturesComesWithoutGlobals) {
  const auto called = call({"features"});
  ASSERT_EQ(called.code, 0);
  const auto value = base::parse_json(called.out, "features").value();
  EXPECT_EQ(value.at("ociVersionMin"), "1.0.0");
  EXPECT_EQ(value.at("ociVersionMax"), "1.3.0");
  EXPECT_THAT(value.at("hooks"), IsEmpty());
  EXPECT_THAT(value.at("mountOptions"), testing::Contains("ro"));
  EXPECT_EQ(value.at("potentiallyUnsafeConfigAnnotations"), nlohmann::json({"io.runx-accel."}));
  EXPECT_EQ(value.at("annotations").at("io.runx-accel.xl-dt-overlay"), "no-xl");
}

TEST_F(CliTest, HelpIsNoError) {
  const auto called = call({"--help"});
  EXPECT_EQ(called.code, 0);
  EXPECT_THAT(called.out, HasSubstr("create"));
  EXPECT_THAT(called.out, Not(HasSubstr("monitor")));
}

TEST_F(CliTest, WhatIsNoCommandLineExitsWithTwoAndDoesNothing) {
  ASSERT_EQ(create().code, 0);
  const auto before = board_.tree();
  const std::vector<std::vector<std::string>> wrong{
      {},
      {"frobnicate", "c1"},
      {"exec", "c1", "ls"},
      {"ps", "--format", "json", "c1"},
      {"pause", "c1"},
      {"delete"},
      {"state"},
      {"start"},
      {"create"},
      {"kill"},
      {"--frobnicate", "delete", "--force", "c1"},
      {"delete", "--force", "--frobnicate", "c1"},
      {"delete", "--force", "--frobnicate=1", "c1"},
      {"delete", "--force", "c1", "c2"},
      {"kill", "c1", "9", "c2"},
      {"kill", "--frobnicate", "c1", "9"},
      {"start", "c1", "--force"},
      {"create", "--bundle", fake::fake_bundle, "--frobnicate", "x", "c2"},
      {"create", "--preserve-fds", "many", "c2"},
      {"--log-format", "xml", "delete", "--force", "c1"},
      {"delete", "--force", "c1", "state", "c1"},
      {"monitor", "c1"},
  };
  for (const auto& words : wrong) {
    const auto called = call(words);
    EXPECT_EQ(called.code, 2) << testing::PrintToString(words);
    EXPECT_THAT(called.err, Not(IsEmpty())) << testing::PrintToString(words);
  }
  EXPECT_EQ(board_.tree(), before);
}

TEST_F(CliTest, AnUnknownCommandReachesTheUserOfTheEngine) {
  EXPECT_EQ(engine({"exec", "--process", "/p", "--detach", "--pid-file", "/f", "c1"}).code, 2);
  EXPECT_THAT(told(), HasSubstr("\"exec\" is not understood"));
  EXPECT_EQ(engine({"delete", "--what", "c1"}).code, 2);
  EXPECT_THAT(told(), HasSubstr("--what"));
  EXPECT_EQ(engine({"create", "--bundle"}).code, 2);
  EXPECT_THAT(told(), HasSubstr("bundle"));
}

TEST_F(CliTest, SignalsByNumberAndName) {
  ASSERT_EQ(create().code, 0);
  for (const char* signal : {"15", "TERM", "SIGTERM"}) EXPECT_EQ(engine({"kill", "c1", signal}).code, 0) << signal;
  EXPECT_EQ(engine({"kill", "c1"}).code, 0);
  EXPECT_EQ(engine({"kill", "-a", "c1", "USR1"}).code, 0);
  EXPECT_EQ(board_.content("/fake/signals"), "1000 15\n1000 15\n1000 15\n1000 15\n1000 10\n");
  for (const char* wrong : {"0", "65", "+9", "9x", "", "KILLER", "term", "SIG", "99999999999999999999"}) {
    EXPECT_NE(engine({"kill", "c1", wrong}).code, 0) << wrong;
  }
  EXPECT_EQ(status(), "created");
}

TEST_F(CliTest, AnErrorIsOneJsonLineAndOneLineForPeople) {
  board_.file("/bundle/config.json", "{\"ociVersion\": \"\x1b[31m\\n2\"}");
  const auto called = create();
  EXPECT_EQ(called.code, 1);
  EXPECT_THAT(called.err, StartsWith("runx-accel: config.json"));
  EXPECT_EQ(std::count(called.err.begin(), called.err.end(), '\n'), 1);
  EXPECT_EQ(called.err, "runx-accel: " + told() + "\n");
  const auto text = board_.content(log);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

TEST_F(CliTest, TheLogAsTextAndNoneAtAll) {
  call({"--log", "/var/log/runx.log", "state", "nobody"});
  EXPECT_THAT(board_.content("/var/log/runx.log"),
              testing::MatchesRegex("time=\".*Z\" level=error msg=\"container nobody does not exist\"\n"));
  EXPECT_EQ(call({"state", "nobody"}).err, "runx-accel: container nobody does not exist\n");
}

TEST_F(CliTest, DebugLogsThePlan) {
  ASSERT_EQ(create().code, 0);
  EXPECT_EQ(board_.content(log), "");
  ASSERT_EQ(engine({"delete", "--force", "c1"}).code, 0);
  ASSERT_EQ(engine({"--debug", "create", "--bundle", fake::fake_bundle, "c1"}).code, 0);
  EXPECT_THAT(board_.content(log), HasSubstr("leave region pr0 as it is: it holds /boot/aes.bit"));
}

TEST_F(CliTest, ALogThatCannotBeWrittenHidesNoError) {
  const auto called = call({"--log", "/no/such/folder/log", "state", "nobody"});
  EXPECT_EQ(called.code, 1);
  EXPECT_THAT(called.err, HasSubstr("container nobody does not exist"));
}

TEST_F(CliTest, ThePidFileIsWrittenLast) {
  ASSERT_EQ(create().code, 0);
  EXPECT_EQ(board_.log().back(), std::string("write ") + fake::fake_pid_file);
  ASSERT_EQ(engine({"delete", "--force", "c1"}).code, 0);
  std::filesystem::remove(board_.real(fake::fake_pid_file));
  board_.file("/fake/xl/fail/create", "libxl: error: no\n");
  EXPECT_EQ(create().code, 1);
  EXPECT_FALSE(std::filesystem::exists(board_.real(fake::fake_pid_file)));
}

}  // namespace
}  // namespace runx::runtime
