// SPDX-License-Identifier: Apache-2.0
#include "runtime/resources/resource.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fpga/manager.h"
#include "runtime/resources/bitstream.h"
#include "tests/fake/fake_board.h"
#include "tests/fake/fake_fpga.h"

namespace runx::resources {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* uuid = "0d9fa4d0-2a6c-8b5e-9d3e-111111111111";
constexpr const char* other_uuid = "0d9fa4d0-2a6c-8b5e-9d3e-222222222222";
const Owner owner{"/run/a", "one"};

class ResourceTest : public testing::Test {
 protected:
  // A bitstream of which a killed load left the firmware file.
  Record half_loaded() {
    plan::BitstreamStep step{.regions = {"pr0"}, .manager = fake::fpga_name};
    auto record = bitstream_record(step, uuid, "one");
    board_.file(fpga::firmware_path(record.fields.at("firmware")), "a stream");
    return record;
  }
  std::vector<std::string> firmware() { return board_.list("/lib/firmware").value(); }

  fake::FakeBoard board_;
};

TEST_F(ResourceTest, ADomainIsGivenBackAsOftenAsOneLikes) {
  xen::DomainConfig config;
  config.name = "runx-one";
  config.uuid = uuid;
  const auto record = domain_record(config);
  set_fake_domain(board_, {3, "(null)", uuid, "--p---", "64", "1"});
  set_fake_domain(board_, {4, "runx-one", other_uuid, "r-----", "64", "1"});
  for (int time = 0; time < 3; ++time) EXPECT_TRUE(release(board_, record, owner));
  ASSERT_EQ(fake::fake_domains(board_).size(), 1U);
  EXPECT_EQ(fake::fake_domains(board_)[0].id, 4U);
}

TEST_F(ResourceTest, ARecordOfALaterVersionIsNotSkipped) {
  const auto done = release(board_, {"overlay", {}}, owner);
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().what, HasSubstr("a record of kind \"overlay\""));
}

TEST_F(ResourceTest, UndoGoesBackwardsAndStopsAtWhatItCannotGiveBack) {
  ASSERT_TRUE(take_claim(board_, "region pr0", owner));
  const auto bitstream = half_loaded();
  const Journal journal{{claim_record("region pr0"), bitstream, {"overlay", {}}}, 0};
  EXPECT_THAT(undo(board_, journal, owner).error().what, testing::StartsWith("cannot give everything back: "));
  EXPECT_FALSE(firmware().empty());
  EXPECT_EQ(holders(board_).value().size(), 1U);
  const Journal shorter{{claim_record("region pr0"), bitstream}, 0};
  EXPECT_TRUE(undo(board_, shorter, owner));
  EXPECT_TRUE(undo(board_, shorter, owner));
  EXPECT_TRUE(firmware().empty());
  EXPECT_TRUE(holders(board_).value().empty());
}

}  // namespace
}  // namespace runx::resources
