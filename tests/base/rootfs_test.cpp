// SPDX-License-Identifier: Apache-2.0
// Every way out of an image that its author could try. `outside` stands beside the rootfs; nothing may reach it.
#include "base/rootfs.h"

#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "tests/base/scratch.h"

namespace runx::base {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class RootfsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_.file("outside/secret", "secret");
    folder_.file("rootfs/boot/a.bit", "bits");
    folder_.file("rootfs/secret", "the image's own");
    rootfs_ = std::make_unique<Rootfs>(Rootfs::open(host_, folder_.at("rootfs")).value());
  }
  void link(const std::string& target, const std::string& name) {
    fs::create_directories(fs::path(folder_.at("rootfs/" + name)).parent_path());
    fs::create_symlink(target, folder_.at("rootfs/" + name));
  }
  Result<std::string> read(const std::string& path) { return rootfs_->read(path, 4096); }
  // The errno, or 0 with the file's content not being the secret.
  std::error_code refusal(const std::string& path) {
    const auto text = read(path);
    EXPECT_NE(text.value_or(""), "secret") << path << " leads out of the root file system";
    return text ? std::error_code{} : text.error().code;
  }

  test::Scratch folder_;
  Host host_;
  std::unique_ptr<Rootfs> rootfs_;
};

TEST_F(RootfsTest, ReadsAFileByEitherSpelling) {
  EXPECT_EQ(*read("/boot/a.bit"), "bits");
  EXPECT_EQ(*read("boot/a.bit"), "bits");
  EXPECT_EQ(text_of(rootfs_->map("/boot/a.bit")->bytes()), "bits");
}

TEST_F(RootfsTest, AMissingFileSaysSo) {
  const auto missing = read("/boot/b.bit");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, std::errc::no_such_file_or_directory);
  EXPECT_EQ(missing.error().what, "cannot open /boot/b.bit of the image: No such file or directory");
  EXPECT_EQ(refusal("/boot/a.bit/x"), std::errc::not_a_directory);
}

TEST_F(RootfsTest, DotDotEndsAtTheRoot) {
  EXPECT_EQ(refusal("/../outside/secret"), std::errc::no_such_file_or_directory);
  EXPECT_EQ(refusal("../outside/secret"), std::errc::no_such_file_or_directory);
  EXPECT_EQ(*read("/boot/../../../../secret"), "the image's own");
}

TEST_F(RootfsTest, AnAbsoluteLinkStartsAtTheImagesRoot) {
  link("/boot/a.bit", "link");
  link(folder_.at("outside/secret"), "escape");
  link("/secret", "same-name");
  EXPECT_EQ(*read("/link"), "bits");
  EXPECT_EQ(refusal("/escape"), std::errc::no_such_file_or_directory);
  EXPECT_EQ(*read("/same-name"), "the image's own");
}

TEST_F(RootfsTest, ARelativeLinkDoesNotClimbOut) {
  link("../../../outside/secret", "boot/up");
  link("../../outside", "boot/directory");
  EXPECT_EQ(refusal("/boot/up"), std::errc::no_such_file_or_directory);
  EXPECT_EQ(refusal("/boot/directory/secret"), std::errc::no_such_file_or_directory);
}

TEST_F(RootfsTest, AChainOfLinksDoesNotClimbOut) {
  link("two", "one");
  link("boot/three", "two");
  link("../../..", "boot/three");
  EXPECT_EQ(refusal("/one/outside/secret"), std::errc::no_such_file_or_directory);
  EXPECT_EQ(*read("/one/secret"), "the image's own");
}

TEST_F(RootfsTest, ALoopOfLinksEnds) {
  link("b", "a");
  link("a", "b");
  EXPECT_EQ(refusal("/a"), std::errc::too_many_symbolic_link_levels);
}

// A rootfs that somebody bound /proc into, or an image that brings links shaped like it.
TEST_F(RootfsTest, MagicLinksOfProcAreNotFollowed) {
  const Fd outside(::open(folder_.at("outside").c_str(), O_RDONLY | O_DIRECTORY));
  const auto magic = "/self/fd/" + std::to_string(outside.get()) + "/secret";
  const auto proc = Rootfs::open(host_, "/proc").value();
  ASSERT_TRUE(host_.read("/proc" + magic)) << "the link works for others, so the test can fail";
  const auto read_it = proc.read(magic, 4096);
  ASSERT_FALSE(read_it);
  EXPECT_EQ(read_it.error().code, std::errc::too_many_symbolic_link_levels);
  EXPECT_FALSE(proc.read("/self/exe", 4096));
  EXPECT_FALSE(proc.read("/self/root/etc/passwd", 4096));
}

TEST_F(RootfsTest, ADirectoryIsNotAFile) {
  for (const auto* path : {"/boot", "/", "."}) {
    const auto opened = rootfs_->open_file(path);
    ASSERT_FALSE(opened) << path;
    EXPECT_EQ(opened.error().code, std::errc::invalid_argument);
    EXPECT_THAT(opened.error().what, HasSubstr("is not a regular file"));
  }
}

TEST_F(RootfsTest, AFifoIsRefusedAtOnce) {
  ASSERT_EQ(::mkfifo(folder_.at("rootfs/fifo").c_str(), 0600), 0);
  EXPECT_EQ(rootfs_->open_file("/fifo").error().what, "/fifo of the image is not a regular file");
}

// Opening a device has effects. This one has no driver: whoever opens it gets ENXIO instead of our sentence.
TEST_F(RootfsTest, ADeviceNodeIsNotEvenOpened) {
  if (::mknod(folder_.at("rootfs/device").c_str(), S_IFCHR | 0600, ::makedev(255, 255)) != 0) {
    GTEST_SKIP() << "NOT TESTED: device nodes take root";
  }
  EXPECT_EQ(rootfs_->open_file("/device").error().what, "/device of the image is not a regular file");
}

TEST_F(RootfsTest, ASocketIsNotAFile) {
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  folder_.at("rootfs/s").copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(refusal("/s"), std::errc::invalid_argument);
}

TEST_F(RootfsTest, AnEmptyPathAndOneWithANulAreRefused) {
  EXPECT_EQ(refusal(""), std::errc::invalid_argument);
  EXPECT_EQ(refusal(std::string("/boot/a.bit\0.txt", 16)), std::errc::invalid_argument);
  EXPECT_EQ(refusal("/" + std::string(5000, 'x')), std::errc::filename_too_long);
}

TEST_F(RootfsTest, TheLimitIsExact) {
  EXPECT_TRUE(rootfs_->read("/boot/a.bit", 4));
  const auto longer = rootfs_->read("/boot/a.bit", 3);
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().code, std::errc::file_too_large);
  EXPECT_EQ(longer.error().what, "/boot/a.bit of the image is larger than 3 bytes");
}

TEST_F(RootfsTest, AnEmptyFileHasNoBytes) {
  folder_.file("rootfs/empty", "");
  EXPECT_EQ(rootfs_->map("/empty")->bytes().size(), 0U);
}

TEST_F(RootfsTest, AMapMovesWithItsOwner) {
  auto first = rootfs_->map("/boot/a.bit").value();
  MappedFile second(std::move(first));
  MappedFile third;
  third = std::move(second);
  EXPECT_EQ(text_of(third.bytes()), "bits");
}

TEST_F(RootfsTest, TheRootItselfMustBeADirectory) {
  EXPECT_EQ(Rootfs::open(host_, folder_.at("outside/secret")).error().code, std::errc::not_a_directory);
  EXPECT_THAT(Rootfs::open(host_, folder_.at("no")).error().what,
              HasSubstr("cannot open the root file system: cannot open "));
}

TEST_F(RootfsTest, StaysWithTheDirectoryThatWasOpened) {
  fs::rename(folder_.at("rootfs"), folder_.at("moved"));
  folder_.file("rootfs/boot/a.bit", "somebody else's");
  EXPECT_EQ(*read("/boot/a.bit"), "bits");
}

}  // namespace
}  // namespace runx::base
