// SPDX-License-Identifier: Apache-2.0
#include "runtime/hardware.h"

#include <gmock/gmock.h>

#include "tests/devtree/dtc.h"

namespace runx::runtime {
namespace {

using annotations::AcceleratorRequest;
using annotations::Annotations;
using annotations::DeviceRequest;
using oci::HardwareRequest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

devtree::Blob blob() {
  return devtree::test::blob_of(R"(/dts-v1/; / { #address-cells = <1>; #size-cells = <1>; interrupt-parent = <&gic>;
    gic: gic@f9010000 { compatible = "arm,gic-400"; #interrupt-cells = <3>; reg = <0xf9010000 0x10000>; };
    smmu: iommu@fd800000 { #iommu-cells = <1>; reg = <0xfd800000 0x20000>; };
    timer@ff110000 { reg = <0xff110000 0x1000>; interrupts = <0 36 4>, <0 37 4>; xen,passthrough; };
    uart@ff010000 { reg = <0xff010000 0x1000>; interrupts = <0 22 4>; };
    eth@ff0b0000 { reg = <0xff0b0000 0x1000>; interrupts = <0 57 4>; iommus = <&smmu 1>; xen,passthrough; };
    bus@a0000000 { reg = <0xa0000000 0x1000>; #address-cells = <1>; #size-cells = <1>; ranges; xen,passthrough;
      below@a0001000 { reg = <0xa0001000 0x1000>; xen,passthrough; }; };
    region-window@80000000 { compatible = "runx-accel,region-window"; label = "pr0"; reg = <0x80000000 0x10000>;
      interrupts = <0 89 4>; xen,passthrough; }; };)");
}

plan::Board board() {
  plan::Board out;
  out.regions.push_back({.name = "pr0", .manager = "m", .idcodes = {1}, .apertures = {{0x80000000, 0x10000}}});
  return out;
}

base::Result<std::vector<DeviceRequest>> devices_of(const HardwareRequest& hardware) {
  const auto boot_tree = devtree::Tree::of(blob());
  return requested_devices(hardware, boot_tree, board());
}

std::string applied(const oci::VmSection& vm, const Annotations& run_time, AcceleratorRequest& request) {
  const auto done = apply_vm(vm, run_time, blob(), board(), request);
  return done ? "" : done.error().what;
}

std::string error_of(const HardwareRequest& hardware) {
  const auto made = devices_of(hardware);
  return made ? "no error" : made.error().what;
}

TEST(Hardware, PagesAndInterruptsOfADeviceAreTheDevice) {
  const DeviceRequest timer{.name = "hwconfig-0", .path = "/timer@ff110000"};
  EXPECT_THAT(devices_of({.iomems = {{0xff110, 1}}, .irqs = {68, 69}}).value(), ElementsAre(timer));
  // The guest's own place for it, where that is another.
  EXPECT_THAT(devices_of({.iomems = {{0xff110, 1, 0xff110}}, .irqs = {68, 69}}).value(), ElementsAre(timer));
  auto moved = timer;
  moved.address = 0xc0000000;
  EXPECT_THAT(devices_of({.iomems = {{0xff110, 1, 0xc0000}}, .irqs = {68, 69}}).value(), ElementsAre(moved));
}

TEST(Hardware, SeveralDevicesAndABusWithWhatIsOnIt) {
  EXPECT_THAT(devices_of({.iomems = {{0xa0000, 2}, {0xff0b0, 1}}, .irqs = {89}, .dtdevs = {"/eth@ff0b0000"}}).value(),
              ElementsAre(DeviceRequest{.name = "hwconfig-0", .path = "/eth@ff0b0000"},
                          DeviceRequest{.name = "hwconfig-1", .path = "/bus@a0000000"}));
  EXPECT_THAT(devices_of({.iomems = {{0xa0000, 1}, {0xa0001, 1}}}).value().size(), 1U);
}

TEST(Hardware, APartOfADeviceIsRefused) {
  EXPECT_EQ(
      error_of({.iomems = {{0xff110, 1}}, .irqs = {68}}),
      "config.json: vm.hwConfig asks for a part of /timer@ff110000: a device is given as a whole: add 69 to irqs");
  EXPECT_EQ(error_of({.iomems = {{0xa0000, 1}}}),
            "config.json: vm.hwConfig asks for a part of /bus@a0000000: a device is given as a whole: add 1 page from "
            "655361 (address 0xa0001000) to iomems");
  EXPECT_THAT(error_of({.dtdevs = {"/eth@ff0b0000"}}), HasSubstr("add 1 page from 1044656"));
  EXPECT_THAT(error_of({.iomems = {{0xa0000, 1}, {0xa0001, 1, 0x1}}}),
              HasSubstr("firstGFN moves a part of /bus@a0000000"));
}

TEST(Hardware, WhatNobodyMarkedIsRefused) {
  EXPECT_EQ(
      error_of({.iomems = {{0xff010, 1}}}),
      "config.json: vm.hwConfig.iomems has 1 page from 1044496 (address 0xff010000), which no device has that the "
      "boot tree marks");
  EXPECT_EQ(error_of({.irqs = {54}}),
            "config.json: vm.hwConfig.irqs has 54, which is no interrupt of a device that the boot tree marks");
  EXPECT_EQ(error_of({.dtdevs = {"/uart@ff010000"}}),
            "config.json: vm.hwConfig.dtdevs has /uart@ff010000, which is no device that the boot tree marks and an "
            "IOMMU protects");
  EXPECT_THAT(error_of({.iomems = {{0xff110, 2}}, .irqs = {68, 69}}), HasSubstr("has 1 page from 1044753"));
  // All of memory.
  EXPECT_THAT(error_of({.iomems = {{0, std::uint64_t{1} << 36}}}), HasSubstr("a part of /timer@ff110000"));
}

TEST(Hardware, WhatARegionHoldsIsAskedForOtherwise) {
  EXPECT_EQ(
      error_of({.iomems = {{0x80000, 16}}}),
      "config.json: vm.hwConfig.iomems has 16 pages from 524288 (address 0x80000000), which is in region pr0: what "
      "a region holds is asked for by annotation (io.runx-accel.fpga.NAME.overlay)");
  EXPECT_THAT(error_of({.irqs = {121}}), HasSubstr("no interrupt of a device"));
}

TEST(Hardware, NumbersWinOverTheImageAndYieldToAnnotations) {
  const oci::VmSection vm{.vcpus = 2, .memory = std::uint64_t{128} << 20};
  AcceleratorRequest request;
  request.domain.vcpus = 4;
  EXPECT_EQ(applied(vm, {}, request), "");
  EXPECT_EQ(request.domain.vcpus, 2U);
  EXPECT_EQ(request.domain.memory, std::uint64_t{128} << 20);
  request.domain.memory = std::uint64_t{96} << 20;
  request.domain.vcpus = 1;
  EXPECT_EQ(applied(vm, {{"io.runx-accel.domain.memory", "96MiB"}, {"io.runx-accel.domain.vcpus", "1"}}, request), "");
  EXPECT_EQ(request.domain.memory, std::uint64_t{96} << 20);
  EXPECT_EQ(request.domain.vcpus, 1U);
  EXPECT_EQ(applied({}, {}, request), "");
  EXPECT_EQ(request.domain.vcpus, 1U);
}

TEST(Hardware, ItsDevicesAreTheirOwnWhateverOthersAreCalled) {
  const oci::VmSection vm{.hardware = {.iomems = {{0xff110, 1}}, .irqs = {68, 69}}};
  AcceleratorRequest request;
  const DeviceRequest of_the_image{.name = "hwconfig-0", .path = "/eth@ff0b0000", .required = false};
  request.devices = {of_the_image, {.name = "uart", .path = "/uart@ff010000"}};
  EXPECT_EQ(applied(vm, {}, request), "");
  EXPECT_THAT(request.devices, ElementsAre(of_the_image, DeviceRequest{.name = "hwconfig-1", .path = "/timer@ff110000"},
                                           DeviceRequest{.name = "uart", .path = "/uart@ff010000"}));
}

TEST(Hardware, ANodeThatIsNamedTwiceIsRefused) {
  const oci::VmSection vm{.hardware = {.iomems = {{0xff110, 1}}, .irqs = {68, 69}}};
  AcceleratorRequest request;
  request.devices = {{.name = "timer", .path = "/timer@ff110000", .required = false}};
  EXPECT_EQ(applied(vm, {}, request),
            "config.json: vm.hwConfig asks for /timer@ff110000, and so does io.runx-accel.device.timer: remove one of "
            "them");
}

}  // namespace
}  // namespace runx::runtime
