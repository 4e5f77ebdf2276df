// SPDX-License-Identifier: Apache-2.0
#include "fpga/region_overlay.h"

#include <cerrno>

#include <libfdt.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sha256.h"
#include "fpga/region_blob.h"
#include "tests/fake/bitstream.h"
#include "tests/fake/fake_fpga.h"
#include "tests/fake/fake_overlay.h"

namespace runx::fpga {
namespace {

using fake::FakeHost;
using testing::AllOf;
using testing::HasSubstr;
using namespace std::string_literals;

const std::string sysfs = fake::fpga_path;
const std::string node = fake::fake_region;
const std::string other_node = "/axi/fpga-region@1";
const std::string live = "/proc/device-tree" + node;

// --- The blob
// ---------------------------------------------------------------------------------------------------------

std::string text(const std::string& tree, const std::string& path, const char* property) {
  const int offset = fdt_path_offset(tree.data(), path.c_str());
  int length = 0;
  const void* value = offset < 0 ? nullptr : fdt_getprop(tree.data(), offset, property, &length);
  return value == nullptr ? "(none)" : std::string(static_cast<const char*>(value), static_cast<std::size_t>(length));
}

// An overlay of one or more fragments, each for a path, with a child node.
std::string half(const std::vector<std::string>& targets) {
  std::string tree(4096, '\0');
  EXPECT_EQ(fdt_create_empty_tree(tree.data(), 4096), 0);
  for (std::size_t i = targets.size(); i-- > 0;) {
    const int fragment = fdt_add_subnode(tree.data(), 0, ("fragment@" + std::to_string(i)).c_str());
    fdt_setprop(tree.data(), fragment, "target-path", targets[i].c_str(), static_cast<int>(targets[i].size() + 1));
    fdt_add_subnode(tree.data(), fdt_add_subnode(tree.data(), fragment, "__overlay__"), "clock");
  }
  return tree;
}

std::string blob(Flags flags, const std::string& dom0_half = {}) {
  const auto made = region_overlay(node, "runx/a.bin", flags, {}, base::bytes_of(dom0_half));
  EXPECT_TRUE(made) << made.error().what;
  return made.value_or("");
}

std::string refusal(const std::string& dom0_half) {
  const auto made = region_overlay(node, "runx/a.bin", 0, {}, base::bytes_of(dom0_half));
  EXPECT_FALSE(made);
  return made ? "" : made.error().what;
}

TEST(RegionOverlay, SaysWhatToLoad) {
  const auto tree = blob(0);
  ASSERT_EQ(fdt_check_full(tree.data(), tree.size()), 0);
  const std::string fragment = "/fragment@runx-accel";
  EXPECT_EQ(text(tree, fragment, "target-path"), node + '\0');
  EXPECT_EQ(text(tree, fragment + "/__overlay__", "firmware-name"), "runx/a.bin\0"s);
  for (const char* property : {"partial-fpga-config", "encrypted-fpga-config", "userkey-encrypted-fpga-config"}) {
    EXPECT_EQ(text(tree, fragment + "/__overlay__", property), "(none)");
  }
  const auto partial = blob(flag_partial);
  EXPECT_EQ(text(partial, fragment + "/__overlay__", "partial-fpga-config"), "");
  const auto encrypted = blob(flag_encrypted_device_key | flag_encrypted_user_key);
  EXPECT_EQ(text(encrypted, fragment + "/__overlay__", "encrypted-fpga-config"), "");
  EXPECT_EQ(text(encrypted, fragment + "/__overlay__", "userkey-encrypted-fpga-config"), "");
  EXPECT_EQ(text(encrypted, fragment + "/__overlay__", "partial-fpga-config"), "(none)");
}

TEST(RegionOverlay, TakesDom0sHalfAlong) {
  const auto tree = blob(flag_partial, half({"/axi"}));
  EXPECT_EQ(text(tree, "/fragment@0", "target-path"), "/axi\0"s);
  EXPECT_GE(fdt_path_offset(tree.data(), "/fragment@0/__overlay__/clock"), 0);
  EXPECT_EQ(text(tree, "/fragment@runx-accel/__overlay__", "firmware-name"), "runx/a.bin\0"s);
}

TEST(RegionOverlay, HasOneFragmentForTheRegion) {
  const auto tree = blob(flag_partial, half({"/axi", node}));
  EXPECT_EQ(text(tree, "/fragment@1/__overlay__", "firmware-name"), "runx/a.bin\0"s);
  EXPECT_EQ(text(tree, "/fragment@1/__overlay__", "partial-fpga-config"), "");
  EXPECT_GE(fdt_path_offset(tree.data(), "/fragment@1/__overlay__/clock"), 0);
  EXPECT_LT(fdt_path_offset(tree.data(), "/fragment@runx-accel"), 0);
  EXPECT_THAT(refusal(half({node, node})), HasSubstr("has two fragments for /fpga-region"));
}

TEST(RegionOverlay, LetsNobodyElseProgram) {
  EXPECT_THAT(refusal(blob(0)), HasSubstr("has 'firmware-name' in the node '__overlay__': it may not program"));
  auto external = half({node});
  fdt_setprop(external.data(), fdt_path_offset(external.data(), "/fragment@0/__overlay__/clock"),
              "external-fpga-config", nullptr, 0);
  EXPECT_THAT(refusal(external), HasSubstr("has 'external-fpga-config' in the node 'clock'"));
  auto partial = half({"/axi"});
  fdt_setprop(partial.data(), fdt_path_offset(partial.data(), "/fragment@0/__overlay__"), "partial-fpga-config",
              nullptr, 0);
  EXPECT_THAT(refusal(partial), HasSubstr("has 'partial-fpga-config' in the node '__overlay__'"));
}

TEST(RegionOverlay, IsMadeOfTreesOnly) {
  EXPECT_THAT(refusal("no tree"), HasSubstr("the overlay for Dom0 is no device tree"));
  EXPECT_THAT(refusal(half({"/axi"}).substr(0, 2000)), HasSubstr("is no device tree"));
  EXPECT_THAT(refusal(std::string((1U << 20) + 1, '\0')), HasSubstr("more than 1 MiB"));
  for (const std::string& wrong : {""s, "/"s, "fpga-region"s, "/a/../b"s, "/a b"s, "/a\n"s}) {
    EXPECT_FALSE(region_overlay(wrong, "runx/a.bin", 0)) << wrong;
  }
  EXPECT_FALSE(region_overlay(node, "/etc/passwd", 0));
}

// --- The machine
// ------------------------------------------------------------------------------------------------------

class Region : public testing::Test {
 protected:
  void SetUp() override {
    fake::add_fake_fpga(host_);
    fake::add_fake_overlays(host_, {node, other_node});
    host_.file(firmware_path(load_.firmware), image_);
    before_ = rest(host_);
  }

  // What must be as before after each failure or release: everything but the records of the fakes, the log, the lock,
  // and the states of the manager and the bridges.
  static std::map<std::string, std::string> rest(FakeHost& host) {
    auto tree = host.tree();
    std::erase_if(tree, [](const auto& entry) {
      return entry.first.starts_with("/fake/") || entry.first.starts_with("/run/") || entry.first == "/dev/kmsg" ||
             entry.first.ends_with("/state") || entry.first == sysfs + "/status";
    });
    return tree;
  }

  base::Status program(Flags flags = flag_partial, const std::string& dom0_half = {}) {
    return program_region(host_, manager_, load_, flags, base::bytes_of(dom0_half));
  }

  // What is expected of every failure: it is undone.
  std::string failure(const base::Status& status, int error) {
    EXPECT_FALSE(status);
    if (status) return "";
    EXPECT_EQ(status.error().code.value(), error) << status.error().what;
    EXPECT_EQ(rest(host_), before_) << status.error().what;
    return status.error().what;
  }

  std::string bridge(int region) const { return host_.content(fake::fake_bridges + std::to_string(region) + "/state"); }

  FakeHost host_;
  const Manager manager_{fake::fpga_name, sysfs};
  const RegionLoad load_{node, "runx/c1-pr0.bin", "runx-accel-c1-pr0"};
  const std::string image_ = fake::make_stream({});
  std::map<std::string, std::string> before_;
};

TEST_F(Region, IsProgrammedBehindItsBridges) {
  const auto done = program();
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(host_.content("/fake/fpga/loads"), "1");
  EXPECT_EQ(host_.content("/fake/fpga/last_sha256"), base::sha256_hex(base::bytes_of(image_)));
  EXPECT_EQ(host_.content("/fake/fpga/last_flags"), "1") << "the manager's own flags override the overlay's";
  EXPECT_EQ(host_.content(sysfs + "/flags"), "0\n");
  EXPECT_EQ(host_.content(live + "/firmware-name"), load_.firmware + '\0');
  EXPECT_EQ(bridge(0), "enabled\n");
  EXPECT_FALSE(host_.Host::exists(firmware_path(load_.firmware + ".dtbo"))) << "the kernel has read it";

  ASSERT_TRUE(release_region(host_, load_));
  EXPECT_EQ(rest(host_), before_);
  EXPECT_EQ(bridge(0), "disabled\n") << "the kernel's way";
  EXPECT_EQ(host_.content(sysfs + "/state"), "operating\n") << "the fabric stays as it is";
  EXPECT_TRUE(release_region(host_, load_)) << "giving back twice is fine";
  EXPECT_TRUE(program()) << "and it can be had again";
}

TEST_F(Region, GivesBackWhatWasNeverTaken) { EXPECT_TRUE(release_region(host_, load_)); }

TEST_F(Region, AndAnotherOne) {
  const RegionLoad other{other_node, "runx/c2-pr1.bin", "runx-accel-c2-pr1"};
  host_.file(firmware_path(other.firmware), image_);
  ASSERT_TRUE(program());
  const auto second = program_region(host_, manager_, other, flag_partial);
  ASSERT_TRUE(second) << second.error().what;
  ASSERT_TRUE(release_region(host_, load_));
  EXPECT_EQ(host_.content("/proc/device-tree" + other_node + "/firmware-name"), other.firmware + '\0');
  EXPECT_EQ(bridge(1), "enabled\n");
}

// The bridge as it was while the manager loaded.
TEST_F(Region, IsShutOffMeanwhile) {
  const auto state_file = fake::fake_bridges + "0/state"s;
  host_.file("/fake/fpga/fail_next", std::to_string(EIO));
  EXPECT_FALSE(program());
  EXPECT_EQ(host_.content(state_file), "disabled\n") << "what a failed load has left";
  ASSERT_TRUE(program());
  EXPECT_EQ(host_.content(state_file), "enabled\n");
}

TEST_F(Region, HasTheBridgeThatTheBoardFileNames) {
  ASSERT_TRUE(host_.remove(live + "/fpga-bridges"));
  before_ = rest(host_);
  auto load = load_;
  load.bridge = "/bridge@1";
  const auto done = program_region(host_, manager_, load, flag_partial);
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(host_.content(live + "/fpga-bridges"), "\0\0\0\x31"s);
  ASSERT_TRUE(release_region(host_, load_)) << "which need not know the bridge";
  EXPECT_EQ(rest(host_), before_);
  EXPECT_EQ(bridge(0), "enabled\n");
  EXPECT_EQ(bridge(1), "disabled\n");
}

TEST_F(Region, HasTheBridgesOfItsNode) {
  auto load = load_;
  load.bridge = "/bridge@0";
  EXPECT_TRUE(program_region(host_, manager_, load, flag_partial));
  ASSERT_TRUE(release_region(host_, load));
  load.bridge = "/bridge@1";
  EXPECT_THAT(failure(program_region(host_, manager_, load, flag_partial), ENODEV),
              HasSubstr("the region /fpga-region has bridges, and /bridge@1 is none of them"));
  load.bridge = "/axi/no-bridge";
  EXPECT_THAT(failure(program_region(host_, manager_, load, flag_partial), ENODEV),
              HasSubstr("has no bridge /axi/no-bridge, or it has no phandle"));
  load.bridge = "/../bridge@0";
  EXPECT_THAT(failure(program_region(host_, manager_, load, flag_partial), EINVAL), HasSubstr("is no path"));
  EXPECT_FALSE(check_region(host_, manager_, node, "/../bridge@0"));
}

TEST_F(Region, IsNotProgrammedBehindABridgeWithoutADriver) {
  ASSERT_TRUE(host_.remove_tree(fake::fake_bridges + "0"s));
  before_ = rest(host_);
  EXPECT_THAT(failure(program(), ENODEV),
              HasSubstr("no driver has taken the bridge of the region /fpga-region with phandle 0x30"));
  ASSERT_TRUE(host_.remove_tree("/sys/class/fpga_bridge"));
  before_ = rest(host_);
  EXPECT_THAT(failure(program(), ENODEV), HasSubstr("with phandle 0x30"));
  EXPECT_EQ(host_.content("/fake/fpga/loads"), "0");
}

TEST_F(Region, IsNotBelievedToBeOpen) {
  host_.on_attribute(sysfs + "/flags", [&](std::string_view value) {
    // Between the look and the load, the bridge begins to be another's.
    host_.file(fake::fake_bridges + "0/of_node/phandle"s, "\0\0\0\x77"s);
    host_.file(fake::fake_bridges + "0/state"s, "disabled\n");
    host_.file(sysfs + "/flags", std::string(value) + "\n");
    return 0;
  });
  const auto done = program();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().what, HasSubstr("the bridge /sys/class/fpga_bridge/br0 is not enabled"));
  EXPECT_FALSE(host_.Host::exists(live + "/firmware-name"));
}

TEST_F(Region, TakesDom0sHalfAlong) {
  host_.directory("/proc/device-tree/axi");
  before_ = rest(host_);
  ASSERT_TRUE(program(flag_partial, half({"/axi", node})));
  EXPECT_TRUE(host_.Host::exists("/proc/device-tree/axi/clock"));
  EXPECT_TRUE(host_.Host::exists(live + "/clock"));
  ASSERT_TRUE(release_region(host_, load_));
  EXPECT_EQ(rest(host_), before_);
  EXPECT_THAT(failure(program(0, half({"/nowhere"})), EINVAL), HasSubstr("err=-22"));
}

TEST_F(Region, IsNotTouchedWhileItHasAnOverlay) {
  ASSERT_TRUE(program());
  const RegionLoad second{node, "runx/c2-pr0.bin", "runx-accel-c2-pr0"};
  const auto refused = program_region(host_, manager_, second, flag_partial);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, std::errc::device_or_resource_busy);
  EXPECT_THAT(refused.error().what,
              HasSubstr("the region /fpga-region has an overlay already (firmware-name runx/c1-pr0.bin)"));
  EXPECT_EQ(bridge(0), "enabled\n");
  ASSERT_TRUE(release_region(host_, second));
  EXPECT_EQ(bridge(0), "enabled\n") << "what is not ours stays";
  EXPECT_EQ(host_.content("/fake/fpga/loads"), "1");
}

TEST_F(Region, SaysWhatTheManagerSays) {
  host_.file("/fake/fpga/fail_next", std::to_string(ETIMEDOUT));
  EXPECT_THAT(failure(program(), ETIMEDOUT),
              AllOf(HasSubstr("region /fpga-region was not programmed with /lib/firmware/runx/c1-pr0.bin (flags 0x1)"),
                    HasSubstr("'path' reads '', 'status' reads 'unapplied'"), HasSubstr("failed to load FPGA image"),
                    HasSubstr("its state is 'write error', its status 'reconfig operation error'")));
  EXPECT_EQ(bridge(0), "disabled\n");
  EXPECT_TRUE(program()) << "the next one comes through";
}

TEST_F(Region, SaysWhatTheKernelSays) {
  ASSERT_TRUE(host_.remove(firmware_path(load_.firmware)));
  before_ = rest(host_);
  EXPECT_THAT(failure(program(), ENOENT), HasSubstr("its state is 'firmware request error'"));
  host_.file(firmware_path(load_.firmware), "no bitstream");
  before_ = rest(host_);
  EXPECT_THAT(failure(program(), EINVAL), HasSubstr("reconfig invalid image"));
  host_.file("/fake/overlay_fails", std::to_string(ENOMEM) + " apply");
  EXPECT_THAT(failure(program(), ENOMEM), HasSubstr("Cannot allocate memory"));
}

TEST_F(Region, DoesNotBelieveAnOverlayThatProgramsNothing) {
  // The driver went between the look and the overlay: no region any more, a node like others.
  fake::add_fake_overlays(host_, {});
  EXPECT_THAT(failure(program(), EIO), AllOf(HasSubstr("the overlay is applied, but the device is not operating"),
                                             HasSubstr("its state is 'unknown'")));
}

TEST_F(Region, MustShowWhatItWasGiven) {
  host_.fail("read", live + "/firmware-name", ENOENT);  // take_away() looks first,
  host_.fail("read", live + "/firmware-name", ENOENT);  // then check_region(),
  host_.fail("read", live + "/firmware-name", ENOENT);  // and then it should be there
  EXPECT_THAT(failure(program(), EIO), HasSubstr("the node does not show its firmware-name"));
}

TEST_F(Region, IsLookedAtBeforeItIsTouched) {
  const auto check = [&] { return failure(check_region(host_, manager_, node), ENODEV); };
  ASSERT_TRUE(check_region(host_, manager_, node));
  EXPECT_THAT(failure(check_region(host_, manager_, "/nowhere"), ENODEV), HasSubstr("has no node /nowhere"));
  EXPECT_THAT(failure(check_region(host_, manager_, "/a/../b"), EINVAL), HasSubstr("no path of a region's node"));

  host_.file(live + "/compatible", "xlnx,fpga-region-like\0"s);
  before_ = rest(host_);
  EXPECT_THAT(check(), HasSubstr("is no region: its 'compatible' lacks fpga-region"));
  host_.file(live + "/compatible", "xlnx,special\0fpga-region\0"s);
  EXPECT_TRUE(check_region(host_, manager_, node));

  host_.file(live + "/fpga-mgr", "\0\0\0\x1b"s);
  before_ = rest(host_);
  EXPECT_THAT(check(), HasSubstr("programmed through another manager than 'Xilinx ZynqMP FPGA Manager'"));
  ASSERT_TRUE(host_.remove(live + "/fpga-mgr"));
  before_ = rest(host_);
  EXPECT_THAT(check(), HasSubstr("names no manager"));

  ASSERT_TRUE(host_.remove("/sys/class/fpga_region/region0/uevent"));
  before_ = rest(host_);
  EXPECT_THAT(check(), HasSubstr("no driver has taken the region /fpga-region"));
  ASSERT_TRUE(host_.remove_tree("/sys/class/fpga_region"));
  before_ = rest(host_);
  EXPECT_THAT(check(), HasSubstr("no driver has taken the region"));
}

TEST_F(Region, MayHaveItsManagerFromTheRegionAboveIt) {
  const std::string below = node + "/pr0";
  host_.file("/proc/device-tree" + below + "/compatible", "fpga-region\0"s);
  host_.file("/sys/class/fpga_region/region2/uevent", "OF_NAME=pr0\nOF_FULLNAME=" + below + "\n");
  const auto fine = check_region(host_, manager_, below);
  EXPECT_TRUE(fine) << fine.error().what;
}

TEST_F(Region, NeedsOverlaysAtAll) {
  FakeHost stock;
  const auto missing = check_region(stock, manager_, node);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, std::errc::function_not_supported);
}

TEST_F(Region, RemovesWhatAKilledPredecessorLeft) {
  ASSERT_TRUE(program());
  ASSERT_TRUE(program()) << "its names are ours";
  EXPECT_EQ(host_.content("/fake/fpga/loads"), "2");
  ASSERT_TRUE(release_region(host_, load_));
  EXPECT_EQ(rest(host_), before_);
}

TEST_F(Region, IsNotFreeWhenTheKernelKeepsTheOverlay) {
  ASSERT_TRUE(program());
  host_.file("/fake/overlay_fails", std::to_string(EBUSY) + " remove");
  for (int attempts = 0; attempts < 2; ++attempts) {
    const auto kept = release_region(host_, load_);
    ASSERT_FALSE(kept);
    EXPECT_EQ(kept.error().code, std::errc::device_or_resource_busy);
    EXPECT_THAT(kept.error().what,
                AllOf(HasSubstr("the kernel keeps the overlay runx-accel-c1-pr0: its directory is gone"),
                      HasSubstr("still has firmware-name runx/c1-pr0.bin"), HasSubstr("only a boot frees the region")));
  }
  const auto again = program();
  ASSERT_FALSE(again) << "and it is not programmed behind the kernel's back";
  EXPECT_EQ(host_.content("/fake/fpga/loads"), "1");
}

TEST_F(Region, SaysThatAFailureIsNotUndone) {
  host_.file("/fake/fpga/fail_next", std::to_string(EIO));
  host_.fail("remove", firmware_path(load_.firmware) + ".dtbo", EROFS);  // of the predecessor
  const auto early = program();
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code.value(), EROFS);
  host_.on_directory(
      fake::fake_overlays,
      [&](const std::string& directory) {
        host_.file(directory + "/path", "\n");
        host_.file(directory + "/status", "unapplied\n");
        return 0;
      },
      [](const std::string&) { return EBUSY; });
  const auto done = program();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().what, AllOf(HasSubstr("and it stays: cannot remove"), HasSubstr("and it is not undone")));
  fake::add_fake_overlays(host_, {node, other_node});
  ASSERT_TRUE(release_region(host_, load_));
  EXPECT_EQ(rest(host_), before_);
}

TEST_F(Region, RefusesNamesThatTheKernelMustNotSee) {
  for (const auto& load : {RegionLoad{"/a/../b", "a.bin", "a"}, RegionLoad{node, "../a.bin", "a"},
                           RegionLoad{node, std::string(250, 'a'), "a"}, RegionLoad{node, "a.bin", "../a"}}) {
    failure(program_region(host_, manager_, load, 0), EINVAL);
    failure(release_region(host_, load), EINVAL);
  }
}

// Every operation fails once, before and after it was done; then a release gives everything back.
TEST_F(Region, IsGivenBackAfterEveryFailure) {
  for (const bool late : {false, true}) {
    for (unsigned number = 1;; ++number) {
      const auto before = host_.operations();
      if (late) host_.fail_late(number, EIO);
      if (!late) host_.fail_at(number, EIO);
      const auto done = program();
      const bool reached = host_.operations() - before >= number;
      host_.no_faults();
      if (!reached) break;
      const auto released = release_region(host_, load_);
      ASSERT_TRUE(released) << number << ": " << released.error().what;
      ASSERT_TRUE(reset_flags(host_, manager_));
      ASSERT_EQ(rest(host_), before_) << "operation " << number << ", " << host_.log().at(before + number - 1);
    }
  }
}

// The process is killed at, and within, every operation; another process gives everything back.
TEST_F(Region, IsGivenBackAfterEveryKill) {
  for (const bool within : {false, true}) {
    for (unsigned number = 1;; ++number) {
      const auto before = host_.operations();
      if (within) host_.crash_within(number);
      if (!within) host_.crash_at(number);
      bool killed = false;
      try {
        (void)program();
      } catch (const fake::Crash&) {
        killed = true;
      }
      host_.no_faults();
      if (host_.operations() - before < number) break;
      FakeHost second(host_.real(""));
      fake::add_fake_fpga(second);
      fake::add_fake_overlays(second, {node, other_node});
      const auto released = release_region(second, load_);
      ASSERT_TRUE(released) << number << ": " << released.error().what;
      ASSERT_TRUE(reset_flags(second, manager_));
      ASSERT_EQ(rest(second), before_) << "operation " << number << (killed ? ", killed" : "");
    }
  }
}

TEST_F(Region, IsGivenBackAfterAKillWithinGivingBack) {
  for (unsigned number = 1;; ++number) {
    ASSERT_TRUE(program());
    host_.crash_at(number);
    bool killed = false;
    try {
      (void)release_region(host_, load_);
    } catch (const fake::Crash&) {
      killed = true;
    }
    host_.no_faults();
    ASSERT_TRUE(release_region(host_, load_));
    ASSERT_EQ(rest(host_), before_);
    if (!killed) break;
  }
}

}  // namespace
}  // namespace runx::fpga
