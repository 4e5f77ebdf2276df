// SPDX-License-Identifier: Apache-2.0
#include "fpga/overlay.h"

#include <cerrno>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fpga/region_blob.h"
#include "fpga/region_overlay.h"
#include "tests/fake/fake_fpga.h"
#include "tests/fake/fake_overlay.h"

namespace runx::fpga {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const std::string overlays = fake::fake_overlays;

class Overlay : public testing::Test {
 protected:
  void SetUp() override {
    fake::add_fake_fpga(host_);
    fake::add_fake_overlays(host_);
    host_.directory("/proc/device-tree/chosen");
    // Any overlay will do; this one is for a node that is no region.
    host_.file(firmware_path("runx/a.dtbo"), region_overlay("/chosen", "runx/a.bin", 0).value());
    before_ = host_.tree("/sys");
  }

  // What is expected of every failure: nothing is left.
  std::string failure(const base::Status& status, int error) {
    EXPECT_FALSE(status);
    if (status) return "";
    EXPECT_EQ(status.error().code.value(), error) << status.error().what;
    EXPECT_EQ(host_.tree("/sys"), before_);
    EXPECT_FALSE(host_.Host::exists("/proc/device-tree/chosen/firmware-name"));
    return status.error().what;
  }

  fake::FakeHost host_;
  std::map<std::string, std::string> before_;
};

TEST_F(Overlay, IsAppliedAndRemoved) {
  const auto applied = apply_overlay(host_, "c1-pr0", "runx/a.dtbo");
  ASSERT_TRUE(applied) << applied.error().what;
  EXPECT_EQ(host_.content(overlays + "/c1-pr0/status"), "applied\n");
  EXPECT_EQ(host_.content("/proc/device-tree/chosen/firmware-name"), std::string("runx/a.bin") + '\0');
  ASSERT_TRUE(remove_overlay(host_, "c1-pr0"));
  EXPECT_EQ(host_.tree("/sys"), before_);
  EXPECT_FALSE(host_.Host::exists("/proc/device-tree/chosen/firmware-name"));
  EXPECT_TRUE(remove_overlay(host_, "c1-pr0")) << "removing twice is fine";
}

TEST_F(Overlay, DoesNotBelieveAWriteThatSucceeds) {
  EXPECT_THAT(
      failure(apply_overlay(host_, "c1", "runx/missing.dtbo"), ENOENT),
      AllOf(HasSubstr("overlay /sys/kernel/config/device-tree/overlays/c1 from /lib/firmware/runx/missing.dtbo"),
            HasSubstr("the kernel did not apply it: 'path' reads '', 'status' reads 'unapplied'"),
            HasSubstr("the kernel says: create_overlay: Failed to create overlay (err=-2)"),
            HasSubstr("No such file or directory")));
  host_.file(firmware_path("runx/broken.dtbo"), "no tree");
  EXPECT_THAT(failure(apply_overlay(host_, "c1", "runx/broken.dtbo"), EINVAL), HasSubstr("Invalid argument"));
}

TEST_F(Overlay, HasNoReasonWhereTheLogCannotBeRead) {
  host_.fail("open", "/dev/kmsg", EPERM);
  EXPECT_THAT(failure(apply_overlay(host_, "c1", "runx/missing.dtbo"), EIO),
              testing::Not(HasSubstr("the kernel says")));
}

TEST_F(Overlay, NeedsPathAndStatusToAgree) {
  host_.on_directory(
      overlays,
      [&](const std::string& directory) {
        host_.file(directory + "/path", "\n");
        host_.file(directory + "/status", "unapplied\n");
        host_.on_attribute(directory + "/path", [this, directory](std::string_view value) {
          host_.file(directory + "/path", std::string(value));
          return 0;
        });
        return 0;
      },
      [](const std::string&) { return 0; });
  EXPECT_THAT(failure(apply_overlay(host_, "c1", "runx/a.dtbo"), EIO),
              HasSubstr("'path' reads 'runx/a.dtbo', 'status' reads 'unapplied'"));
}

TEST_F(Overlay, HasTheDirectoryOfAnotherLeftAlone) {
  ASSERT_TRUE(apply_overlay(host_, "c1", "runx/a.dtbo"));
  const auto again = apply_overlay(host_, "c1", "runx/a.dtbo");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, std::errc::file_exists);
  EXPECT_EQ(host_.content(overlays + "/c1/status"), "applied\n");
}

TEST_F(Overlay, SaysWhatTheKernelSaysOfEachStep) {
  const struct {
    const char* operation;
    std::string path;
    int error;
  } cases[] = {
      {"list", overlays, EACCES},
      {"make_directory", overlays + "/c1", ENOMEM},
      {"write_attribute", overlays + "/c1/path", EPERM},
      {"read", overlays + "/c1/path", EIO},
      {"read", overlays + "/c1/status", EIO},
  };
  for (const auto& [operation, path, error] : cases) {
    host_.fail(operation, path, error);
    EXPECT_THAT(failure(apply_overlay(host_, "c1", "runx/a.dtbo"), error), HasSubstr(path));
  }
}

TEST_F(Overlay, SaysThatItStays) {
  host_.fail("remove", overlays + "/c1", EBUSY);
  const auto failed = apply_overlay(host_, "c1", "runx/missing.dtbo");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code.value(), ENOENT) << "the first cause counts";
  EXPECT_THAT(failed.error().what, HasSubstr("; and it stays: cannot remove " + overlays + "/c1"));
  ASSERT_TRUE(remove_overlay(host_, "c1"));
  EXPECT_EQ(host_.tree("/sys"), before_);
}

TEST(Overlays, AreFoundWhereOldToolsMountThem) {
  fake::FakeHost host;
  const auto none = find_overlays(host);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, std::errc::function_not_supported);
  EXPECT_THAT(none.error().what, HasSubstr("there is no /sys/kernel/config/device-tree/overlays: the kernel is not"));
  EXPECT_TRUE(remove_overlay(host, "c1"));
  host.directory("/configfs/device-tree/overlays/c1");
  EXPECT_EQ(find_overlays(host).value(), "/configfs/device-tree/overlays");
  EXPECT_TRUE(remove_overlay(host, "c1"));
  EXPECT_FALSE(host.Host::exists("/configfs/device-tree/overlays/c1"));
}

TEST(Overlays, HaveNamesThatAreNoPaths) {
  fake::FakeHost host;
  for (const char* name : {"", ".", "..", ".a", "a/b", "a b", "a\n", "ä"}) {
    EXPECT_FALSE(check_overlay_name(name)) << name;
    EXPECT_FALSE(apply_overlay(host, name, "a")) << name;
    EXPECT_FALSE(remove_overlay(host, name)) << name;
  }
  EXPECT_FALSE(check_overlay_name(std::string(65, 'a')));
  EXPECT_TRUE(check_overlay_name(std::string(64, 'a')));
  EXPECT_TRUE(check_overlay_name("a.B_9-"));
}

}  // namespace
}  // namespace runx::fpga
