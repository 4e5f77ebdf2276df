// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/vm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/json.h"

namespace runx::oci {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

base::Result<annotations::Annotations> vm(const std::string& text) {
  return read_vm(base::parse_json("{\"vm\": " + text + "}", "config.json").value());
}

TEST(Vm, VcpusAndMemoryBecomeAnnotations) {
  EXPECT_THAT(vm(R"({"hwConfig": {"vcpus": 2, "memory": 134217728}})").value(),
              ElementsAre(Pair("io.runx-accel.domain.memory", "128MiB"), Pair("io.runx-accel.domain.vcpus", "2")));
}

TEST(Vm, NothingSaidIsNothing) {
  for (const auto* text : {"null", "{}", R"({"hwConfig": {}})", R"({"kernel": {}, "image": null})",
                           R"({"hwConfig": {"irqs": [], "deviceTree": ""}})"}) {
    EXPECT_THAT(vm(text).value(), IsEmpty()) << text;
  }
}

TEST(Vm, WhatIsTheBoardOwnersIsRefusedByName) {
  EXPECT_EQ(vm(R"({"kernel": {"path": "/boot/Image"}})").error().what,
            "config.json: vm.kernel is set, but the guest's kernel is the board file's: set guest.kernel there");
  EXPECT_EQ(vm(R"({"hwConfig": {"iomems": [{"firstMFN": 1, "nrMFNs": 1}]}})").error().what,
            "config.json: vm.hwConfig.iomems is set, but devices are asked for by annotation (spec/annotations.md): "
            "remove it");
  for (const auto* text :
       {R"({"hypervisor": {"path": "/x"}})", R"({"image": {"path": "/x"}})", R"({"hwConfig": {"irqs": [1]}})",
        R"({"hwConfig": {"dtdevs": ["/x"]}})", R"({"hwConfig": {"deviceTree": "/x"}})"}) {
    EXPECT_FALSE(vm(text)) << text;
  }
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
