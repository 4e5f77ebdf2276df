// SPDX-License-Identifier: Apache-2.0
#pragma once

// The command line as containerd and podman call it, on a fake machine, in this process.

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "runtime/cli.h"
#include "runtime/container.h"
#include "tests/fake/fake_board.h"

namespace runx::runtime {

struct Called {
  int code = 0;
  std::string out;
  std::string err;
};

class CallerTest : public testing::Test {
 protected:
  Called call(const std::vector<std::string>& arguments) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Called called;
    called.code = run_cli(board_, arguments);
    called.out = testing::internal::GetCapturedStdout();
    called.err = testing::internal::GetCapturedStderr();
    return called;
  }

  // With the flags that containerd puts in front of each command.
  Called engine(const std::vector<std::string>& command) {
    std::vector<std::string> all{"--root", root, "--log", log, "--log-format", "json"};
    all.insert(all.end(), command.begin(), command.end());
    return call(all);
  }
  Called create(const std::string& id = "c1") {
    return engine({"create", "--bundle", fake::fake_bundle, "--pid-file", fake::fake_pid_file, id});
  }
  std::string status(const std::string& id = "c1") {
    const auto value = base::parse_json(engine({"state", id}).out, "state");
    return value ? value->value("status", "") : "none";
  }

  // What containerd would show to its user: the msg of the last line, which must be whole.
  std::string told() {
    auto text = board_.content(log);
    if (text.empty()) return "";
    EXPECT_EQ(text.back(), '\n');
    text.pop_back();
    const auto line = base::parse_json(text.substr(text.rfind('\n') + 1), "the log's last line");
    EXPECT_TRUE(line && line->value("level", "") == "error") << text;
    if (!line) return "";
    EXPECT_TRUE(line->contains("time"));
    return line->value("msg", "");
  }

  static constexpr const char* root = "/run/containerd/runc/default";
  static constexpr const char* log = "/bundle/log.json";
  fake::FakeBoard board_;
};

}  // namespace runx::runtime
