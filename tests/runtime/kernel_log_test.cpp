// SPDX-License-Identifier: Apache-2.0
#include "runtime/kernel_log.h"

#include <cerrno>
#include <string>

#include <gtest/gtest.h>

#include "tests/fake/fake_host.h"

namespace runx::runtime {
namespace {

TEST(KernelLog, KeepsTheLastOfIt) {
  fake::FakeHost host;
  host.directory("/run/c1");
  KernelLog log(host, "/run/c1/kernel.log");
  std::string all;
  for (int i = 0; i < 40'000; ++i) {
    const auto line = base::text("line ", i, "\n");
    all += line;
    log.add(line);
    if (i % 1000 == 0) {
      ASSERT_LE(host.content("/run/c1/kernel.log").size(), 2 * KernelLog::kept + 100);
    }
  }
  const auto kept = host.content("/run/c1/kernel.log");
  EXPECT_GE(kept.size(), KernelLog::kept);
  EXPECT_TRUE(all.ends_with(kept));
}

// No room for the second file that cutting needs.
class FullHost : public fake::FakeHost {
 public:
  base::Status write(const std::string& path, std::string_view content, mode_t mode) override {
    ++tries;
    return full ? base::fail_errno(ENOSPC, "cannot write ", path) : FakeHost::write(path, content, mode);
  }
  bool full = true;
  int tries = 0;
};

TEST(KernelLog, DoesNotGrowWhenItCannotBeCut) {
  FullHost host;
  host.directory("/run/c1");
  KernelLog log(host, "/run/c1/kernel.log");
  const auto size = [&] { return host.content("/run/c1/kernel.log").size(); };
  std::string all;
  for (int i = 0; i < 400'000; ++i) {
    const auto line = base::text("line ", i, "\n");
    all += line;
    log.add(line);
    if (i % 10'000 == 0) {
      ASSERT_LE(size(), 2 * KernelLog::kept);
    }
  }
  const auto kept = host.content("/run/c1/kernel.log");
  EXPECT_FALSE(kept.empty());
  EXPECT_TRUE(all.ends_with(kept)) << "the last of it is what is wanted";
  EXPECT_LT(host.tries, 60) << "it is tried once for each 128 KiB, and not for each line";
  host.full = false;
  for (int i = 0; i < 20'000; ++i) log.add("there is room again\n");
  EXPECT_GE(size(), KernelLog::kept);
  EXPECT_LE(size(), 2 * KernelLog::kept);
}

TEST(KernelLog, AnyPieceIsBounded) {
  fake::FakeHost host;
  host.directory("/run/c1");
  KernelLog log(host, "/run/c1/kernel.log");
  for (const std::size_t size : {KernelLog::kept, 2 * KernelLog::kept, 10 * KernelLog::kept, std::size_t{1}}) {
    log.add(std::string(size, 'x'));
    EXPECT_LE(host.content("/run/c1/kernel.log").size(), 2 * KernelLog::kept);
  }
}

}  // namespace
}  // namespace runx::runtime
