// SPDX-License-Identifier: Apache-2.0
#include "runtime/list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/sha256.h"
#include "bitstream/bitstream.h"
#include "fpga/manager.h"
#include "tests/fake/bitstream.h"
#include "tests/fake/fake_board.h"

namespace runx::runtime {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::MatchesRegex;

class ListTest : public testing::Test {
 protected:
  void create(const std::string& id) {
    const auto done = runtime::create(caller_, {.id = id, .bundle = fake::fake_bundle, .pid_file = ""});
    ASSERT_TRUE(done) << done.error().what;
  }
  std::string containers(ListFormat format) { return list_containers(caller_, format).value(); }
  std::string resources(ListFormat format) { return list_resources(caller_, format).value(); }
  json resources() { return base::parse_json(resources(ListFormat::json), "").value(); }

  fake::FakeBoard board_;
  Caller caller_{board_, fake::fake_root, {}};
};

TEST_F(ListTest, NoContainers) {
  EXPECT_EQ(containers(ListFormat::table), "ID  PID  STATUS  BUNDLE  CREATED\n");
  EXPECT_EQ(containers(ListFormat::json), "[]\n");
  EXPECT_EQ(containers(ListFormat::ids), "");
}

TEST_F(ListTest, AContainer) {
  create("c1");
  EXPECT_EQ(containers(ListFormat::ids), "c1\n");
  EXPECT_THAT(containers(ListFormat::table), MatchesRegex("ID  PID   STATUS   BUNDLE   CREATED\n"
                                                          "c1  1000  created  /bundle  20[^ ]*Z\n"));
  const auto list = base::parse_json(containers(ListFormat::json), "").value();
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].at("id"), "c1");
  EXPECT_EQ(list[0].at("status"), "created");
}

TEST_F(ListTest, ADamagedContainerDoesNotHideTheOthers) {
  create("c1");
  board_.file("/run/runx-accel/containers/c0/state.json", "{");
  EXPECT_EQ(containers(ListFormat::ids), "c1\n");
}

TEST_F(ListTest, FreeResources) {
  EXPECT_EQ(resources(ListFormat::table),
            "RESOURCE                                HOLDER  HOLDS\n"
            "region pr0                              -       not known\n"
            "region pr1                              -       not known\n"
            "device /axi/timer@ff110000              -       -\n"
            "device /axi/ethernet@ff0e0000           -       -\n"
            "device /axi/bus@a0000000                -       -\n"
            "device /axi/bus@a0000000/gpio@a0010000  -       -\n");
  EXPECT_EQ(resources(ListFormat::ids),
            "region pr0\nregion pr1\ndevice /axi/timer@ff110000\ndevice /axi/ethernet@ff0e0000\n"
            "device /axi/bus@a0000000\n"
            "device /axi/bus@a0000000/gpio@a0010000\n");
}

TEST_F(ListTest, WhoHoldsThemAndWhatTheyHold) {
  create("c1");
  const auto all = resources();
  EXPECT_EQ(all.at("board"), "a board of paper");
  const json owner{{"id", "c1"}, {"root", fake::fake_root}};
  EXPECT_EQ(all.at("regions").at(0).at("holder"), owner);
  EXPECT_EQ(all.at("regions").at(1).at("holder"), nullptr);
  EXPECT_EQ(all.at("regions").at(1).at("holds"), nullptr);
  EXPECT_EQ(all.at("devices").at(0),
            (json{{"path", fake::fake_timer}, {"compatible", {"cdns,ttc"}}, {"holder", owner}}));
  const auto digest =
      base::sha256_digest(base::bytes_of(bitstream::firmware_image(base::bytes_of(fake::make_stream({})))));
  EXPECT_EQ(all.at("regions").at(0).at("holds"),
            (json{{"digest", digest}, {"file", "/boot/aes.bit"}, {"container", "c1"}, {"full", false}}));
  EXPECT_THAT(resources(ListFormat::table),
              HasSubstr("region pr0                              c1      /boot/aes.bit (" + digest.substr(0, 19) +
                        "…, of container c1)\n"));
  ASSERT_TRUE(remove(caller_, "c1", true));
  EXPECT_EQ(resources().at("regions").at(0).at("holder"), nullptr);
  EXPECT_EQ(resources().at("regions").at(0).at("holds").at("digest"), digest) << "the fabric keeps the design";
}

TEST_F(ListTest, NeedsTheBoardsFiles) {
  board_.fail("read", "/boot/xen.dtb", EIO);
  EXPECT_THAT(list_resources(caller_, ListFormat::json).error().what, HasSubstr("the tree that Xen was booted with"));
  board_.file("/etc/runx-accel/board.json", "{");
  EXPECT_THAT(list_resources(caller_, ListFormat::json).error().what, HasSubstr("board.json"));
}

}  // namespace
}  // namespace runx::runtime
