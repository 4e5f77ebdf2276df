// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/vm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/json.h"

namespace runx::oci {
namespace {

using testing::ElementsAre;

base::Result<VmSection> vm(const std::string& text) {
  return read_vm(base::parse_json("{\"vm\": " + text + "}", "config.json").value());
}

TEST(Vm, VcpusAndMemoryAreNumbers) {
  const auto read = vm(R"({"hwConfig": {"vcpus": 2, "memory": 134217728}})");
  EXPECT_EQ(read->vcpus, 2U);
  EXPECT_EQ(read->memory, 134217728U);
  EXPECT_TRUE(read->hardware.empty());
}

TEST(Vm, NothingSaidIsNothing) {
  for (const auto* text : {"null", "{}", R"({"hwConfig": {}})", R"({"kernel": {}, "image": null})",
                           R"({"hwConfig": {"irqs": [], "deviceTree": ""}})"}) {
    EXPECT_FALSE(vm(text)->vcpus || vm(text)->memory) << text;
    EXPECT_TRUE(vm(text)->hardware.empty()) << text;
  }
}

TEST(Vm, WhatIsTheBoardOwnersIsRefusedByName) {
  EXPECT_EQ(vm(R"({"kernel": {"path": "/boot/Image"}})").error().what,
            "config.json: vm.kernel is set, but the guest's kernel is the board file's: set guest.kernel there");
  EXPECT_EQ(vm(R"({"hwConfig": {"deviceTree": "/x"}})").error().what,
            "config.json: vm.hwConfig.deviceTree is set, but xl trusts a guest's tree as it trusts its configuration, "
            "so it is made here, from the tree that Xen was booted with: remove it");
  for (const auto* text : {R"({"hypervisor": {"path": "/x"}})", R"({"image": {"path": "/x"}})"}) {
    EXPECT_FALSE(vm(text)) << text;
  }
}

TEST(Vm, HardwareIsReadInItsUnits) {
  const auto read = vm(R"({"hwConfig": {"iomems": [{"firstMFN": 1044752, "nrMFNs": 1},
    {"firstGFN": 786432, "firstMFN": 524288, "nrMFNs": 4096}], "irqs": [68, 1019], "dtdevs": ["axi/a@1", "/axi/b"]}})");
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_THAT(read->hardware.iomems, ElementsAre(IoMems{1044752, 1, {}}, IoMems{524288, 4096, 786432}));
  EXPECT_THAT(read->hardware.irqs, ElementsAre(68, 1019));
  EXPECT_THAT(read->hardware.dtdevs, ElementsAre("/axi/a@1", "/axi/b"));
}

TEST(Vm, WrongHardwareIsAnError) {
  for (const auto* member :
       {R"("iomems": {})", R"("iomems": [1])", R"("iomems": [{"firstMFN": 1}])", R"("iomems": [{"nrMFNs": 1}])",
        R"("iomems": [{"firstMFN": 1, "nrMFNs": 0}])", R"("iomems": [{"firstMFN": "1", "nrMFNs": 1}])",
        R"("iomems": [{"firstMFN": 68719476735, "nrMFNs": 2}])",
        R"("iomems": [{"firstMFN": 1, "nrMFNs": 2, "firstGFN": 68719476735}])",
        R"("iomems": [{"firstMFN": 1, "nrMFNs": 1, "firstGFN": "0"}])",
        R"("iomems": [{"firstMFN": 18446744073709551615, "nrMFNs": 18446744073709551615}])", R"("irqs": 1)",
        R"("irqs": [31])", R"("irqs": [1020])", R"("irqs": ["68"])", R"("irqs": [-68])", R"("dtdevs": "/x")",
        R"("dtdevs": [""])", R"("dtdevs": ["/a/../b"])", R"("dtdevs": [1])"}) {
    EXPECT_FALSE(vm(base::text("{\"hwConfig\": {", member, "}}"))) << member;
  }
  EXPECT_THAT(vm(R"({"hwConfig": {"irqs": [31]}})").error().what, testing::HasSubstr("from 32 to 1019"));
}

TEST(Vm, WrongValuesAreErrors) {
  for (const auto* text :
       {"[]", "1", R"({"hwConfig": 1})", R"({"hwConfig": {"vcpus": 0}})", R"({"hwConfig": {"vcpus": 129}})",
        R"({"hwConfig": {"vcpus": "2"}})", R"({"hwConfig": {"vcpus": -1}})", R"({"hwConfig": {"memory": 0}})",
        R"({"hwConfig": {"memory": 1048577}})", R"({"hwConfig": {"memory": 1099512676352}})",
        R"({"hwConfig": {"memory": 1.5}})"}) {
    EXPECT_FALSE(vm(text)) << text;
  }
}

}  // namespace
}  // namespace runx::oci
