// SPDX-License-Identifier: Apache-2.0
#include "fpga/xrt.h"

#include <cerrno>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fake/fake_host.h"

namespace runx::fpga {
namespace {

using base::Command;
using base::Outcome;
using testing::AllOf;
using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::string_literals;

const std::string uuid = "000102030405060708090a0b0c0d0e0f";
const std::string file = "/run/runx-accel/a.xclbin";

class Xrt : public testing::Test {
 protected:
  void SetUp() override {
    // As the kernel shows a board with a display and zocl.
    host_.file("/sys/class/drm/version", "drm 1.1.0 20060810\n");
    host_.file("/sys/class/drm/card0/device/uevent", "DRIVER=zynqmp-dpsub\nOF_NAME=display\n");
    host_.file("/sys/class/drm/renderD128/device/uevent", "DRIVER=zynqmp-dpsub\nOF_NAME=display\n");
    host_.file("/sys/class/drm/renderD129/device/uevent", "DRIVER=zocl-drm\nOF_NAME=zyxclmm_drm\n");
  }

  void answers(const Outcome& outcome) {
    host_.on_program(xrt_load_path, [this, outcome](const Command& command) {
      asked_ = command.argv;
      return outcome;
    });
  }

  std::string failure(const base::Status& status, int error) {
    EXPECT_FALSE(status);
    if (status) return "";
    EXPECT_EQ(status.error().code.value(), error) << status.error().what;
    return status.error().what;
  }

  fake::FakeHost host_;
  std::vector<std::string> asked_;
};

TEST_F(Xrt, IsWhereZoclIs) {
  EXPECT_EQ(find_zocl(host_).value().value_or(""), "/sys/class/drm/renderD129");
  host_.file("/sys/class/drm/renderD129/device/uevent", "DRIVER=zocl-drm-like\n");
  EXPECT_FALSE(find_zocl(host_).value());
  ASSERT_TRUE(host_.remove_tree("/sys/class/drm"));
  EXPECT_FALSE(find_zocl(host_).value());
  EXPECT_THAT(failure(load_xclbin(host_, file, uuid), ENODEV), HasSubstr("no device in /sys/class/drm has the driver"));
}

TEST_F(Xrt, IsNotGuessedAt) {
  host_.fail("list", "/sys/class/drm", EACCES);
  EXPECT_FALSE(find_zocl(host_));
  host_.fail("read", "/sys/class/drm/renderD129/device/uevent", EIO);
  EXPECT_FALSE(find_zocl(host_));
}

TEST_F(Xrt, LoadsInAProcessOfItsOwn) {
  answers({});
  const auto done = load_xclbin(host_, file, uuid);
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_THAT(asked_, ElementsAre(xrt_load_path, host_.real(file), uuid, host_.real("/run/runx-accel/xrt")));
  EXPECT_TRUE(std::filesystem::is_directory(host_.real("/run/runx-accel/xrt")));
}

TEST_F(Xrt, HasItsWordsRepeated) {
  answers({1, "XRT build version: 2.13.0\nerrno 16\n",
           "HOST: kria\n[XRT] ERROR: See dmesg\x1b[1m\nEXE: x\nxrt-load: the device did not take the file: busy\n"});
  EXPECT_EQ(failure(load_xclbin(host_, file, uuid), EBUSY),
            "XRT did not load /run/runx-accel/a.xclbin: [XRT] ERROR: See dmesg\\x1b[1m; "
            "xrt-load: the device did not take the file: busy");
  answers({1, "errno x\nerrno 99999999999\n", ""});
  EXPECT_THAT(failure(load_xclbin(host_, file, uuid), EIO), HasSubstr("it says nothing"));
}

TEST_F(Xrt, MayDie) {
  answers({128 + SIGSEGV, "", ""});
  EXPECT_THAT(failure(load_xclbin(host_, file, uuid), EIO),
              AllOf(HasSubstr("XRT ended its process with signal 11 (Segmentation fault)"),
                    HasSubstr("whether the device was programmed is not known")));
}

TEST_F(Xrt, MayHang) {
  host_.on_program(xrt_load_path, [](const Command& command) {
    EXPECT_EQ(command.limit.count(), 60'000);
    return base::run_command({{"/bin/sleep", "60"}, {}, std::chrono::milliseconds(50)});
  });
  EXPECT_THAT(failure(load_xclbin(host_, file, uuid), ETIMEDOUT), HasSubstr("was killed"));
}

TEST_F(Xrt, MayBeMissing) {
  EXPECT_THAT(failure(load_xclbin(host_, file, uuid), ENOENT), HasSubstr(std::string("cannot run ") + xrt_load_path));
}

TEST_F(Xrt, IsGivenPathsAndUuidsOnly) {
  answers({});
  for (const char* wrong : {"", "a.xclbin", "--help"}) {
    EXPECT_THAT(failure(load_xclbin(host_, wrong, uuid), EINVAL), HasSubstr("is not absolute"));
  }
  for (const std::string& wrong : {""s, uuid + "0", "00010203-0405-0607-0809-0a0b0c0d"s, uuid.substr(1) + "F"}) {
    EXPECT_THAT(failure(load_xclbin(host_, file, wrong), EINVAL), HasSubstr("is no uuid"));
  }
  EXPECT_TRUE(asked_.empty());
}

// --- The real XRT, with its driver for no device
// ----------------------------------------------------------------------

void little(std::string& out, std::uint64_t value, unsigned bytes) {
  for (; bytes > 0; --bytes, value >>= 8) out += static_cast<char>(value & 0xFF);
}

// The smallest xclbin that XRT takes: a bitstream, and a project that says what is in it.
std::string make_xclbin(std::uint64_t project_offset = 640) {
  const std::string bitstream(104, '\xFF');
  const std::string project =
      R"(<?xml version="1.0"?><project name="p"><platform vendor="v" boardid="b" name="n"><device name="fpga0">)"
      R"(<core name="OCL_REGION_0" target="bitstream" type="clc_region"/></device></platform></project>)";
  std::string out = "xclbin2\0"s;
  little(out, 0xFFFFFFFF, 4);
  out += std::string(28, '\xFF') + std::string(256 + 8, '\0');
  little(out, 536 + bitstream.size() + project.size(), 8);
  little(out, 0, 16);
  little(out, 0x00000102, 8);  // version 2.1.0, flat
  out += std::string(16 + 64, '\0');
  for (int byte = 0; byte < 16; ++byte) out += static_cast<char>(byte);
  out += std::string(16, '\0');
  little(out, 2, 8);
  const auto section = [&](std::uint32_t kind, std::uint64_t offset, std::uint64_t size) {
    little(out, kind, 8);
    out += std::string(16, '\0');
    little(out, offset, 8);
    little(out, size, 8);
  };
  section(0, 536, bitstream.size());
  section(2, project_offset, project.size());
  return out + bitstream + project;
}

class RealXrt : public Xrt {
 protected:
  void SetUp() override {
    Xrt::SetUp();
    host_.file(file, make_xclbin());
    emulates("XCL_EMULATION_MODE=noop");
    const auto done = load_xclbin(host_, file, uuid);
    if (!done && done.error().what.find("is XRT installed?") != std::string::npos) {
      GTEST_SKIP() << "XRT is not here (Debian 12: libxrt1): " << done.error().what;
    }
  }

  void emulates(const std::string& variable) {
    host_.on_program(xrt_load_path, [variable](const Command& command) {
      Command real = command;
      real.argv[0] = RUNX_BINARY_DIR "/bin/xrt-load";
      real.argv.insert(real.argv.begin(), {"/usr/bin/env", variable});
      return base::run_command(real);
    });
  }
};

TEST_F(RealXrt, LoadsAndLoadsAgain) {
  for (int times = 0; times < 2; ++times) {
    const auto done = load_xclbin(host_, file, uuid);
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_EQ(host_.list("/run/runx-accel/xrt").value(), std::vector<std::string>{"lib"});
  }
}

TEST_F(RealXrt, IsAskedWhatItHolds) {
  EXPECT_THAT(failure(load_xclbin(host_, file, "f" + uuid.substr(1)), EIO),
              HasSubstr("XRT reports success, but the device holds " + uuid + " and not f"));
}

TEST_F(RealXrt, IsNotBelievedOverATruncatedFile) {
  host_.file(file, make_xclbin().substr(0, 300));
  // It reads behind the end: what comes of it is a matter of luck, but not a success.
  EXPECT_THAT(failure(load_xclbin(host_, file, uuid), EIO),
              AnyOf(HasSubstr("XRT reports success, but the device holds 0000"), HasSubstr("ended its process")));
}

TEST_F(RealXrt, DiesAlone) {
  host_.file(file, make_xclbin(std::uint64_t{1} << 40));
  EXPECT_THAT(failure(load_xclbin(host_, file, uuid), EIO), HasSubstr("signal 11 (Segmentation fault)"));
}

TEST_F(RealXrt, SaysThatThereIsNoFile) {
  ASSERT_TRUE(host_.remove(file));
  EXPECT_THAT(load_xclbin(host_, file, uuid).error().what,
              AllOf(HasSubstr("[XRT] ERROR: Failed to open file"), HasSubstr("xrt-load: the device did not take the")));
}

TEST_F(RealXrt, SaysThatThereIsNoDevice) {
  emulates("NOTHING=emulated");
  EXPECT_THAT(failure(load_xclbin(host_, file, uuid), ENOENT),
              AllOf(HasSubstr("Could not open device with index '0'"), HasSubstr("xrt-load: cannot open device 0")));
}

TEST(XrtLoad, SaysHowItIsUsed) {
  const auto outcome = base::run_command({{RUNX_BINARY_DIR "/bin/xrt-load"}});
  ASSERT_TRUE(outcome) << outcome.error().what;
  EXPECT_EQ(outcome->status, 1);
  EXPECT_THAT(outcome->errors, HasSubstr("usage: xrt-load FILE UUID DIRECTORY"));
}

}  // namespace
}  // namespace runx::fpga
