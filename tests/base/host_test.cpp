// SPDX-License-Identifier: Apache-2.0
#include "base/host.h"

#include <array>
#include <chrono>
#include <csignal>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "tests/base/scratch.h"

namespace runx::base {
namespace {

using test::Scratch;
using ::testing::ElementsAre;

mode_t mode_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777;
}

TEST(Host, PutsItsRootInFrontOfEveryPath) {
  Scratch folder;
  Host host(folder.path());
  ASSERT_TRUE(host.write("/a", "1"));
  EXPECT_EQ(folder.content("a"), "1");
  EXPECT_EQ(host.real("/sys/x"), folder.path() + "/sys/x");
  EXPECT_EQ(Host().real("/sys/x"), "/sys/x");
}

TEST(Host, ReadsUpToTheLimitAndNotOneByteMore) {
  Scratch folder;
  Host host(folder.path());
  folder.file("exact", std::string(100'000, 'x'));
  EXPECT_EQ(host.read("/exact", 100'000)->size(), 100'000U);
  const auto longer = host.read("/exact", 99'999);
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().code, std::errc::file_too_large);
  EXPECT_EQ(longer.error().what, "/exact is larger than 99999 bytes");
  folder.file("empty", "");
  EXPECT_EQ(*host.read("/empty", 0), "");
}

TEST(Host, ErrorsNameThePathWithoutTheRootAndCarryTheErrno) {
  Scratch folder;
  Host host(folder.path());
  const auto missing = host.read("/no");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, std::errc::no_such_file_or_directory);
  EXPECT_EQ(missing.error().what, "cannot open /no: No such file or directory");
  EXPECT_EQ(host.read("/").error().code, std::errc::is_a_directory);
  EXPECT_EQ(host.list("/no").error().what, "cannot read /no: No such file or directory");
  EXPECT_EQ(host.write("/no/file", "x").error().what, "cannot write /no/file: No such file or directory");
}

TEST(Host, ListsNamesInOrder) {
  Scratch folder;
  Host host(folder.path());
  for (const auto* name : {"b", "a10", "a9", ".hidden", "B"}) folder.file(name, "");
  EXPECT_THAT(*host.list("/"), ElementsAre(".hidden", "B", "a10", "a9", "b"));
}

TEST(Host, WriteReplacesTheWholeFileAndSetsItsMode) {
  Scratch folder;
  Host host(folder.path());
  folder.file("f", "a long content of before");
  ASSERT_TRUE(host.write("/f", "new", 0640));
  EXPECT_EQ(folder.content("f"), "new");
  EXPECT_EQ(mode_of(folder.at("f")), 0640U);
  EXPECT_EQ(folder.count(), 1U) << "a temporary was left behind";
  ASSERT_TRUE(host.write("/secret", ""));
  EXPECT_EQ(mode_of(folder.at("secret")), 0600U);
}

TEST(Host, WriteReplacesALinkAndNotWhatItPointsAt) {
  Scratch folder;
  Host host(folder.path());
  folder.file("target", "kept");
  ASSERT_EQ(::symlink("target", folder.at("link").c_str()), 0);
  ASSERT_TRUE(host.write("/link", "new"));
  EXPECT_EQ(folder.content("target"), "kept");
  EXPECT_FALSE(std::filesystem::is_symlink(folder.at("link")));
}

// The file-size limit makes write(2) fail after some bytes, as a full disk would.
TEST(Host, AWriteThatFailsHalfwayKeepsTheOldFile) {
  Scratch folder;
  Host host(folder.path());
  folder.file("f", "old");
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGXFSZ, &ignore, &before);
  struct rlimit saved {};
  ::getrlimit(RLIMIT_FSIZE, &saved);
  const struct rlimit small { 4096, saved.rlim_max };
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto replaced = host.write("/f", std::string(10'000, 'n'));
  const auto created = host.write_new("/g", std::string(10'000, 'n'));
  ::setrlimit(RLIMIT_FSIZE, &saved);
  ::sigaction(SIGXFSZ, &before, nullptr);
  ASSERT_FALSE(replaced);
  EXPECT_EQ(replaced.error().code, std::errc::file_too_large);
  ASSERT_FALSE(created);
  EXPECT_EQ(folder.content("f"), "old");
  EXPECT_EQ(folder.count(), 1U) << "a temporary or half a file was left behind";
}

TEST(Host, AWriteThatCannotReplaceLeavesNoTemporary) {
  Scratch folder;
  Host host(folder.path());
  folder.file("directory/full", "");
  const auto done = host.write("/directory", "x");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, std::errc::is_a_directory);
  EXPECT_EQ(folder.count(), 1U);
}

// Killed while it writes 64 MiB again and again: the file is the old one or the new one, whole.
TEST(Host, AKilledWriterLeavesAWholeFileAndNothingThatCannotBeRemoved) {
  Scratch folder;
  Host host(folder.path());
  const std::string content(std::size_t{64} << 20, 'n');
  for (const int milliseconds : {1, 20, 60}) {
    folder.file("f", "old");
    const pid_t pid = ::fork();
    if (pid == 0) {
      Host writer(folder.path());
      for (;;) (void)writer.write("/f", content);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    const auto found = folder.content("f");
    EXPECT_TRUE(found == "old" || found == content) << found.size() << " bytes";
    ASSERT_TRUE(host.remove_temporaries("/f"));
    EXPECT_EQ(folder.count(), 1U);
  }
}

TEST(Host, RemovesTheTemporariesOfOneFileAndNothingElse) {
  Scratch folder;
  Host host(folder.path());
  for (const auto* name : {"f", "f.aB3xYz", "f.000fff", "f.12345", "f.1234567", "g.aB3xYz", "f.bin"})
    folder.file(name, "");
  ASSERT_TRUE(host.remove_temporaries("/f"));
  EXPECT_THAT(*host.list("/"), ElementsAre("f", "f.12345", "f.1234567", "f.bin", "g.aB3xYz"));
  EXPECT_TRUE(host.remove_temporaries("/no/such/f"));
}

// What a writer leaves that was killed between naming its temporary and renaming it is found by that pattern.
TEST(Host, ATemporarysNameIsOneThatIsRemoved) {
  Scratch folder;
  Host host(folder.path());
  folder.file("f/in-the-way", "");
  const Fd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  ASSERT_GE(::inotify_add_watch(watch.get(), folder.path().c_str(), IN_CREATE), 0);
  ASSERT_FALSE(host.write("/f", "x"));
  alignas(inotify_event) std::array<char, 4096> buffer{};
  ASSERT_GT(::read(watch.get(), buffer.data(), buffer.size()), 0);
  const std::string name = reinterpret_cast<const inotify_event*>(buffer.data())->name;
  folder.file(name, "");
  ASSERT_TRUE(host.remove_temporaries("/f"));
  EXPECT_FALSE(host.exists("/" + name)) << name;
}

TEST(Host, OfTwoWhoWriteNewOneWins) {
  Scratch folder;
  Host host(folder.path());
  ASSERT_TRUE(host.write_new("/f", "first"));
  const auto second = host.write_new("/f", "second");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, std::errc::file_exists);
  EXPECT_EQ(folder.content("f"), "first");
  EXPECT_EQ(folder.count(), 1U);
}

TEST(Host, OfManyProcessesThatWriteNewAtOnceExactlyOneWins) {
  Scratch folder;
  constexpr int writers = 8;
  for (int i = 0; i < writers; ++i) {
    if (::fork() == 0) {
      Host host(folder.path());
      ::_exit(host.write_new("/f", std::string(1000, static_cast<char>('a' + i))) ? 0 : 1);
    }
  }
  int winners = 0;
  for (int i = 0; i < writers; ++i) {
    int status = 0;
    ::wait(&status);
    winners += status == 0 ? 1 : 0;
  }
  EXPECT_EQ(winners, 1);
  const auto content = folder.content("f");
  EXPECT_EQ(content, std::string(1000, content.at(0))) << "of one writer, whole";
  EXPECT_EQ(folder.count(), 1U);
}

TEST(Host, AppendsAndDoesNotFollowALink) {
  Scratch folder;
  Host host(folder.path());
  ASSERT_TRUE(host.append("/log", "one\n"));
  ASSERT_TRUE(host.append("/log", "two\n"));
  EXPECT_EQ(folder.content("log"), "one\ntwo\n");
  folder.file("target", "kept");
  ASSERT_EQ(::symlink("target", folder.at("link").c_str()), 0);
  EXPECT_EQ(host.append("/link", "x").error().code, std::errc::too_many_symbolic_link_levels);
  EXPECT_EQ(folder.content("target"), "kept");
}

TEST(Host, AnAttributeMustExistAndIsNotTruncated) {
  Scratch folder;
  Host host(folder.path());
  EXPECT_EQ(host.write_attribute("/attr", "1").error().code, std::errc::no_such_file_or_directory);
  EXPECT_EQ(folder.count(), 0U);
  folder.file("attr", "12345");
  ASSERT_TRUE(host.write_attribute("/attr", "ab"));
  EXPECT_EQ(folder.content("attr"), "ab345") << "one write(2), as sysfs wants it: no O_TRUNC";
}

// /dev/full answers every write with ENOSPC: the error is the kernel's, not our reading of it.
TEST(Host, AnAttributesErrorIsTheKernels) {
  const auto done = Host().write_attribute("/dev/full", "x");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, std::errc::no_space_on_device);
  EXPECT_EQ(done.error().what, "cannot write /dev/full: No space left on device");
}

TEST(Host, OpensCloseOnExec) {
  Scratch folder;
  Host host(folder.path());
  folder.file("f", "x");
  const auto file = host.open("/f", O_RDONLY);
  ASSERT_TRUE(file);
  EXPECT_NE(::fcntl(file->get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(Host, ConnectsToASocketAndSaysWhenNobodyListens) {
  Scratch folder;
  Host host(folder.path());
  const Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  folder.at("s").copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(host.connect("/s").error().code, std::errc::connection_refused);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  EXPECT_TRUE(host.connect("/s"));
  const auto longer = host.connect("/" + std::string(200, 'x'));
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().code, std::errc::filename_too_long);
}

}  // namespace
}  // namespace runx::base
