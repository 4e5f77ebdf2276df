// SPDX-License-Identifier: Apache-2.0
#include "xen/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fake/fake_xl.h"

namespace runx::xen {
namespace {

DomainConfig small() {
  DomainConfig config;
  config.name = "runx-c1-01234567";
  config.uuid = "11111111-2222-8333-8444-555555555555";
  config.kernel = "/boot/guest";
  config.ramdisk = "/run/c1/ramdisk";
  config.command_line = "console=hvc0 quiet";
  config.memory_mib = 64;
  return config;
}

TEST(XlConfig, IsWhatXlReads) {
  auto config = small();
  config.vcpus = 2;
  config.device_tree = "/run/c1/guest.dtb";
  config.iomem = {{0xff110, 1, 0xff110}, {0xa0000, 16, 0x22000}};
  config.irqs = {68, 69};
  config.dtdev = {"/axi/dma@fd500000"};
  EXPECT_EQ(config_text(config), R"(name = "runx-c1-01234567"
uuid = "11111111-2222-8333-8444-555555555555"
kernel = "/boot/guest"
ramdisk = "/run/c1/ramdisk"
extra = "console=hvc0 quiet"
memory = 64
vcpus = 2
on_poweroff = "preserve"
on_reboot = "preserve"
on_crash = "preserve"
on_watchdog = "preserve"
on_soft_reset = "preserve"
device_tree = "/run/c1/guest.dtb"
iomem = [ "ff110,1@ff110", "a0000,10@22000" ]
irqs = [ 68, 69 ]
dtdev = [ "/axi/dma@fd500000" ]
)");
}

TEST(XlConfig, LeavesOutWhatThereIsNot) {
  const auto text = config_text(small());
  for (const char* key : {"device_tree", "iomem", "irqs", "dtdev", "vnc", "vif", "disk", "p9"}) {
    EXPECT_EQ(text.find("\n" + std::string(key) + " = "), std::string::npos) << key;
  }
}

TEST(XlConfig, QuotesWhatWouldEndAString) {
  EXPECT_EQ(quoted(R"(a"b)"), R"("a\"b")");
  EXPECT_EQ(quoted(R"(a\b)"), R"("a\\b")");
  EXPECT_EQ(quoted("a\nb"), R"("a\nb")");
  EXPECT_EQ(quoted(""), R"("")");
}

// Each was tried with xl 4.20: "\xc3\xa4" is a syntax error there, the bytes themselves are fine.
TEST(XlConfig, LeavesOtherBytesAsTheyAre) {
  for (const char* text : {"\xc3\xa4", "a\tb",
                           "a\x01"
                           "b",
                           "$HOME`id`", "a#b", "'", "\xff"}) {
    EXPECT_EQ(quoted(text), '"' + std::string(text) + '"');
  }
}

TEST(XlConfig, NoValueAddsALine) {
  const std::string hostile = "x\"\nkernel = \"/etc/shadow\"\nboot = 'c' # \\\" ]\r\n\\";
  for (auto member : {&DomainConfig::name, &DomainConfig::uuid, &DomainConfig::kernel, &DomainConfig::ramdisk,
                      &DomainConfig::command_line, &DomainConfig::device_tree}) {
    auto config = small();
    config.device_tree = "/run/c1/guest.dtb";
    const auto lines = [](const std::string& text) { return std::count(text.begin(), text.end(), '\n'); };
    const auto before = lines(config_text(config));
    config.*member = hostile;
    const auto text = config_text(config);
    EXPECT_EQ(lines(text), before);
    std::string error;
    const char* key = member == &DomainConfig::name           ? "name"
                      : member == &DomainConfig::uuid         ? "uuid"
                      : member == &DomainConfig::kernel       ? "kernel"
                      : member == &DomainConfig::ramdisk      ? "ramdisk"
                      : member == &DomainConfig::command_line ? "extra"
                                                              : "device_tree";
    EXPECT_EQ(fake::xl_string(text, key, error), hostile);
    EXPECT_EQ(error, "");
    EXPECT_EQ(fake::xl_string(text, "boot", error), "");
  }
}

TEST(XlConfig, NoNodeAddsAnEntry) {
  auto config = small();
  config.dtdev = {"/a\", \"/b", "/c ]\nirqs = [ 1"};
  std::string error;
  EXPECT_EQ(fake::xl_string(config_text(config), "dtdev", error), "/a\", \"/b\n/c ]\nirqs = [ 1\n");
  EXPECT_EQ(fake::xl_string(config_text(config), "irqs", error), "");
  EXPECT_EQ(error, "");
}

}  // namespace
}  // namespace runx::xen
