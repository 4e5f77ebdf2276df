// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "tests/fake/fake_host.h"

namespace runx::oci {
namespace {

using nlohmann::json;
using testing::HasSubstr;

State some() {
  State state;
  state.id = "c1";
  state.bundle = "/bundle";
  state.rootfs = "/bundle/rootfs";
  state.created = "2026-11-22T05:00:00Z";
  state.status = Status::running;
  state.uuid = "11111111-2222-8333-8444-555555555555";
  state.domid = 7;
  state.monitor = 1000;
  state.monitor_start = 6000;
  state.annotations = {{"a", "b"}, {"quote\"", "line\n"}};
  return state;
}

class StateTest : public testing::Test {
 protected:
  StateTest() { host_.directory("/run/c1"); }
  void process(const std::string& rest) { host_.file("/proc/1000/stat", "1000 " + rest); }
  fake::FakeHost host_;
};

TEST(Id, IsAFilesNameAndNothingElse) {
  for (const char* good : {"a", "A-b_c.9", "...", "-x", "0123456789abcdef"}) EXPECT_TRUE(check_id(good)) << good;
  EXPECT_TRUE(check_id(std::string(255, 'a')));
  EXPECT_FALSE(check_id(std::string(256, 'a')));
  const std::vector<std::string> hostile{"",
                                         ".",
                                         "..",
                                         "../victim",
                                         "a/b",
                                         "/",
                                         "a b",
                                         "a\n",
                                         "a\t",
                                         "\"",
                                         "'",
                                         "$HOME",
                                         "`id`",
                                         "a;b",
                                         "*",
                                         "\xc3\xa4",
                                         "a\\b",
                                         std::string("a\0b", 3),
                                         std::string(1025, 'a')};
  for (const auto& id : hostile) EXPECT_FALSE(check_id(id)) << id;
}

TEST_F(StateTest, ComesBackAsItWasWritten) {
  ASSERT_TRUE(write_state(host_, "/run/c1", some()));
  const auto read = read_state(host_, "/run/c1");
  ASSERT_TRUE(read) << read.error().what;
  const auto wrote = some();
  EXPECT_EQ(read->id, wrote.id);
  EXPECT_EQ(read->bundle, wrote.bundle);
  EXPECT_EQ(read->rootfs, wrote.rootfs);
  EXPECT_EQ(read->created, wrote.created);
  EXPECT_EQ(read->status, wrote.status);
  EXPECT_EQ(read->uuid, wrote.uuid);
  EXPECT_EQ(read->domid, wrote.domid);
  EXPECT_EQ(read->monitor, wrote.monitor);
  EXPECT_EQ(read->monitor_start, wrote.monitor_start);
  EXPECT_EQ(read->boot, wrote.boot);
  EXPECT_EQ(read->annotations, wrote.annotations);
}

TEST_F(StateTest, WhatIsNoStateIsRefusedWhole) {
  ASSERT_TRUE(write_state(host_, "/run/c1", some()));
  const auto good = host_.content("/run/c1/state.json");
  for (std::size_t size = 0; size + 1 < good.size(); ++size) {
    host_.file("/run/c1/state.json", good.substr(0, size));
    EXPECT_FALSE(read_state(host_, "/run/c1")) << size;
  }
  const auto value = base::parse_json(good, "").value();
  for (const auto& [key, field] : value.items()) {
    auto broken = value;
    broken.erase(key);
    host_.file("/run/c1/state.json", base::json_text(broken));
    EXPECT_FALSE(read_state(host_, "/run/c1")) << key;
    broken[key] = json::array();
    host_.file("/run/c1/state.json", base::json_text(broken));
    EXPECT_FALSE(read_state(host_, "/run/c1")) << key;
  }
  auto strange = value;
  strange["status"] = "paused";
  host_.file("/run/c1/state.json", base::json_text(strange));
  EXPECT_THAT(read_state(host_, "/run/c1").error().what, HasSubstr("unknown status"));
}

TEST_F(StateTest, TheMonitorDecidesWhetherItHasStopped) {
  auto state = some();
  EXPECT_EQ(current_status(host_, state), Status::stopped);  // there is no such process
  process("(runx-accel) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 6000 0 0");
  EXPECT_EQ(current_status(host_, state), Status::running);
  state.status = Status::created;
  EXPECT_EQ(current_status(host_, state), Status::created);
  state.monitor_start = 6001;  // the pid belongs to somebody else now
  EXPECT_EQ(current_status(host_, state), Status::stopped);
  state.status = Status::creating;
  EXPECT_EQ(current_status(host_, state), Status::creating);
  state = some();
  state.monitor = 0;
  EXPECT_EQ(current_status(host_, state), Status::stopped);
}

TEST(StateJson, IsWhatTheSpecificationAndItsCallersAskFor) {
  const auto value = base::parse_json(state_json(some(), Status::running), "").value();
  EXPECT_EQ(value, json({{"ociVersion", "1.3.0"},
                         {"id", "c1"},
                         {"status", "running"},
                         {"pid", 1000},
                         {"bundle", "/bundle"},
                         {"rootfs", "/bundle/rootfs"},
                         {"created", "2026-11-22T05:00:00Z"},
                         {"owner", ""},
                         {"annotations", {{"a", "b"}, {"quote\"", "line\n"}}}}));
  EXPECT_EQ(base::parse_json(state_json(some(), Status::stopped), "").value().at("pid"), 0);
  EXPECT_EQ(base::parse_json(state_json(some(), Status::creating), "").value().at("pid"), 0);
}

TEST(StateJson, TimesAreRfc3339) {
  EXPECT_THAT(now_rfc3339(), testing::MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"));
}

TEST_F(StateTest, AMonitorDoesNotSurviveAReboot) {
  constexpr const char* boot_file = "/proc/sys/kernel/random/boot_id";
  auto state = some();
  host_.file(base::text("/proc/", state.monitor, "/stat"),
             base::text(state.monitor, " (a) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 ", state.monitor_start, " 0 0"));
  host_.file(boot_file, "one\n");
  state.boot = boot_id(host_).value();
  EXPECT_TRUE(monitor_alive(host_, state));
  // Who cannot be asked counts as alive.
  host_.fail("read", boot_file, EMFILE);
  EXPECT_TRUE(monitor_alive(host_, state));
  host_.file(boot_file, "two\n");
  EXPECT_FALSE(monitor_alive(host_, state));
}

}  // namespace
}  // namespace runx::oci
