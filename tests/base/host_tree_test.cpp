// SPDX-License-Identifier: Apache-2.0
// Making and removing directories. What a mount hides is shown with real mounts, which takes root.
#include <sched.h>

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/host.h"
#include "tests/base/scratch.h"

namespace runx::base {
namespace {

using test::Scratch;

TEST(HostTree, MakesOneDirectoryOnlyOnce) {
  Scratch folder;
  Host host(folder.path());
  ASSERT_TRUE(host.make_directory("/d"));
  EXPECT_EQ(host.make_directory("/d").error().code, std::errc::file_exists);
  EXPECT_EQ(host.make_directory("/no/d").error().what, "cannot make the directory /no/d: No such file or directory");
}

TEST(HostTree, MakesDirectoriesThatMayBeThere) {
  Scratch folder;
  Host host(folder.path());
  ASSERT_TRUE(host.make_directories("/a/b/c"));
  ASSERT_TRUE(host.make_directories("/a/b/c"));
  ASSERT_TRUE(host.make_directories("/a/b/d/"));
  EXPECT_TRUE(std::filesystem::is_directory(folder.at("a/b/c")));
  EXPECT_TRUE(std::filesystem::is_directory(folder.at("a/b/d")));
}

TEST(HostTree, AFileInTheWayOfADirectoryIsAnError) {
  Scratch folder;
  Host host(folder.path());
  folder.file("f", "");
  EXPECT_EQ(host.make_directories("/f").error().code, std::errc::not_a_directory);
  EXPECT_EQ(host.make_directories("/f/below").error().code, std::errc::not_a_directory);
}

TEST(HostTree, ADirectoryThatOthersCanWriteToIsRefused) {
  Scratch folder;
  Host host(folder.path());
  ASSERT_TRUE(host.make_directories("/shared", 0700));
  for (const mode_t mode : {0777U, 01777U, 0702U}) {
    ASSERT_EQ(::chmod(folder.at("shared").c_str(), mode), 0);
    const auto made = host.make_directories("/shared");
    ASSERT_FALSE(made) << mode;
    EXPECT_EQ(made.error().code, std::errc::operation_not_permitted);
    EXPECT_EQ(host.check_directory("/shared").error().what, made.error().what);
  }
  EXPECT_EQ(host.check_directory("/shared").error().what,
            "/shared has mode 0702, so that others can write to it: choose a directory that only root can write to");
  for (const mode_t mode : {0700U, 0711U, 0755U}) {
    ASSERT_EQ(::chmod(folder.at("shared").c_str(), mode), 0);
    EXPECT_TRUE(host.make_directories("/shared"));
    EXPECT_TRUE(host.check_directory("/shared"));
  }
}

// Below /tmp a directory of our own is as good as elsewhere: nobody else can move it. Below one that is not sticky it
// is not.
TEST(HostTree, OnTheWayADirectoryMayBeSharedIfItIsSticky) {
  Scratch folder;
  Host host(folder.path());
  ASSERT_TRUE(host.make_directories("/tmp/ours", 0711));
  ASSERT_EQ(::chmod(folder.at("tmp").c_str(), 01777), 0);
  EXPECT_TRUE(host.make_directories("/tmp/ours"));
  EXPECT_TRUE(host.make_directories("/tmp/fresh", 0700));
  EXPECT_TRUE(host.check_directory("/tmp/ours"));
  ASSERT_EQ(::chmod(folder.at("tmp").c_str(), 0777), 0);
  EXPECT_FALSE(host.make_directories("/tmp/ours"));
  EXPECT_FALSE(host.make_directories("/tmp/new"));
  EXPECT_FALSE(host.exists("/tmp/new"));
  EXPECT_FALSE(host.check_directory("/tmp/ours"));
}

TEST(HostTree, ADirectoryOfAnotherUserIsRefusedAndSoIsALink) {
  if (::geteuid() != 0) GTEST_SKIP() << "NOT TESTED: giving a directory away takes root";
  Scratch folder;
  Host host(folder.path());
  ASSERT_TRUE(host.make_directories("/tmp/theirs", 0755));
  ASSERT_TRUE(host.make_directories("/ours", 0755));
  ASSERT_EQ(::chmod(folder.at("tmp").c_str(), 01777), 0);
  ASSERT_EQ(::chown(folder.at("tmp/theirs").c_str(), 1234, 1234), 0);
  EXPECT_EQ(host.make_directories("/tmp/theirs").error().what,
            "/tmp/theirs belongs to user 1234, who can change what is in it: choose a directory of root's");
  EXPECT_FALSE(host.make_directories("/tmp/theirs/below"));
  std::filesystem::create_directory_symlink("../ours", folder.at("tmp/link"));
  EXPECT_TRUE(host.make_directories("/tmp/link"));
  ASSERT_EQ(::lchown(folder.at("tmp/link").c_str(), 1234, 1234), 0);
  EXPECT_FALSE(host.make_directories("/tmp/link"));
  EXPECT_FALSE(host.check_directory("/tmp/link"));
  ASSERT_EQ(::chown(folder.at("ours").c_str(), 0, 1234), 0);
  EXPECT_TRUE(host.check_directory("/ours"));
  ASSERT_EQ(::chmod(folder.at("ours").c_str(), 0775), 0);
  EXPECT_FALSE(host.check_directory("/ours")) << "a group may have members";
}

TEST(HostTree, ChecksNothingThatIsNotThere) {
  Scratch folder;
  EXPECT_EQ(Host(folder.path()).check_directory("/no/such").error().code, std::errc::no_such_file_or_directory);
}

TEST(HostTree, RemovesFilesAndEmptyDirectoriesAndWhatIsNotThere) {
  Scratch folder;
  Host host(folder.path());
  folder.file("f", "");
  folder.file("d/f", "");
  EXPECT_TRUE(host.remove("/f"));
  EXPECT_TRUE(host.remove("/f"));
  EXPECT_TRUE(host.remove("/no/such/thing"));
  EXPECT_EQ(host.remove("/d").error().code, std::errc::directory_not_empty);
  EXPECT_TRUE(host.remove("/d/f"));
  EXPECT_TRUE(host.remove("/d"));
  EXPECT_EQ(folder.count(), 0U);
}

TEST(HostTree, RemovesATree) {
  Scratch folder;
  Host host(folder.path());
  folder.file("tree/a/b/c", "x");
  folder.file("tree/.hidden", "x");
  ASSERT_EQ(::mkfifo(folder.at("tree/fifo").c_str(), 0600), 0);
  EXPECT_TRUE(host.remove_tree("/tree"));
  EXPECT_TRUE(host.remove_tree("/tree"));
  EXPECT_TRUE(host.remove_tree("/no/such/tree"));
  EXPECT_EQ(folder.count(), 0U);
}

TEST(HostTree, ASlashAtTheEndChangesNothing) {
  Scratch folder;
  Host host(folder.path());
  folder.file("tree/a", "x");
  EXPECT_TRUE(host.remove_tree("/tree/"));
  EXPECT_EQ(folder.count(), 0U);
}

TEST(HostTree, RemovesLinksAndNotWhatTheyPointAt) {
  Scratch folder;
  Host host(folder.path());
  folder.file("outside/kept", "x");
  folder.file("tree/f", "x");
  std::filesystem::create_directory_symlink(folder.at("outside"), folder.at("tree/absolute"));
  std::filesystem::create_directory_symlink("../outside", folder.at("tree/relative"));
  std::filesystem::create_directory_symlink(folder.at("outside"), folder.at("link"));
  EXPECT_TRUE(host.remove_tree("/tree"));
  EXPECT_TRUE(host.remove_tree("/link"));
  EXPECT_EQ(folder.content("outside/kept"), "x");
  EXPECT_EQ(folder.count(), 1U);
}

// Runs `inside` in a mount namespace of its own, so that no mount can outlive the test. Its result is the process's.
template <class Inside>
int in_mount_namespace(Inside inside) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) ::_exit(77);
    ::_exit(inside());
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WEXITSTATUS(status);
}

enum Found { as_promised = 0, not_mounted, reported_success, content_gone, other_error };

int remove_around_mount(const Scratch& folder, const char* source, const char* type, unsigned long flags) {
  const auto target = folder.at("tree/mounted");
  if (::mount(source, target.c_str(), type, flags, nullptr) != 0) return not_mounted;
  if (type != nullptr) folder.file("tree/mounted/kept", "x");
  Host host(folder.path());
  const auto done = host.remove_tree("/tree");
  if (done) return reported_success;
  if (folder.content("tree/mounted/kept") != "x") return content_gone;
  return done.error().code == std::errc::cross_device_link ? as_promised : other_error;
}

TEST(HostTree, DoesNotGoIntoAnotherFileSystem) {
  if (::geteuid() != 0) GTEST_SKIP() << "NOT TESTED: mounts take root";
  Scratch folder;
  folder.file("tree/mounted/hidden", "");
  const int found = in_mount_namespace([&] { return remove_around_mount(folder, "none", "tmpfs", 0); });
  if (found == 77 || found == not_mounted) GTEST_SKIP() << "NOT TESTED: this machine lets nobody mount";
  EXPECT_EQ(found, as_promised);
}

// The device number is the same on both sides of a bind mount.
TEST(HostTree, DoesNotGoIntoABindMountOfTheSameFileSystem) {
  if (::geteuid() != 0) GTEST_SKIP() << "NOT TESTED: mounts take root";
  Scratch folder;
  folder.file("outside/kept", "x");
  folder.file("tree/mounted/hidden", "");
  const int found =
      in_mount_namespace([&] { return remove_around_mount(folder, folder.at("outside").c_str(), nullptr, MS_BIND); });
  if (found == 77 || found == not_mounted) GTEST_SKIP() << "NOT TESTED: this machine lets nobody mount";
  EXPECT_EQ(found, as_promised);
  EXPECT_EQ(folder.content("outside/kept"), "x");
}

}  // namespace
}  // namespace runx::base
