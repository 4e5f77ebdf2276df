// SPDX-License-Identifier: Apache-2.0
// The vectors of spec/vectors for the host's files: board-*.json and policy-*.json.
#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/host.h"
#include "base/json.h"
#include "plan/board.h"
#include "plan/policy.h"

namespace runx::plan {
namespace {

// Nothing, or what the reader complains of.
std::optional<std::string> complaint(const std::string& name, const std::string& text) {
  if (name.starts_with("board-")) {
    const auto board = parse_board(text, "board.json");
    return board ? std::nullopt : std::optional(board.error().what);
  }
  const auto policy = parse_policy(text, "policy.json");
  return policy ? std::nullopt : std::optional(policy.error().what);
}

TEST(HostVectors, AreReadAsExpected) {
  base::Host files;
  unsigned boards = 0;
  unsigned policies = 0;
  for (const auto& entry : std::filesystem::directory_iterator(RUNX_SOURCE_DIR "/spec/vectors")) {
    const auto name = entry.path().stem().string();
    const bool is_board = name.starts_with("board-");
    if (!is_board && !name.starts_with("policy-")) continue;
    ++(is_board ? boards : policies);
    const auto vector = base::parse_json(files.read(entry.path().string()).value(), name).value();
    const auto why = complaint(name, vector.at("text").get<std::string>());
    const auto& expect = vector.at("expect");
    ASSERT_EQ(expect.size(), 1U) << name;
    if (expect.contains("accepted")) {
      EXPECT_EQ(why, std::nullopt) << name;
    } else {
      ASSERT_TRUE(why) << name << " is accepted";
      EXPECT_NE(why->find(expect.at("error").get<std::string>()), std::string::npos) << name << ": " << *why;
    }
  }
  EXPECT_GE(boards, 15U);
  EXPECT_GE(policies, 15U);
}

}  // namespace
}  // namespace runx::plan
