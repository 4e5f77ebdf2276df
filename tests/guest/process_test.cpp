// SPDX-License-Identifier: Apache-2.0
#include "guest/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace runx::guest {
namespace {

using testing::HasSubstr;

GuestProcess everything() {
  GuestProcess process;
  process.args = {"/bin/prog", "", "two\nlines", "a=b", "\xff\xfe"};
  process.env = {"PATH=/bin", "EMPTY=", "arg=not an argument"};
  process.cwd = "/work dir";
  process.uid = 4294967295U;
  process.gid = 100;
  process.additional_gids = {1, 2, 3};
  process.umask = 077;
  process.hostname = "guest";
  process.rlimits = {{"RLIMIT_NOFILE", 1024, 18446744073709551615U}};
  process.no_new_privileges = true;
  process.root_read_only = true;
  process.mounts = {{"proc", "proc", "/proc", {}}, {"tmpfs", "tmpfs", "/run", {"nosuid", "size=64k", "mode=755"}}};
  return process;
}

TEST(Process, ComesOutAsItWentIn) {
  const auto bytes = everything().encode();
  ASSERT_TRUE(bytes);
  const auto back = GuestProcess::decode(base::bytes_of(*bytes));
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(*back, everything());
}

TEST(Process, ANulIsRefused) {
  GuestProcess process;
  process.args = {std::string("a\0b", 3)};
  const auto bytes = process.encode();
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().what, "process: a value of arg holds a NUL");
}

// More than init reads: the container would be made, and could not be run.
TEST(Process, OrdersThatInitDoesNotReadAreRefused) {
  GuestProcess process;
  process.args = {"/bin/prog"};
  const auto rest = process.encode()->size() + std::string_view("env=\0").size() + 1;
  process.env = {std::string(longest_orders - rest, 'x')};
  EXPECT_EQ(process.encode()->size(), longest_orders);
  process.env[0] += 'x';
  const auto bytes = process.encode();
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().code, std::errc::argument_list_too_long);
  EXPECT_EQ(
      bytes.error().what,
      "process: args, env and mounts take 1048577 bytes, and the guest's init takes 1048576: pass less in args and "
      "env");
}

TEST(Process, CutAnywhereItIsAnErrorOrAShorterProcess) {
  const auto bytes = *everything().encode();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto cut = GuestProcess::decode(base::bytes_of(bytes).first(size));
    if (cut) {
      EXPECT_EQ(bytes[size - 1], '\0');
    }
  }
}

TEST(Process, WhatItDoesNotWriteItDoesNotRead) {
  const auto decode = [](std::string_view bytes) { return GuestProcess::decode(base::bytes_of(bytes)); };
  using namespace std::string_view_literals;
  for (const auto& [bytes, said] : std::vector<std::pair<std::string_view, std::string>>{
           {""sv, "it has no args"},
           {"runx-guest=2\0arg=a\0"sv, "written for another init"},
           {"runx-guest=1\0arg=a"sv, "the last record is cut"},
           {"runx-guest=1\0arg=a\0nothing\0"sv, "no record: nothing"},
           {"runx-guest=1\0arg=a\0uid=-1\0"sv, "not understood: uid=-1"},
           {"runx-guest=1\0arg=a\0uid=4294967296\0"sv, "not understood: uid="},
           {"runx-guest=1\0arg=a\0rlimit=RLIMIT_CPU 1\0"sv, "not understood: rlimit"},
           {"runx-guest=1\0arg=a\0mount-source=x\0"sv, "not understood: mount-source"},
           {"runx-guest=1\0arg=a\0shell=yes\0"sv, "not understood: shell"}}) {
    const auto process = decode(bytes);
    ASSERT_FALSE(process) << said;
    EXPECT_THAT(process.error().what, HasSubstr(said));
  }
}

TEST(Process, KnowsTheKernelsNames) {
  EXPECT_TRUE(is_kernel_filesystem("tmpfs"));
  EXPECT_FALSE(is_kernel_filesystem("ext4"));
  EXPECT_FALSE(is_kernel_filesystem("bind"));
  EXPECT_EQ(rlimit_number("RLIMIT_NOFILE"), RLIMIT_NOFILE);
  EXPECT_FALSE(rlimit_number("RLIMIT_SOMETHING"));
}

}  // namespace
}  // namespace runx::guest
