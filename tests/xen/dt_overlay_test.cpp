// SPDX-License-Identifier: Apache-2.0
#include "xen/dt_overlay.h"

#include <gtest/gtest.h>

#include "tests/fake/fake_xl.h"

namespace runx::xen {
namespace {

class Probe : public ::testing::Test {
 protected:
  void xl() {
    fake::add_fake_xl(host_);
    host_.file("/usr/sbin/xl", "");
    host_.file("/sys/firmware/fdt", "a tree");
  }
  void says(const std::string& words) {
    xl();
    host_.file("/fake/xl/fail/dt-overlay", words);
  }
  std::string answer() { return word(probe_dt_overlay(host_)); }

  fake::FakeHost host_;
};

TEST_F(Probe, WithoutXlThereIsNothingToAsk) { EXPECT_EQ(answer(), "no-xl"); }

TEST_F(Probe, AHypervisorThatWasBuiltWithoutSaysSo) {
  xl();
  EXPECT_EQ(answer(), "off");
}

TEST_F(Probe, OneThatDoesNotKnowTheOverlayKnowsOverlays) {
  says("libxl: error: libxl_dt_overlay.c:69:libxl_dt_overlay: domain_create failed: Invalid argument\n");
  EXPECT_EQ(answer(), "yes");
}

TEST_F(Probe, AnXlWithoutTheCommand) {
  says("command not implemented\n");
  EXPECT_EQ(answer(), "no-xl");
}

TEST_F(Probe, OtherAnswersAreNoAnswer) {
  says("libxl: error: something else: Permission denied\n");
  EXPECT_EQ(answer(), "unknown");
  ASSERT_TRUE(host_.remove("/sys/firmware/fdt"));
  EXPECT_EQ(answer(), "unknown");
}

}  // namespace
}  // namespace runx::xen
