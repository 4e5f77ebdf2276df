// SPDX-License-Identifier: Apache-2.0
#include "plan/board.h"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "tests/fake/fake_board.h"

namespace runx::plan {
namespace {

using nlohmann::json;
using testing::HasSubstr;

json good() { return base::parse_json(fake::fake_board_json(), "").value(); }

// The board file with one member replaced (or removed, by null).
std::string with(const std::string& pointer, const json& value) {
  auto board = good();
  const json::json_pointer at(pointer);
  if (value.is_null()) {
    board[at.parent_pointer()].erase(at.back());
  } else {
    board[at] = value;
  }
  return base::json_text(board);
}

std::string complaint(const std::string& text) {
  const auto board = parse_board(text, "board.json");
  return board ? "none" : board.error().what;
}

TEST(BoardFile, IsReadWhole) {
  const auto board = parse_board(fake::fake_board_json(), "board.json");
  ASSERT_TRUE(board) << board.error().what;
  EXPECT_EQ(board->name, "a board of paper");
  EXPECT_EQ(board->boot_tree, "/boot/xen.dtb");
  EXPECT_EQ(board->guest_kernel, "/usr/lib/runx-accel/guest-kernel");
  EXPECT_EQ(board->guest_command_line, "uio_pdrv_genirq.of_id=cdns,ttc");
  ASSERT_EQ(board->regions.size(), 2U);
  EXPECT_EQ(board->regions[0].name, "pr0");
  EXPECT_EQ(board->regions[0].manager, "Xilinx ZynqMP FPGA Manager");
  EXPECT_EQ(board->regions[0].idcodes, (std::vector<std::uint32_t>{0x04A49093, 0x04724093}));
  EXPECT_EQ(board->clock_rates.at("/axi/timer@ff110000"), std::vector<std::uint64_t>{100000000});
}

TEST(BoardFile, NeedsLittle) {
  const auto board = parse_board(R"({"schema": 1, "name": "x", "bootTree": "/boot/xen.dtb"})", "board.json");
  ASSERT_TRUE(board) << board.error().what;
  EXPECT_EQ(board->guest_kernel, "/usr/lib/runx-accel/guest-kernel");
  EXPECT_EQ(board->guest_command_line, "");
  EXPECT_TRUE(board->regions.empty());
}

TEST(BoardFile, TheOneOfTheEmulatedBoardIsGood) {
  std::ifstream file(RUNX_SOURCE_DIR "/examples/board/board.json");
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_EQ(complaint(text.str()), "none");
}

struct Wrong {
  std::string text;
  std::string says;
};

TEST(BoardFile, EveryMistakeHasItsSentence) {
  const std::vector<Wrong> all{
      {"", "board.json is not JSON"},
      {"[]", "board.json is not an object"},
      {"{\"name\": 1, \"name\": 2}", "\"name\" stands twice"},
      {with("/schema", nullptr), "board.json needs \"schema\": 1"},
      {with("/schema", 2), "needs \"schema\": 1"},
      {with("/schema", "1"), "needs \"schema\": 1"},
      {with("/name", nullptr), "needs \"name\", a string"},
      {with("/name", 7), "needs \"name\", a string"},
      {with("/bootTree", nullptr), "needs \"bootTree\", a string"},
      {with("/bootTree", "boot/xen.dtb"), "\"bootTree\" is not an absolute path"},
      {with("/bootTree", "/boot/../etc/shadow"), "\"bootTree\" is not an absolute path"},
      {with("/region", json::array()), "has the unknown key \"region\": did you mean \"regions\"?"},
      {with("/guest", 1), "board.json: \"guest\" is not an object"},
      {with("/guest/kernel", "kernel"), "\"guest\": \"kernel\" is not an absolute path"},
      {with("/guest/kernal", "/k"), "\"guest\" has the unknown key \"kernal\": did you mean \"kernel\"?"},
      {with("/guest/commandLine", 5), "needs \"commandLine\", a string"},
      {with("/regions", json::object()), "\"regions\" is not a list"},
      {with("/regions/0", "pr0"), "region 1 is not an object"},
      {with("/regions/1/name", nullptr), "region 2 needs \"name\""},
      {with("/regions/1/name", "PR 1"),
       "region 2: a region's name is [a-z0-9-]{1,32} without a dash at either end, and not \"any\""},
      {with("/regions/1/name", "any"), "and not \"any\""},
      {with("/regions/1/name", "pr0"), "two regions are called pr0"},
      {with("/regions/0/manager", nullptr), "region 1 needs \"manager\""},
      {with("/regions/0/idcodes", nullptr), "region 1 needs \"idcodes\", a list of at least one"},
      {with("/regions/0/idcodes", json::array()), "a list of at least one"},
      {with("/regions/0/idcodes", "04A49093"), "a list of at least one"},
      {with("/regions/0/idcodes/0", 0x04A49093), "an IDCODE is a string of 8 hexadecimal digits"},
      {with("/regions/0/idcodes/0", "0x04A490"), "8 hexadecimal digits"},
      {with("/regions/0/idcodes/0", "04A4909"), "8 hexadecimal digits"},
      {with("/regions/0/idcodes/0", "04A490933"), "8 hexadecimal digits"},
      {with("/regions/0/idcodes/0", "04A4909Z"), "8 hexadecimal digits"},
      {with("/regions/0/idcode", "04A49093"), "unknown key \"idcode\": did you mean \"idcodes\"?"},
      {with("/clockRates", json::array()), "\"clockRates\" maps the path of a node to a list of rates"},
      {with("/clockRates/timer", json::array()), "\"clockRates\" maps"},
      {with("/clockRates/~1axi~1timer@ff110000", 100), "\"clockRates\" maps"},
      {with("/clockRates/~1axi~1timer@ff110000/0", 0), "\"clockRates\" maps"},
      {with("/clockRates/~1axi~1timer@ff110000/0", -5), "\"clockRates\" maps"},
      {with("/clockRates/~1axi~1timer@ff110000/0", "100"), "\"clockRates\" maps"},
  };
  for (const auto& wrong : all) EXPECT_THAT(complaint(wrong.text), HasSubstr(wrong.says)) << wrong.text;
}

TEST(BoardFile, EveryPrefixIsRefused) {
  const auto text = base::json_text(good());
  for (std::size_t size = 0; size < text.size(); ++size) EXPECT_NE(complaint(text.substr(0, size)), "none") << size;
}

}  // namespace
}  // namespace runx::plan
