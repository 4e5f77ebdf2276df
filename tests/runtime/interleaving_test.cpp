// SPDX-License-Identifier: Apache-2.0
//
// Two containers want one region. Whatever is created, killed half way, deleted, deleted again, and whatever survives a
// reboot: while one holds the region, the other neither programs, blanks nor releases it. Each interleaving is made of
// its seed, which a failure names.
#include <filesystem>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "runtime/container.h"
#include "runtime/resources/contents.h"
#include "runtime/resources/ledger.h"
#include "tests/fake/bitstream.h"
#include "tests/fake/fake_board.h"
#include "tests/fake/fake_fpga.h"

namespace runx::runtime {
namespace {

constexpr const char* root = "/var/lib/containers";  // unlike /run, it survives a reboot
constexpr const char* blank = "/lib/firmware/blank.bit";
constexpr unsigned interleavings = 2000;
constexpr unsigned shards = 8;
constexpr unsigned steps = 10;

void lay_out(fake::FakeBoard& board) {
  fake::BitstreamOptions options;
  options.seed = 7;
  board.file(blank, fake::make_bitstream(options));
  auto file = base::parse_json(fake::fake_board_json(), "").value();
  file["regions"].erase(1);
  file["regions"][0]["blank"] = blank;
  board.file("/etc/runx-accel/board.json", base::json_text(file));
  auto asks = base::parse_json(fake::fake_metadata_json(), "").value();
  asks.erase("io.runx-accel.device.timer.path");
  board.file("/bundle/rootfs/.runx-accel.json", base::json_text(asks));
  board.file("/proc/sys/kernel/random/boot_id", "boot 0\n");
}

// What belongs to whoever holds the region.
struct Held {
  std::string id;
  std::map<std::string, resources::Owner> claims;
  std::map<std::string, resources::Content> contents;
  unsigned loads = 0;
  bool domain = false;
  std::string status;  // "stopped": its monitor was killed
  bool operator==(const Held&) const = default;
};

class Machine {
 public:
  explicit Machine(unsigned seed) : random_(seed) { lay_out(board_); }

  void step() {
    const std::string id = pick(2) == 0 ? "a" : "b";
    switch (pick(6)) {
      case 0:
        return reboot();
      case 1:
      case 2:
        return act(id, "create", [&](fake::FakeBoard& board) {
          return runtime::create({board, root, {}}, {.id = id, .bundle = fake::fake_bundle, .pid_file = ""});
        });
      default:
        return act(id, "delete", [&](fake::FakeBoard& board) { return remove({board, root, {}}, id, true); });
    }
  }

  void give_back_all() {
    for (const char* id : {"a", "b"}) EXPECT_TRUE(remove({board_, root, {}}, id, true));
    EXPECT_TRUE(resources::holders(board_).value().empty());
    EXPECT_TRUE(fake::fake_domains(board_).empty());
    EXPECT_TRUE(board_.list(root).value_or(std::vector<std::string>()).empty());
  }

  const std::string& story() const { return story_; }

 private:
  unsigned pick(unsigned choices) { return static_cast<unsigned>(random_() % choices); }

  Held look(const std::string& without) {
    Held out;
    const auto holders = resources::holders(board_).value();
    for (const auto& [claim, owner] : holders) {
      if (owner.id == without) continue;
      out.id = owner.id;
      out.claims[claim] = owner;
    }
    if (out.id.empty()) return out;
    out.contents = resources::read_contents(board_).value();
    out.loads = board_.loads();
    out.domain = !fake::fake_domains(board_).empty();
    const auto state = runtime::state({board_, root, {}}, out.id);
    if (state) out.status = base::parse_json(*state, "").value().at("status");
    return out;
  }

  // A process of its own, which a third of the time is killed somewhere.
  void act(const std::string& id, const char* what, const std::function<base::Status(fake::FakeBoard&)>& call) {
    const auto before = look(id);
    fake::FakeBoard process(board_.real(""));
    const unsigned at = pick(3) == 0 ? 1 + pick(70) : 0;
    if (at != 0) process.crash_within(at);
    story_ += base::text(what, " ", id, at != 0 ? base::text(" killed at ", at) : "", "; ");
    try {
      static_cast<void>(call(process));
    } catch (const fake::Crash&) {
    }
    end_orphaned_monitors();
    if (!before.id.empty()) {
      EXPECT_EQ(look(id), before) << "what " << before.id << " holds was touched";
    }
  }

  // A monitor whose domain is gone ends, also when whoever destroyed it was killed before it could be seen.
  void end_orphaned_monitors() {
    std::set<std::string> alive;
    for (const auto& domain : fake::fake_domains(board_)) alive.insert(domain.uuid);
    const auto monitors = board_.list("/fake/monitors").value_or(std::vector<std::string>());
    for (const auto& pid : monitors) {
      if (pid == "last" || alive.contains(board_.content("/fake/monitors/" + pid))) continue;
      std::filesystem::remove_all(board_.real("/proc/" + pid));
    }
  }

  // /run and the fabric's content are gone, and so are the domains; the containers' directories are not.
  void reboot() {
    namespace fs = std::filesystem;
    story_ += "reboot; ";
    for (const char* gone : {"/run/runx-accel", "/fake/xl/domains", "/fake/monitors"})
      fs::remove_all(board_.real(gone));
    const auto processes = board_.list("/proc").value();
    for (const auto& pid : processes) {
      if (pid.find_first_not_of("0123456789") == std::string::npos) fs::remove_all(board_.real("/proc/" + pid));
    }
    board_.directory("/fake/xl/domains");
    board_.file("/proc/sys/kernel/random/boot_id", base::text("boot ", ++boots_, "\n"));
    board_.file(std::string(fake::fpga_path) + "/flags", "0\n");
  }

  std::mt19937 random_;
  fake::FakeBoard board_;
  unsigned boots_ = 0;
  std::string story_;
};

class Interleavings : public testing::TestWithParam<unsigned> {};

TEST_P(Interleavings, NobodyTouchesWhatAnotherHolds) {
  for (unsigned seed = GetParam(); seed < interleavings; seed += shards) {
    Machine machine(seed);
    for (unsigned step = 0; step < steps && !HasFailure(); ++step) machine.step();
    if (!HasFailure()) machine.give_back_all();
    if (HasFailure()) FAIL() << "seed " << seed << ": " << machine.story();
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Interleavings, testing::Range(0U, shards));

}  // namespace
}  // namespace runx::runtime
