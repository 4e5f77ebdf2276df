// SPDX-License-Identifier: Apache-2.0
#include "runtime/resources/resource.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sha256.h"
#include "tests/fake/bitstream.h"
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
  static Record bitstream(const std::string& key = uuid, const std::string& region = "pr0") {
    plan::BitstreamStep step;
    step.region = region;
    step.manager = fake::fpga_name;
    step.payload_digest = base::sha256_digest(base::bytes_of(fake::make_stream({})));
    return bitstream_record(step, key);
  }
  base::Status acquire(const Record& record) { return acquire_bitstream(board_, record, fake::make_stream({})); }
  std::vector<std::string> firmware() { return board_.list("/lib/firmware").value(); }
  std::string flags() { return board_.content(std::string(fake::fpga_path) + "/flags"); }

  fake::FakeBoard board_;
};

TEST_F(ResourceTest, ABitstreamIsTakenAndGivenBack) {
  const auto before = board_.rest();
  ASSERT_TRUE(acquire(bitstream()));
  EXPECT_EQ(board_.loads(), 1U);
  EXPECT_EQ(board_.content("/fake/fpga/last_flags"), "1");
  for (int time = 0; time < 3; ++time) EXPECT_TRUE(release(board_, bitstream(), owner));
  EXPECT_EQ(board_.rest(), before);
}

TEST_F(ResourceTest, GivingBackOneBitstreamLeavesTheOther) {
  ASSERT_TRUE(acquire(bitstream()));
  ASSERT_TRUE(acquire(bitstream(other_uuid, "pr1")));
  ASSERT_TRUE(release(board_, bitstream(), owner));
  EXPECT_THAT(board_.list("/lib/firmware/runx-accel").value(),
              testing::ElementsAre(std::string(other_uuid) + "-pr1.bin"));
}

TEST_F(ResourceTest, GivingBackResetsFlagsThatAKilledLoadLeft) {
  board_.file(std::string(fake::fpga_path) + "/flags", "1\n");
  ASSERT_TRUE(release(board_, bitstream(), owner));
  EXPECT_EQ(flags(), "0\n");
}

TEST_F(ResourceTest, GivingBackTakesAwayHalfAFirmwareFile) {
  const auto path = "/lib/firmware/runx-accel/" + std::string(uuid) + "-pr0.bin.AbC123";
  board_.file(path, "half");
  board_.file("/lib/firmware/runx-accel/" + std::string(other_uuid) + "-pr0.bin.AbC123", "another's");
  ASSERT_TRUE(release(board_, bitstream(), owner));
  EXPECT_EQ(board_.list("/lib/firmware/runx-accel").value().size(), 1U);
}

TEST_F(ResourceTest, AnAbsentManagerIsNoReasonToKeepTheFile) {
  ASSERT_TRUE(acquire(bitstream()));
  fs::remove_all(board_.real(fake::fpga_path));
  EXPECT_TRUE(release(board_, bitstream(), owner));
  EXPECT_TRUE(firmware().empty());
}

TEST_F(ResourceTest, NorIsOneThatNeverCouldLoad) {
  for (const char* attribute : {"/firmware", "/flags"}) {
    fs::remove(board_.real(fake::fpga_path + std::string(attribute)));
    ASSERT_FALSE(acquire(bitstream()));
    EXPECT_TRUE(release(board_, bitstream(), owner)) << attribute;
  }
}

TEST_F(ResourceTest, ADirectoryThatAnotherContainerTakesAwayIsMadeAgain) {
  board_.fail("write", "/lib/firmware/runx-accel/" + std::string(uuid) + "-pr0.bin", ENOENT);
  EXPECT_TRUE(acquire(bitstream()));
  EXPECT_EQ(board_.loads(), 1U);
}

TEST_F(ResourceTest, AManagerThatCannotBeAskedIs) {
  ASSERT_TRUE(acquire(bitstream()));
  for (const auto& [operation, path] :
       {std::pair{"list", "/sys/class/fpga_manager"}, {"read", "/sys/class/fpga_manager/fpga0/name"}}) {
    board_.fail(operation, path, EIO);
    EXPECT_FALSE(release(board_, bitstream(), owner)) << operation;
    EXPECT_FALSE(firmware().empty());
  }
}

TEST_F(ResourceTest, AFailedLoadNamesTheRegionAndTheState) {
  board_.file("/fake/fpga/fail_next", "110");
  const auto done = acquire(bitstream());
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().what, HasSubstr("region pr0: the fpga manager"));
  EXPECT_THAT(done.error().what, HasSubstr("its state is 'write error'"));
  EXPECT_EQ(flags(), "0\n");
}

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
  ASSERT_TRUE(acquire(bitstream()));
  const Journal journal{{claim_record("region pr0"), bitstream(), {"overlay", {}}}, 0};
  EXPECT_THAT(undo(board_, journal, owner).error().what, testing::StartsWith("cannot give everything back: "));
  EXPECT_FALSE(firmware().empty());
  EXPECT_EQ(holders(board_).value().size(), 1U);
  const Journal shorter{{claim_record("region pr0"), bitstream()}, 0};
  EXPECT_TRUE(undo(board_, shorter, owner));
  EXPECT_TRUE(undo(board_, shorter, owner));
  EXPECT_TRUE(firmware().empty());
  EXPECT_TRUE(holders(board_).value().empty());
}

}  // namespace
}  // namespace runx::resources
