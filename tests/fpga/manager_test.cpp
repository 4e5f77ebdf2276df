// SPDX-License-Identifier: Apache-2.0
#include "fpga/manager.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <thread>

#include <fcntl.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sha256.h"
#include "bitstream/bitstream.h"
#include "tests/fake/bitstream.h"
#include "tests/fake/fake_fpga.h"

namespace runx::fpga {
namespace {

using fake::FakeHost;
using testing::AllOf;
using testing::HasSubstr;

const std::string sysfs = fake::fpga_path;

class FpgaManager : public testing::Test {
 protected:
  void SetUp() override {
    fake::add_fake_fpga(host_);
    host_.file(firmware_path("runx/a.bin"), image_);
  }

  Manager manager() {
    const auto found = find_manager(host_, fake::fpga_name);
    EXPECT_TRUE(found) << found.error().what;
    return found.value_or(Manager{});
  }

  base::Status load(Flags flags = flag_partial) { return program(host_, manager(), "runx/a.bin", flags); }

  // What is expected of every failure: nothing was loaded, and the flags are 0 again.
  std::string failure(const base::Status& status, int error) {
    EXPECT_FALSE(status);
    if (status) return "";
    EXPECT_EQ(status.error().code.value(), error) << status.error().what;
    EXPECT_EQ(host_.content("/fake/fpga/loads"), "0");
    EXPECT_EQ(host_.content(sysfs + "/flags"), "0\n");
    return status.error().what;
  }

  FakeHost host_;
  std::string image_ = fake::make_stream({});
};

TEST_F(FpgaManager, IsFoundByItsNameWhateverItsNumber) {
  host_.file("/sys/class/fpga_manager/fpga1/name", "Another FPGA Manager\n");
  host_.file("/sys/class/fpga_manager/fpga1/firmware", "");
  host_.file("/sys/class/fpga_manager/fpga1/flags", "0\n");
  const auto other = find_manager(host_, "Another FPGA Manager");
  ASSERT_TRUE(other) << other.error().what;
  EXPECT_EQ(other->path, "/sys/class/fpga_manager/fpga1");
  EXPECT_EQ(manager().path, sysfs);
}

TEST_F(FpgaManager, IsSoughtExactly) {
  const auto found = find_manager(host_, "Xilinx ZynqMP FPGA");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, std::errc::no_such_device);
  EXPECT_THAT(found.error().what, AllOf(HasSubstr("no fpga manager 'Xilinx ZynqMP FPGA' in /sys/class/fpga_manager"),
                                        HasSubstr("there are 'Xilinx ZynqMP FPGA Manager'")));
}

TEST_F(FpgaManager, IsMissedWhereThereIsNone) {
  FakeHost bare;
  const auto found = find_manager(bare, fake::fpga_name);
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().what, HasSubstr("it is empty"));
}

TEST_F(FpgaManager, IsSoughtOnWhenANameCannotBeRead) {
  host_.directory("/sys/class/fpga_manager/fpga-without-name");
  EXPECT_EQ(manager().path, sysfs);
}

TEST_F(FpgaManager, NeedsTheVendorsAttributes) {
  for (const char* attribute : {"firmware", "flags"}) {
    FakeHost stock;
    stock.file("/sys/class/fpga_manager/fpga0/name", std::string(fake::fpga_name) + "\n");
    if (std::string(attribute) != "firmware") stock.file("/sys/class/fpga_manager/fpga0/firmware", "");
    const auto found = find_manager(stock, fake::fpga_name);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, std::errc::function_not_supported);
    EXPECT_THAT(found.error().what,
                HasSubstr(std::string("has no '") + attribute + "' attribute: the kernel is not the"));
  }
}

TEST_F(FpgaManager, LoadsWithFlagsInForceAndTakesThemBack) {
  const auto done = load(0x11);
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(host_.content("/fake/fpga/loads"), "1");
  EXPECT_EQ(host_.content("/fake/fpga/last_length"), std::to_string(image_.size()));
  EXPECT_EQ(host_.content("/fake/fpga/last_sha256"), base::sha256_hex(base::bytes_of(image_)));
  EXPECT_EQ(host_.content("/fake/fpga/last_flags"), "11") << "hexadecimal, without 0x";
  EXPECT_EQ(host_.content(sysfs + "/flags"), "0\n");
  EXPECT_EQ(host_.content(sysfs + "/state"), "operating\n");
}

TEST_F(FpgaManager, OverridesFlagsThatSomebodyLeft) {
  host_.file(sysfs + "/flags", "20\n");
  ASSERT_TRUE(load(0));
  EXPECT_EQ(host_.content("/fake/fpga/last_flags"), "0");
}

TEST_F(FpgaManager, SaysWhatTheKernelSaid) {
  ASSERT_TRUE(host_.remove(firmware_path("runx/a.bin")));
  EXPECT_THAT(failure(load(), ENOENT),
              AllOf(HasSubstr("'Xilinx ZynqMP FPGA Manager' did not load /lib/firmware/runx/a.bin (flags 0x1)"),
                    HasSubstr("No such file or directory"), HasSubstr("its state is 'firmware request error'")));
}

TEST_F(FpgaManager, SaysWhatTheDeviceSaid) {
  host_.file(firmware_path("runx/a.bin"), "no bitstream");
  EXPECT_THAT(failure(load(), EINVAL), HasSubstr("its status 'reconfig invalid image'"));
  host_.file(firmware_path("runx/a.bin"), image_);
  host_.file("/fake/fpga/fail_next", std::to_string(ETIMEDOUT));
  EXPECT_THAT(failure(load(), ETIMEDOUT),
              AllOf(HasSubstr("its state is 'write error'"), HasSubstr("its status 'reconfig operation error'")));
  EXPECT_TRUE(load()) << "the next one comes through";
}

TEST_F(FpgaManager, DoesNotBelieveAWriteThatSucceeds) {
  host_.on_attribute(sysfs + "/firmware", [](std::string_view) { return 0; });
  EXPECT_THAT(failure(load(), EIO), AllOf(HasSubstr("the write succeeded but the device is not operating"),
                                          HasSubstr("its state is 'unknown'")));
}

TEST_F(FpgaManager, PutsStatusLinesInOneSentence) {
  host_.file(sysfs + "/status", "reconfig CRC error\nreconfig incomplete data error\n");
  host_.fail("write_attribute", sysfs + "/firmware", EIO);
  EXPECT_THAT(failure(load(), EIO), HasSubstr("its status 'reconfig CRC error;reconfig incomplete data error'"));
}

TEST_F(FpgaManager, TakesTheFlagsBackAfterEveryFailure) {
  host_.fail("write_attribute", sysfs + "/flags", EPERM);
  failure(load(), EPERM);
  host_.fail("write_attribute", sysfs + "/firmware", EBUSY);
  failure(load(), EBUSY);
  host_.fail("read", sysfs + "/state", EIO);
  const auto done = load();
  ASSERT_FALSE(done);
  EXPECT_EQ(host_.content(sysfs + "/flags"), "0\n");
}

TEST_F(FpgaManager, SaysThatTheFlagsStay) {
  int writes = 0;
  host_.on_attribute(sysfs + "/flags", [&](std::string_view) { return ++writes == 2 ? EIO : 0; });
  const auto loaded = load();
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().what, HasSubstr("is loaded, but the flags of the fpga manager stay"));

  writes = 0;
  host_.fail("write_attribute", sysfs + "/firmware", EBUSY);
  const auto failed = load();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, std::errc::device_or_resource_busy) << "the first cause counts";
  EXPECT_THAT(failed.error().what, HasSubstr("and its flags stay at 0x1"));
}

TEST_F(FpgaManager, ShowsAQuestionMarkForWhatItCannotRead) {
  host_.fail("write_attribute", sysfs + "/firmware", EIO);
  host_.fail("read", sysfs + "/status", EACCES);
  EXPECT_THAT(failure(load(), EIO), HasSubstr("its status '?'"));
}

TEST_F(FpgaManager, RefusesNamesThatTheKernelMustNotSee) {
  const std::string at_limit(254, 'n');
  const struct {
    std::string name;
    const char* why;
  } cases[] = {
      {"", "is not a name below /lib/firmware"},
      {"/etc/passwd", "is not a name below /lib/firmware"},
      {at_limit + "n", "longer than the 254 bytes"},
      {"a\nb", "control character"},
      {std::string("a\0b", 3), "control character"},
      {"a/../../etc/shadow", "'..'"},
      {"..", "'..'"},
  };
  for (const auto& [name, why] : cases) {
    EXPECT_THAT(failure(program(host_, manager(), name, 0), EINVAL), HasSubstr(why));
  }
  host_.file(firmware_path(at_limit), image_);
  EXPECT_TRUE(program(host_, manager(), at_limit, 0));
}

TEST_F(FpgaManager, WaitsForTheOneBeforeIt) {
  ASSERT_TRUE(load());
  std::atomic<bool> done = false;
  auto held = host_.lock("/run/runx-accel/fpga.lock");
  ASSERT_TRUE(held);
  // Another process: a host of its own on the same folder.
  std::thread other([&] {
    FakeHost second(host_.real(""));
    fake::add_fake_fpga(second);
    const auto found = find_manager(second, fake::fpga_name);
    EXPECT_TRUE(found && program(second, *found, "runx/a.bin", flag_partial));
    done = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_FALSE(done);
  held->reset();
  other.join();
  EXPECT_TRUE(done);
  EXPECT_EQ(host_.content("/fake/fpga/loads"), "2");
}

TEST_F(FpgaManager, TouchesNothingWithoutTheLock) {
  for (const char* operation : {"make_directories", "open", "lock"}) {
    host_.fail(operation, "", EROFS);
    EXPECT_THAT(failure(load(), EROFS), HasSubstr("cannot reserve the fpga manager"));
    host_.fail(operation, "", EROFS);
    EXPECT_FALSE(reset_flags(host_, manager()));
  }
}

TEST_F(FpgaManager, HasItsFlagsResetAfterAKill) {
  const auto found = manager();
  host_.crash_at(5);  // directories, open, lock, flags | firmware
  EXPECT_THROW((void)program(host_, found, "runx/a.bin", flag_partial), fake::Crash);
  host_.no_faults();
  EXPECT_EQ(host_.content(sysfs + "/flags"), "1\n");
  ASSERT_TRUE(reset_flags(host_, found));
  EXPECT_EQ(host_.content(sysfs + "/flags"), "0\n");
}

TEST(FirmwarePath, IsBelowTheKernelsFolder) { EXPECT_EQ(firmware_path("runx/a"), "/lib/firmware/runx/a"); }

}  // namespace
}  // namespace runx::fpga
