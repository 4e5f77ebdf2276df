// SPDX-License-Identifier: Apache-2.0
#include "runtime/container.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/sha256.h"
#include "runtime/resources/ledger.h"
#include "tests/fake/bitstream.h"
#include "tests/fake/fake_board.h"
#include "tests/fake/fake_fpga.h"
#include "tests/fake/signer.h"
#include "xen/xl.h"

namespace runx::runtime {
namespace {

using testing::_;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

std::string other_part() {
  fake::BitstreamOptions options;
  options.idcode = 0x04738093;
  return fake::make_bitstream(options);
}

class ContainerTest : public testing::Test {
 protected:
  base::Status create(const std::string& id = "c1") {
    return runtime::create(caller_, {.id = id, .bundle = fake::fake_bundle, .pid_file = fake::fake_pid_file});
  }
  nlohmann::json state(const std::string& id = "c1") {
    const auto text = runtime::state(caller_, id);
    EXPECT_TRUE(text) << (text ? "" : text.error().what);
    return text ? base::parse_json(*text, "state").value() : nlohmann::json{};
  }
  std::string status() { return state().at("status"); }
  std::string uuid(const std::string& id = "c1") const {
    return xen::uuid_of(std::string(fake::fake_root) + "\n" + id);
  }
  void annotate(const nlohmann::json& annotations) {
    board_.file("/bundle/rootfs/.runx-accel.json", base::json_text(annotations));
  }
  void configure(const std::string& pointer, const nlohmann::json& value) {
    auto config = base::parse_json(board_.content("/bundle/config.json"), "config").value();
    config[nlohmann::json::json_pointer(pointer)] = value;
    board_.file("/bundle/config.json", base::json_text(config));
  }
  // Fails with a sentence that has `part` in it, and nothing has changed.
  void expect_refused(const std::string& part, const std::string& id = "c1") {
    const auto before = board_.tree();
    const auto done = create(id);
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr(part));
    EXPECT_EQ(board_.tree(), before);
  }

  fake::FakeBoard board_;
  Caller caller_{board_, fake::fake_root, {}};
};

TEST_F(ContainerTest, LivesFromCreateToDelete) {
  const auto before = board_.rest();
  ASSERT_TRUE(create());
  EXPECT_EQ(status(), "created");
  const auto domains = fake::fake_domains(board_);
  ASSERT_EQ(domains.size(), 1U);
  EXPECT_EQ(domains[0].uuid, uuid());
  EXPECT_EQ(domains[0].state, "--p---");
  EXPECT_EQ(domains[0].memory, "96");
  EXPECT_EQ(board_.content(fake::fake_pid_file), "1000");
  EXPECT_EQ(state().at("pid"), 1000);
  const auto is_c1 = testing::AllOf(testing::Field(&resources::Owner::root, fake::fake_root),
                                    testing::Field(&resources::Owner::id, "c1"));
  EXPECT_THAT(resources::holders(board_).value(),
              ElementsAre(Pair("device /axi/timer@ff110000", is_c1), Pair("region pr0", is_c1)));

  ASSERT_TRUE(start(caller_, "c1"));
  EXPECT_EQ(status(), "running");
  EXPECT_EQ(fake::fake_domains(board_).at(0).state, "r-----");

  ASSERT_TRUE(kill(caller_, "c1", SIGTERM));
  EXPECT_EQ(board_.content("/fake/signals"), "1000 15\n");
  EXPECT_EQ(status(), "running");

  ASSERT_TRUE(kill(caller_, "c1", SIGKILL));
  EXPECT_THAT(fake::fake_domains(board_), IsEmpty());
  EXPECT_EQ(status(), "stopped");
  EXPECT_EQ(state().at("pid"), 0);

  ASSERT_TRUE(remove(caller_, "c1", false));
  EXPECT_EQ(board_.rest(), before);
  EXPECT_THAT(runtime::state(caller_, "c1").error().what, HasSubstr("does not exist"));
}

TEST_F(ContainerTest, DeleteLeavesADirectoryThatIsNoContainers) {
  board_.file("/run/runc/other/state.json", "{}");
  const auto before = board_.tree();
  const Caller wrong{board_, "/run", {}};
  for (const bool force : {false, true})
    EXPECT_THAT(remove(wrong, "runc", force).error().what, HasSubstr("/run/runc is no container's"));
  EXPECT_EQ(board_.tree(), before);
}

TEST_F(ContainerTest, TheManagerGetsTheBytesOfTheStreamAsAPartialOne) {
  ASSERT_TRUE(create());
  const auto stream = fake::make_stream({});
  EXPECT_EQ(board_.content("/fake/fpga/last_sha256"), base::sha256_hex(base::bytes_of(stream)));
  EXPECT_EQ(board_.content("/fake/fpga/last_flags"), "1");
  EXPECT_EQ(board_.content(std::string(fake::fpga_path) + "/flags"), "0\n");
}

TEST_F(ContainerTest, TheDomainGetsWhatThePlanSays) {
  ASSERT_TRUE(create());
  const auto config = board_.content("/fake/xl/last_config");
  EXPECT_THAT(config, HasSubstr("iomem = [ \"ff110,1@ff110\" ]\n"));
  EXPECT_THAT(config, HasSubstr("irqs = [ 68, 69, 70 ]\n"));
  EXPECT_THAT(config, HasSubstr("vcpus = 1\n"));
  EXPECT_THAT(config, HasSubstr("uio_pdrv_genirq.of_id=cdns,ttc"));
  // xl has it in the guest's memory by now.
  EXPECT_EQ(board_.content(fake::fake_root + std::string("/c1/ramdisk")), "");
}

TEST_F(ContainerTest, AContainerThatAsksForNothingTakesNothing) {
  annotate(nlohmann::json::object());
  ASSERT_TRUE(create());
  EXPECT_EQ(board_.loads(), 0U);
  EXPECT_THAT(resources::holders(board_).value(), IsEmpty());
  EXPECT_THAT(board_.content("/fake/xl/last_config"), Not(HasSubstr("iomem")));
}

TEST_F(ContainerTest, ThePolicyFileIsObeyed) {
  const std::string path = "/etc/runx-accel/policy.json";
  const std::string rules = R"("rules": [{"namespaces": ["vision"], "give": ["region *", "device *"]}]})";
  board_.file(path, R"({"schema": 1, )" + rules);
  configure("/annotations/io.kubernetes.cri.sandbox-namespace", "vision");
  expect_refused("nothing is given to a container without a namespace");  // the policy does not say whose word counts
  configure("/annotations", {{"io.runx-accel.domain.memory", "96MiB"}});
  board_.file(path, R"({"schema": 1, "engine": "containerd", )" + rules);
  expect_refused("nothing is given to a container without a namespace: /etc/runx-accel/policy.json has no rule");
  configure("/annotations/io.kubernetes.cri.sandbox-namespace", "other");
  expect_refused("nothing is given to namespace other");
  // An image cannot say who runs it.
  auto metadata = base::parse_json(fake::fake_metadata_json(), "metadata").value();
  metadata["io.kubernetes.pod.namespace"] = "vision";
  annotate(metadata);
  expect_refused("nothing is given to namespace other");
  configure("/annotations/io.kubernetes.cri.sandbox-namespace", "vision");
  configure("/annotations/io.kubernetes.pod.namespace", "other");
  expect_refused("nothing is given to a container without a namespace");
  configure("/annotations/io.kubernetes.pod.namespace", "vision");
  EXPECT_TRUE(create());
}

TEST_F(ContainerTest, ThePolicyMayWantSignatures) {
  const fake::Signer signer;
  board_.file("/etc/runx-accel/policy.json",
              R"({"schema": 1, "rules": [{"give": ["region *", "device *"], "signedBy": ["/etc/release.pub"]}]})");
  expect_refused("the policy needs a public key: cannot open /etc/release.pub");
  board_.file("/etc/release.pub", signer.public_key());
  expect_refused("bitstream /boot/aes.bit is not signed");
  board_.file("/bundle/rootfs/boot/aes.bit.sig", fake::Signer().sign(fake::fake_bit()));
  expect_refused("bitstream /boot/aes.bit is signed by none of those");
  board_.file("/bundle/rootfs/boot/aes.bit.sig", signer.sign(fake::fake_bit()));
  EXPECT_TRUE(create());
}

TEST_F(ContainerTest, APolicyFileThatCannotBeReadIsNotAnAbsentOne) {
  board_.file("/etc/runx-accel/policy.json", "{");
  expect_refused("/etc/runx-accel/policy.json");
  board_.directory("/etc/runx-accel/policy.d");
  std::filesystem::remove(board_.real("/etc/runx-accel/policy.json"));
  std::filesystem::create_directory_symlink("policy.d", board_.real("/etc/runx-accel/policy.json"));
  expect_refused("/etc/runx-accel/policy.json");
}

TEST_F(ContainerTest, TheVmSectionStandsBetweenImageAndAnnotations) {
  annotate({{"io.runx-accel.domain.vcpus", "4"}});
  configure("/vm/hwConfig", {{"vcpus", 2}, {"memory", 134217728}});
  ASSERT_TRUE(create());
  EXPECT_THAT(board_.content(std::string(fake::fake_root) + "/c1/domain.cfg"), HasSubstr("vcpus = 2\n"));
  // config.json says 96MiB in its annotations.
  EXPECT_EQ(fake::fake_domains(board_).at(0).memory, "96");
}

TEST_F(ContainerTest, TheVmSectionAsksForDevicesOfItsOwn) {
  const nlohmann::json timer{{"iomems", {{{"firstMFN", 0xff110}, {"nrMFNs", 1}}}}, {"irqs", {68, 69, 70}}};
  configure("/vm/hwConfig", timer);
  expect_refused("vm.hwConfig asks for /axi/timer@ff110000, and so does io.runx-accel.device.timer");
  // An image's keys say nothing of a device that the operator asked for.
  annotate({{"io.runx-accel.device.hwconfig-0.required", "no"},
            {"io.runx-accel.device.hwconfig-0.path", fake::fake_ethernet}});
  const auto start = board_.log().size();
  const auto done = create();
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_THAT(board_.content("/fake/xl/last_config"), HasSubstr("irqs = [ 68, 69, 70 ]\n"));
  for (const char* file : {"/etc/runx-accel/board.json", "/boot/xen.dtb"})
    EXPECT_EQ(std::count(board_.log().begin() + static_cast<std::ptrdiff_t>(start), board_.log().end(),
                         "read " + std::string(file)),
              1)
        << file;
}

TEST_F(ContainerTest, AKeyThatTheRuntimeCannotHonourIsRefused) {
  annotate({{"remoteproc.name", "r5f"}});
  expect_refused("io.runx-accel.target: this version of runx-accel launches domains only");
}

TEST_F(ContainerTest, ItsOwnEndIsStopped) {
  const auto before = board_.rest();
  ASSERT_TRUE(create());
  ASSERT_TRUE(start(caller_, "c1"));
  board_.guest_ends(uuid());
  EXPECT_EQ(status(), "stopped");
  for (const int signal : {SIGTERM, SIGKILL}) {
    const auto killed = kill(caller_, "c1", signal);
    ASSERT_FALSE(killed);
    EXPECT_THAT(killed.error().what, HasSubstr("container not running"));
  }
  ASSERT_TRUE(remove(caller_, "c1", false));
  EXPECT_EQ(board_.rest(), before);
}

TEST_F(ContainerTest, StartsOnce) {
  ASSERT_TRUE(create());
  ASSERT_TRUE(start(caller_, "c1"));
  const auto again = start(caller_, "c1");
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().what, HasSubstr("is running: only a created one can be started"));
  board_.guest_ends(uuid());
  EXPECT_THAT(start(caller_, "c1").error().what, HasSubstr("is stopped"));
}

TEST_F(ContainerTest, AStartThatXenRefusesIsNone) {
  ASSERT_TRUE(create());
  auto domain = fake::fake_domains(board_).at(0);
  domain.id = 99;
  set_fake_domain(board_, domain);
  std::filesystem::remove(board_.real("/fake/xl/domains/1"));
  EXPECT_FALSE(start(caller_, "c1"));
  EXPECT_EQ(status(), "created");
}

TEST_F(ContainerTest, ARunningOneIsDeletedByForceOnly) {
  const auto before = board_.rest();
  for (const bool started : {false, true}) {
    ASSERT_TRUE(create());
    if (started) {
      ASSERT_TRUE(start(caller_, "c1"));
    }
    const auto held = board_.tree();
    const auto refused = remove(caller_, "c1", false);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, HasSubstr("kill it first"));
    EXPECT_EQ(board_.tree(), held);
    ASSERT_TRUE(remove(caller_, "c1", true));
    EXPECT_EQ(board_.rest(), before);
  }
}

TEST_F(ContainerTest, AStateThatCannotBeReadIsNoReasonToEndTheContainer) {
  ASSERT_TRUE(create());
  ASSERT_TRUE(start(caller_, "c1"));
  board_.fail("read", fake::fake_root + std::string("/c1/state.json"), EIO);
  EXPECT_FALSE(remove(caller_, "c1", false));
  EXPECT_EQ(status(), "running");
  const auto path = fake::fake_root + std::string("/c1/state.json");
  board_.file(path, "{");
  EXPECT_FALSE(remove(caller_, "c1", false));
  EXPECT_EQ(fake::fake_domains(board_).size(), 1U);
  EXPECT_TRUE(remove(caller_, "c1", true));
  EXPECT_THAT(fake::fake_domains(board_), IsEmpty());
}

TEST_F(ContainerTest, ADuplicateChangesNothing) {
  ASSERT_TRUE(create());
  ASSERT_TRUE(start(caller_, "c1"));
  expect_refused("container c1 exists already");
  EXPECT_EQ(status(), "running");
  board_.guest_ends(uuid());
  expect_refused("container c1 exists already");
}

TEST_F(ContainerTest, AnUnknownOneDoesNotExistAndIsNotMade) {
  const auto before = board_.tree();
  const auto expect_unknown = [](const base::Status& done) {
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().what, "container nobody does not exist");
  };
  expect_unknown(start(caller_, "nobody"));
  expect_unknown(kill(caller_, "nobody", SIGKILL));
  expect_unknown(remove(caller_, "nobody", false));
  EXPECT_EQ(runtime::state(caller_, "nobody").error().what, "container nobody does not exist");
  EXPECT_TRUE(remove(caller_, "nobody", true));
  EXPECT_EQ(board_.tree(), before);
}

TEST_F(ContainerTest, LaterChangesOfConfigJsonHaveNoEffect) {
  ASSERT_TRUE(create());
  const auto said = runtime::state(caller_, "c1").value();
  const auto kept = board_.content(fake::fake_root + std::string("/c1/config.json"));
  EXPECT_EQ(kept, fake::fake_config_json());
  board_.file("/bundle/config.json", "{ not even JSON");
  EXPECT_EQ(runtime::state(caller_, "c1").value(), said);
  EXPECT_TRUE(start(caller_, "c1"));
  std::filesystem::remove_all(board_.real("/bundle"));
  EXPECT_EQ(status(), "running");
  EXPECT_TRUE(remove(caller_, "c1", true));
}

TEST_F(ContainerTest, TwoContainersGetTwoRegions) {
  ASSERT_TRUE(create());
  auto annotations = base::parse_json(fake::fake_metadata_json(), "").value();
  annotations.erase("io.runx-accel.device.timer.path");
  annotate(annotations);
  ASSERT_TRUE(create("c2"));
  EXPECT_EQ(resources::holders(board_).value().at("region pr1").id, "c2");
  expect_refused("no free region for bitstream /boot/aes.bit: pr0 is held by container c1, pr1 is held by container c2",
                 "c3");
  ASSERT_TRUE(remove(caller_, "c1", true));
  EXPECT_EQ(fake::fake_domains(board_).size(), 1U);
  EXPECT_THAT(resources::holders(board_).value(), ElementsAre(Pair("region pr1", _)));
  ASSERT_TRUE(create("c3"));
}

TEST_F(ContainerTest, OneLedgerForAllRoots) {
  ASSERT_TRUE(create());
  const auto before = board_.tree();
  const auto other =
      runtime::create({board_, "/run/elsewhere", {}}, {.id = "c1", .bundle = fake::fake_bundle, .pid_file = ""});
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().what, HasSubstr("device /axi/timer@ff110000 is held by container c1"));
  EXPECT_EQ(board_.tree(), before);
}

TEST_F(ContainerTest, RefusalsTouchNothing) {
  auto asks = base::parse_json(fake::fake_metadata_json(), "").value();
  auto wrong = asks;
  wrong["io.runx-accel.fpga.aes.digest"] = "sha256:" + std::string(64, '0');
  wrong["io.runx-accel.device.timer.path"] = fake::fake_unmarked_timer;
  annotate(wrong);
  expect_refused("has digest sha256:");
  expect_refused(fake::fake_unmarked_timer);
  asks.erase("io.runx-accel.fpga.aes.digest");
  annotate(asks);
  board_.file("/bundle/rootfs/boot/aes.bit", other_part());
  expect_refused("is for the part with IDCODE 04738093");
  std::filesystem::remove(board_.real("/bundle/rootfs/boot/aes.bit"));
  expect_refused("/boot/aes.bit");
  EXPECT_EQ(board_.loads(), 0U);
}

TEST_F(ContainerTest, TooLittleMemoryForTheRamdiskLeavesNothing) {
  configure("/annotations/io.runx-accel.domain.memory", "49MiB");
  board_.file("/bundle/rootfs/big", std::string(3'000'000, 'x'));
  expect_refused("domain.memory 49MiB is too small");
}

TEST_F(ContainerTest, ARootFileSystemBeyondTheBudgetIsRefusedBeforeAByteIsWritten) {
  auto board = base::parse_json(fake::fake_board_json(), "").value();
  board["image"] = {{"maxBytes", "2MiB"}, {"maxEntries", 20}};
  board_.file("/etc/runx-accel/board.json", base::json_text(board));
  board_.file("/bundle/rootfs/big", "");
  std::filesystem::resize_file(board_.real("/bundle/rootfs/big"), 3 << 20);
  expect_refused("raise image.maxBytes of the board file");
  std::filesystem::resize_file(board_.real("/bundle/rootfs/big"), 1 << 20);
  for (int i = 0; i < 20; ++i) board_.file(base::text("/bundle/rootfs/", i), "");
  expect_refused("raise image.maxEntries of the board file");
  for (const auto& line : board_.log()) EXPECT_THAT(line, Not(HasSubstr("ramdisk")));
}

TEST_F(ContainerTest, WhatIsNotGivenIsNotRead) {
  // What would be said of it if it were.
  board_.file("/bundle/rootfs/boot/aes.bit", "#!/bin/sh");
  const std::string policy = "/etc/runx-accel/policy.json";
  board_.file(policy, R"({"schema": 1, "rules": [{"give": ["device *"]}]})");
  expect_refused("region pr0 is not given to a container without a namespace");
  board_.file(policy, R"({"schema": 1, "rules": [{"give": ["region *"]}]})");
  expect_refused("device /axi/timer@ff110000 is not given");
  board_.file(policy, R"({"schema": 1, "rules": [{"give": ["region *", "device *"], "memory": "64MiB"}]})");
  expect_refused("gives a container without a namespace at most 64MiB");
  std::filesystem::remove(board_.real(policy));
  configure("/annotations/io.runx-accel.fpga.aes.region", "pr9");
  expect_refused("region pr9, which fpga.aes asks for, is not one of this board's regions");
  configure("/annotations/io.runx-accel.fpga.aes.region", "pr0");
  ASSERT_TRUE(
      resources::Ledger::lock(board_).value().take("region pr0", {fake::fake_root, "other", "0123456789abcdef"}));
  expect_refused("region pr0 is held by container other");
}

// Six names of one sparse file: what is read of it is not kept.
TEST_F(ContainerTest, ManyLargeBitstreamsTakeNoMemory) {
  constexpr std::uint64_t large = std::uint64_t{64} << 20;
  nlohmann::json board = base::parse_json(fake::fake_board_json(), "").value();
  nlohmann::json asks{{"io.runx-accel.fpga.aes.partial", "yes"}};
  board_.file("/bundle/rootfs/boot/0", fake::make_stream({}));
  std::filesystem::resize_file(board_.real("/bundle/rootfs/boot/0"), large);
  for (int i = 0; i < 6; ++i) {
    const auto name = base::text("/boot/", i);
    const auto region = base::text("r", i);
    if (i > 0) {
      std::filesystem::create_hard_link(board_.real("/bundle/rootfs/boot/0"), board_.real("/bundle/rootfs" + name));
    }
    board["regions"].push_back(board["regions"][0]);
    board["regions"].back()["name"] = region;
    asks["io.runx-accel.fpga.aes.bitstream." + region] = name;
  }
  board_.file("/etc/runx-accel/board.json", base::json_text(board));
  annotate(asks);
  const auto pid = ::fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    unsigned long data = 0;
    std::ifstream statm("/proc/self/statm");
    for (int field = 0; field < 6; ++field) statm >> data;
    const auto most = data * static_cast<unsigned long>(::sysconf(_SC_PAGESIZE)) + large / 2;
    const rlimit limit{most, most};
    ::setrlimit(RLIMIT_DATA, &limit);
    try {
      const auto done = create();
      // The archive of the root file system is too large for the domain, and that is said.
      std::_Exit(!done && done.error().what.find("is too small for this image") != std::string::npos ? 0 : 1);
    } catch (const std::bad_alloc&) {
      std::_Exit(2);
    }
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
}

TEST_F(ContainerTest, AMonitorThatCannotBeginIsTheReason) {
  const auto before = board_.rest();
  board_.file("/fake/monitor_says", "there is no console");
  const auto done = create();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().what, HasSubstr("there is no console"));
  EXPECT_EQ(board_.content(fake::fake_pid_file), "");
  std::filesystem::remove(board_.real("/fake/monitor_says"));
  EXPECT_EQ(board_.rest(), before);
}

TEST_F(ContainerTest, WhatXlSaysIsTheReason) {
  const auto before = board_.rest();
  board_.file("/fake/xl/fail/create", "libxl: error: not enough memory\n");
  const auto done = create();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().what, HasSubstr("not enough memory"));
  EXPECT_EQ(board_.rest(), before);
}

TEST_F(ContainerTest, AFailedLoadIsTheReasonAndNothingIsLeft) {
  const auto before = board_.rest();
  board_.file("/fake/fpga/fail_next", std::to_string(ETIMEDOUT));
  const auto done = create();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().what, HasSubstr("reconfig operation error"));
  EXPECT_THAT(done.error().what, HasSubstr("region pr0"));
  EXPECT_EQ(board_.rest(), before);
  EXPECT_THAT(fake::fake_domains(board_), IsEmpty());
}

TEST_F(ContainerTest, SignalsThatWouldStopTheMonitorAreRefused) {
  ASSERT_TRUE(create());
  EXPECT_FALSE(kill(caller_, "c1", SIGSTOP));
  EXPECT_FALSE(kill(caller_, "c1", SIGCONT));
  EXPECT_EQ(board_.content("/fake/signals"), "");
}

TEST_F(ContainerTest, AReusedPidIsNotSignalled) {
  ASSERT_TRUE(create());
  board_.file("/proc/1000/stat", "1000 (sshd) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 99999 0 0");
  EXPECT_EQ(status(), "stopped");
  EXPECT_FALSE(kill(caller_, "c1", SIGTERM));
  EXPECT_TRUE(remove(caller_, "c1", true));
  EXPECT_EQ(board_.content("/fake/signals"), "");
  EXPECT_THAT(fake::fake_domains(board_), IsEmpty());
}

// Between the look at who has the pid and the signal, the monitor ends and its pid is given to another.
class QuickBoard : public fake::FakeBoard {
 public:
  base::Result<std::string> read(const std::string& path, std::size_t limit) override {
    auto content = FakeBoard::read(path, limit);
    if (armed && path == "/proc/1000/stat") file(path, "1000 (sshd) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 99999 0 0");
    return content;
  }
  bool armed = false;
};

TEST(ContainerRace, APidThatIsReusedAtThisMomentIsNotSignalled) {
  QuickBoard board;
  const Caller caller{board, fake::fake_root, {}};
  ASSERT_TRUE(create(caller, {.id = "c1", .bundle = fake::fake_bundle, .pid_file = ""}));
  ASSERT_TRUE(start(caller, "c1"));
  board.armed = true;
  const auto killed = kill(caller, "c1", SIGTERM);
  ASSERT_FALSE(killed);
  EXPECT_EQ(killed.error().what, "container not running: c1 is stopped");
  EXPECT_EQ(board.content("/fake/signals"), "");
}

// As `kill KILL; delete` of a script, with a monitor that needs a moment for its end.
TEST_F(ContainerTest, AKilledOneCanBeDeletedAtOnce) {
  ASSERT_TRUE(create());
  ASSERT_TRUE(start(caller_, "c1"));
  board_.file("/fake/monitors/1000", "ends by itself");  // and not with its domain
  std::thread monitor([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    std::filesystem::remove_all(board_.real("/proc/1000"));
  });
  EXPECT_TRUE(kill(caller_, "c1", SIGKILL));
  const auto removed = remove(caller_, "c1", false);
  EXPECT_TRUE(removed) << removed.error().what;
  monitor.join();
  EXPECT_EQ(board_.content("/fake/signals"), "");
}

TEST_F(ContainerTest, AKillEndsAMonitorThatDoesNotEnd) {
  ASSERT_TRUE(create());
  board_.file("/fake/monitors/1000", "hangs");
  EXPECT_TRUE(kill(caller_, "c1", SIGKILL));
  EXPECT_EQ(board_.content("/fake/signals"), "1000 9\n");
  EXPECT_EQ(status(), "stopped");
}

TEST_F(ContainerTest, StateDoesNotWaitForACreate) {
  ASSERT_TRUE(create());
  auto made = oci::read_state(board_, fake::fake_root + std::string("/c1")).value();
  made.status = oci::Status::creating;
  ASSERT_TRUE(oci::write_state(board_, fake::fake_root + std::string("/c1"), made));
  auto held = board_.lock(fake::fake_root + std::string("/c1"));
  ASSERT_TRUE(held);
  auto asked = std::async(std::launch::async, [&] { return status(); });
  EXPECT_EQ(asked.wait_for(std::chrono::seconds(5)), std::future_status::ready);
  held->reset();
  EXPECT_EQ(asked.get(), "creating");
}

// Whoever can write there can put a container there, with a journal of what delete is to do as root.
TEST_F(ContainerTest, ARootThatOthersCanWriteToIsRefused) {
  annotate(nlohmann::json::object());
  ASSERT_TRUE(create());
  for (const mode_t mode : {0777, 01777}) {
    ASSERT_EQ(::chmod(board_.real(fake::fake_root).c_str(), mode), 0);
    const auto before = board_.tree();
    const auto expect_refused = [&](const base::Status& done) {
      ASSERT_FALSE(done);
      EXPECT_THAT(done.error().what, HasSubstr("so that others can write to it"));
    };
    expect_refused(create("c2"));
    expect_refused(start(caller_, "c1"));
    expect_refused(kill(caller_, "c1", SIGKILL));
    expect_refused(remove(caller_, "c1", false));
    expect_refused(remove(caller_, "c1", true));
    const auto asked = runtime::state(caller_, "c1");
    ASSERT_FALSE(asked);
    EXPECT_THAT(asked.error().what, HasSubstr("so that others can write to it"));
    EXPECT_EQ(board_.tree(), before);
  }
  ASSERT_EQ(::chmod(board_.real(fake::fake_root).c_str(), 0711), 0);
  EXPECT_TRUE(remove(caller_, "c1", true));
}

TEST_F(ContainerTest, ArgumentsThatTheGuestsInitDoesNotReadAreRefused) {
  configure("/process/env",
            nlohmann::json::array({"A=" + std::string(600'000, 'x'), "B=" + std::string(600'000, 'x')}));
  const auto before = board_.rest();
  const auto done = create();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().what, HasSubstr("and the guest's init takes 1048576: pass less in args and env"));
  EXPECT_EQ(board_.rest(), before);
}

TEST_F(ContainerTest, WhatIsOnDiskIsRootsAlone) {
  const auto before = ::umask(0);
  ASSERT_TRUE(create());
  ::umask(before);
  const auto mode = [&](const std::string& path) {
    struct stat status {};
    EXPECT_EQ(::stat(board_.real(path).c_str(), &status), 0) << path;
    return status.st_mode & 07777;
  };
  const std::string container = fake::fake_root + std::string("/c1");
  for (const auto& directory : {std::string("/run/runx-accel"), std::string(fake::fake_root), container}) {
    EXPECT_EQ(mode(directory), 0700U) << directory;
  }
  for (const auto& file :
       {container + "/state.json", container + "/config.json", container + "/journal", container + "/domain.cfg",
        std::string(resources::ledger_lock), std::string("/run/runx-accel/fpga.lock")}) {
    EXPECT_EQ(mode(file), 0600U) << file;
  }
}

TEST_F(ContainerTest, AfterKillMinusNineOfTheMonitorDeleteGivesEverythingBack) {
  const auto before = board_.rest();
  ASSERT_TRUE(create());
  ASSERT_TRUE(start(caller_, "c1"));
  std::filesystem::remove_all(board_.real("/proc/1000"));
  EXPECT_EQ(status(), "stopped");
  ASSERT_TRUE(remove(caller_, "c1", false));
  EXPECT_EQ(board_.rest(), before);
}

TEST_F(ContainerTest, HostileIdsReachNoPath) {
  board_.file("/run/runx-accel/victim/state.json", "{}");
  const auto before = board_.tree();
  const std::vector<std::string> ids{
      "../victim", "..", ".", "", "a/b", "/etc", "a b", "a\n", "a\"", std::string("a\0b", 3), std::string(1025, 'a')};
  for (const auto& id : ids) {
    EXPECT_FALSE(create(id)) << id;
    EXPECT_FALSE(start(caller_, id)) << id;
    EXPECT_FALSE(kill(caller_, id, SIGKILL)) << id;
    EXPECT_FALSE(remove(caller_, id, true)) << id;
    EXPECT_FALSE(runtime::state(caller_, id)) << id;
  }
  EXPECT_EQ(board_.tree(), before);
}

TEST_F(ContainerTest, AnIdTooLongForAFileIsRefused) {
  const std::string id(256, 'a');
  EXPECT_THAT(create(id).error().what, HasSubstr("1 to 255"));
  EXPECT_THAT(runtime::state(caller_, id).error().what, HasSubstr("1 to 255"));
}

}  // namespace
}  // namespace runx::runtime
