// SPDX-License-Identifier: Apache-2.0
#include "devtree/console.h"

#include <gmock/gmock.h>

#include "tests/devtree/dtc.h"

namespace runx::devtree {
namespace {

TEST(Console, OnlyDriversThatNumberByAliasHaveAName) {
  const Tree tree = test::tree_of(R"(
    cadence { compatible = "xlnx,zynqmp-uart", "cdns,uart-r1p12"; };
    arm { compatible = "arm,pl011", "arm,primecell"; };
    pc { compatible = "ns16550a"; };)");
  EXPECT_EQ(tty_of(*tree.find("/cadence")), "ttyPS");
  EXPECT_EQ(tty_of(*tree.find("/arm")), "ttyAMA");
  EXPECT_EQ(tty_of(*tree.find("/pc")), std::nullopt);
}

TEST(Console, NumbersComeFromAliases) {
  EXPECT_EQ(serial_number("serial0"), 0U);
  EXPECT_EQ(serial_number("serial12"), 12U);
  for (const auto* other : {"serial", "serial-1", "serial1a", "ethernet0", "serial99999999999"})
    EXPECT_EQ(serial_number(other), std::nullopt) << other;
}

TEST(Console, TheSpeedIsWhatTheTreeSays) {
  const auto speed = [](const std::string& chosen, const std::string& uart) {
    const Tree tree =
        test::tree_of("aliases { serial0 = &uart; }; chosen { " + chosen + " }; uart: uart { " + uart + " };");
    return speed_of(*tree.find("/uart"), tree);
  };
  EXPECT_EQ(speed("", ""), 115200U);
  EXPECT_EQ(speed("", "current-speed = <9600>;"), 9600U);
  EXPECT_EQ(speed("stdout-path = \"serial0:57600n8\";", "current-speed = <9600>;"), 57600U);
  EXPECT_EQ(speed("stdout-path = \"/uart:57600\";", ""), 57600U);
  EXPECT_EQ(speed("stdout-path = \"serial0\";", ""), 115200U);
  EXPECT_EQ(speed("stdout-path = \"serial1:57600\";", ""), 115200U);
  EXPECT_EQ(speed("stdout-path = \"serial0:fast\";", ""), 115200U);
}

}  // namespace
}  // namespace runx::devtree
