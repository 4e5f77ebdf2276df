// SPDX-License-Identifier: Apache-2.0
//
// What the scripts that this program replaces got wrong (RunX, 2021): each of their defects is a test.

#include <filesystem>

#include <gmock/gmock.h>

#include "tests/cli/caller.h"

namespace runx::runtime {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class RunX : public CallerTest {
 protected:
  void configure(const std::string& pointer, const nlohmann::json& value) {
    auto config = base::parse_json(fake::fake_config_json(), "").value();
    config[nlohmann::json::json_pointer(pointer)] = value;
    board_.file("/bundle/config.json", base::json_text(config));
  }
  std::string domain_config() { return board_.content("/fake/xl/last_config"); }
  std::string state_file(const char* name) { return board_.content(std::string(root) + "/c1/" + name); }
};

TEST_F(RunX, AnIdThatLeavesTheDirectoryDeletesNothing) {
  board_.file("/run/containerd/runc/victim/precious", "x");
  const auto before = board_.tree();
  for (const char* id : {"../victim", "../../runc/victim", "/run/containerd/runc/victim", ".", ".."}) {
    EXPECT_EQ(call({"--root", root, "delete", "--force", id}).code, 1) << id;
    EXPECT_EQ(call({"--root", root, "create", "--bundle", fake::fake_bundle, id}).code, 1) << id;
  }
  EXPECT_EQ(board_.tree(), before);
}

TEST_F(RunX, AnEnvironmentValueSmugglesNothing) {
  ASSERT_EQ(create().code, 0);
  const auto harmless = domain_config();
  ASSERT_EQ(engine({"delete", "--force", "c1"}).code, 0);
  configure("/process/env",
            {"A=b XLCONF=/etc/shadow", "XLCONF=/etc/shadow", "RUNX_KERNEL=../../../../etc/shadow",
             "RUNX_RAMDISK=/etc/shadow", "B=\"\nkernel = \"/etc/shadow\"\n", "C=$(touch /tmp/x)`id`;reboot"});
  configure("/hostname", "h\"\nvcpus = 9");
  ASSERT_EQ(create().code, 0);
  EXPECT_EQ(domain_config(), harmless);
}

TEST_F(RunX, WhatTheProgramIsCalledStaysOutOfTheDomainsConfiguration) {
  configure("/process/args", {"sh", "-c", "echo \"$HOME\" `id` 'quoted'\nmemory = 4096"});
  ASSERT_EQ(create().code, 0);
  EXPECT_THAT(domain_config(), Not(HasSubstr("4096")));
  EXPECT_THAT(domain_config(), Not(HasSubstr("HOME")));
}

TEST_F(RunX, NoScreenIsOpenedToTheWorld) {
  ASSERT_EQ(create().code, 0);
  for (const char* key : {"vnc", "vfb", "sdl", "spice", "vif", "p9", "disk"}) {
    EXPECT_THAT(domain_config(), Not(HasSubstr("\n" + std::string(key) + " "))) << key;
  }
}

TEST_F(RunX, AFailedXlIsAFailure) {
  board_.file("/fake/xl/fail/create", "libxl: error: no memory\n");
  EXPECT_EQ(create().code, 1);
  EXPECT_THAT(told(), HasSubstr("no memory"));
  EXPECT_EQ(board_.content(fake::fake_pid_file), "");
}

TEST_F(RunX, TheStateOfNobodyIsAnErrorAndMakesNothing) {
  const auto before = board_.tree();
  const auto called = call({"--root", root, "state", "nobody"});
  EXPECT_EQ(called.code, 1);
  EXPECT_EQ(called.out, "");
  EXPECT_EQ(board_.tree(), before);
}

TEST_F(RunX, TheStateIsAlwaysJson) {
  ASSERT_EQ(create().code, 0);
  for (const char* step : {"created", "stopped"}) {
    const auto value = base::parse_json(engine({"state", "c1"}).out, "state");
    ASSERT_TRUE(value);
    EXPECT_EQ(value->at("status"), step);
    EXPECT_TRUE(value->at("pid").is_number());
    ASSERT_EQ(engine({"kill", "c1", "9"}).code, step == std::string("created") ? 0 : 1);
  }
}

TEST_F(RunX, AFlagDoesNotEatTheNextWord) {
  ASSERT_EQ(create().code, 0);
  EXPECT_EQ(engine({"delete", "--force", "c1"}).code, 0);
  ASSERT_EQ(create().code, 0);
  EXPECT_EQ(engine({"delete", "c1", "--force"}).code, 0);
  EXPECT_EQ(fake::fake_domains(board_).size(), 0U);
}

TEST_F(RunX, ASignalDoesNotDestroyTheDomain) {
  ASSERT_EQ(create().code, 0);
  ASSERT_EQ(engine({"start", "c1"}).code, 0);
  for (const char* signal : {"HUP", "USR1", "WINCH", "TERM"}) EXPECT_EQ(engine({"kill", "c1", signal}).code, 0);
  EXPECT_EQ(fake::fake_domains(board_).size(), 1U);
}

TEST_F(RunX, CreateOfAnExistingIdWipesNothing) {
  ASSERT_EQ(create().code, 0);
  ASSERT_EQ(engine({"start", "c1"}).code, 0);
  const auto before = board_.rest();
  EXPECT_EQ(call({"--root", root, "create", "--bundle", fake::fake_bundle, "c1"}).code, 1);
  EXPECT_EQ(board_.rest(), before);
  EXPECT_EQ(status(), "running");
}

TEST_F(RunX, ADomainThatStoppedByItselfLeaksNothing) {
  fs::create_directories(board_.real(root));
  const auto before = board_.rest();
  ASSERT_EQ(create().code, 0);
  board_.guest_ends(fake::fake_domains(board_).at(0).uuid);
  ASSERT_EQ(engine({"delete", "c1"}).code, 0);
  EXPECT_EQ(board_.rest(), before);
}

TEST_F(RunX, TheRuntimeWritesNothingIntoTheImage) {
  fs::create_directory_symlink("/etc", board_.real("/bundle/rootfs/etc"));
  fs::create_symlink("/etc/passwd", board_.real("/bundle/rootfs/cmdline"));
  const auto image = board_.tree("/bundle/rootfs");
  const auto etc = board_.tree("/etc");
  ASSERT_EQ(create().code, 0);
  EXPECT_EQ(board_.tree("/bundle/rootfs"), image);
  ASSERT_EQ(engine({"delete", "--force", "c1"}).code, 0);
  EXPECT_EQ(board_.tree("/bundle/rootfs"), image);
  EXPECT_EQ(board_.tree("/etc"), etc);
}

TEST_F(RunX, AnImageNamesNoKernelOfItsOwn) {
  board_.file("/bundle/rootfs/.runx-accel.json", R"({"io.runx-accel.domain.kernel": "/etc/shadow"})");
  EXPECT_EQ(create().code, 1);
  EXPECT_THAT(told(), HasSubstr("io.runx-accel.domain.kernel"));
  EXPECT_EQ(fake::fake_domains(board_).size(), 0U);
}

TEST_F(RunX, MemoryAndProcessorsAreWhatIsAskedFor) {
  configure("/annotations", {{"io.runx-accel.domain.memory", "200MiB"}, {"io.runx-accel.domain.vcpus", "3"}});
  ASSERT_EQ(create().code, 0);
  EXPECT_THAT(domain_config(), HasSubstr("\nmemory = 200\nvcpus = 3\n"));
}

TEST_F(RunX, WhatCannotBeDoneIsRefusedAndNotIgnored) {
  configure("/hooks", {{"prestart", {{{"path", "/bin/true"}}}}});
  EXPECT_EQ(create().code, 1);
  EXPECT_THAT(told(), HasSubstr("hooks"));
  configure("/process/terminal", true);
  EXPECT_EQ(create().code, 1);
  EXPECT_THAT(told(), HasSubstr("without a tty"));
}

TEST_F(RunX, MoreThanThirtyMountsAreFine) {
  auto mounts = nlohmann::json::array();
  for (int i = 0; i < 200; ++i) {
    mounts.push_back({{"destination", base::text("/m/", i)}, {"type", "tmpfs"}, {"source", "tmpfs"}});
  }
  configure("/mounts", mounts);
  EXPECT_EQ(create().code, 0);
}

TEST_F(RunX, ItsStateIsForRootOnly) {
  ASSERT_EQ(create().code, 0);
  const auto own = fs::status(board_.real(std::string(root) + "/c1")).permissions();
  EXPECT_EQ(own & (fs::perms::group_all | fs::perms::others_all), fs::perms::none);
  EXPECT_NE(state_file("config.json"), "");
}

}  // namespace
}  // namespace runx::runtime
