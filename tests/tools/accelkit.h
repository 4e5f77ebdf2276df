// SPDX-License-Identifier: Apache-2.0
#pragma once

// accelkit as its user has it: a process with arguments, two streams and an exit code, in a folder of the test's.

#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/command.h"
#include "tests/base/scratch.h"

namespace runx::tools::test {

inline base::Outcome accelkit(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), RUNX_ACCELKIT);
  auto done = base::run_command({.argv = std::move(arguments)});
  if (!done) throw std::runtime_error(done.error().what);
  return *done;
}

// A failure is exit code 1, nothing on the output, and one line that names the program.
inline void expect_failure(const std::vector<std::string>& arguments, const std::string& sentence) {
  const auto done = accelkit(arguments);
  EXPECT_EQ(done.status, 1);
  EXPECT_EQ(done.output, "");
  EXPECT_EQ(done.errors, "accelkit: " + sentence + "\n");
}

// A board's tree: a timer and a UART that may be given away, and an ethernet controller that masters the bus.
inline std::string board_tree(bool marked) {
  const std::string mark = marked ? "xen,passthrough;" : "";
  return R"(/dts-v1/;
/ {
  #address-cells = <2>; #size-cells = <2>; compatible = "xlnx,zynqmp";
  aliases { serial1 = &uart1; };
  gic: interrupt-controller@f9010000 {
    compatible = "arm,gic-400"; interrupt-controller; #interrupt-cells = <3>;
    reg = <0 0xf9010000 0 0x10000>;
  };
  axi: axi {
    compatible = "simple-bus"; #address-cells = <2>; #size-cells = <2>; ranges; interrupt-parent = <&gic>;
    ttc0: timer@ff110000 {
      compatible = "cdns,ttc"; reg = <0 0xff110000 0 0x1000>;
      interrupts = <0 36 4>, <0 37 4>, <0 38 4>; timer-width = <32>; )" +
         mark + R"(
    };
    uart1: serial@ff010000 { compatible = "cdns,uart-r1p12"; reg = <0 0xff010000 0 0x1000>; interrupts = <0 22 4>; };
  };
};
)";
}

inline std::string compile(const std::string& source) {
  auto run = base::run_command({.argv = {RUNX_DTC, "-q", "-q", "-@", "-I", "dts", "-O", "dtb", "-"}, .input = source});
  if (!run || run->status != 0) throw std::runtime_error("dtc: " + (run ? run->errors : run.error().what));
  return run->output;
}

}  // namespace runx::tools::test
