// SPDX-License-Identifier: Apache-2.0
#include "guest/ramdisk.h"

#include <cstdlib>
#include <map>
#include <string>

#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/command.h"
#include "base/host.h"
#include "guest/cpio.h"

namespace runx::guest {
namespace {

using testing::HasSubstr;

class Ramdisk : public testing::Test {
 protected:
  Ramdisk() {
    char name[] = "/tmp/ramdisk_test.XXXXXX";
    folder_ = ::mkdtemp(name);
    ::mkdir((folder_ + "/root").c_str(), 0755);
    write("/init", "the init");
    process_.args = {"/bin/true"};
  }
  ~Ramdisk() override { static_cast<void>(base::Host().remove_tree(folder_)); }

  void write(const std::string& path, std::string_view content) {
    ASSERT_TRUE(base::Host().write(folder_ + path, content, 0644));
  }
  base::Fd open(const std::string& path, int flags) {
    return base::Fd(::open((folder_ + path).c_str(), flags | O_CLOEXEC, 0600));
  }
  base::Result<std::uint64_t> make() {
    return write_ramdisk(open("/ramdisk", O_WRONLY | O_CREAT | O_TRUNC), open("/init", O_RDONLY), process_,
                         open("/root", O_RDONLY | O_DIRECTORY));
  }
  base::Result<std::uint64_t> measure(const RamdiskLimits& limits = {}) {
    return ramdisk_size(open("/init", O_RDONLY), process_, open("/root", O_RDONLY | O_DIRECTORY), limits);
  }
  base::Result<std::uint64_t> make(const base::Fd& out, const RamdiskLimits& limits) {
    return write_ramdisk(out, open("/init", O_RDONLY), process_, open("/root", O_RDONLY | O_DIRECTORY), limits);
  }
  // What the real cpio makes of it: both archives, one after the other.
  void unpack() {
    const auto done = base::run_command(
        {.argv = {"/bin/sh", "-c",
                  "mkdir -p \"$1/out\" && cd \"$1/out\" && { cpio -idm --quiet && cpio -idm --quiet; } < ../ramdisk",
                  "sh", folder_}});
    ASSERT_TRUE(done) << done.error().what;
    ASSERT_EQ(done->status, 0) << done->errors;
  }

  // Everything that the format carries, by path.
  std::map<std::string, std::string> tree(const std::string& path) {
    std::map<std::string, std::string> out;
    add(folder_ + path, "", out);
    return out;
  }

  std::string folder_;
  GuestProcess process_;

 private:
  static void add(const std::string& path, const std::string& name, std::map<std::string, std::string>& out) {
    struct stat status {};
    ASSERT_EQ(::lstat(path.c_str(), &status), 0) << path;
    const bool directory = S_ISDIR(status.st_mode);
    out[name] =
        base::text(static_cast<unsigned>(status.st_mode), " ", status.st_uid, ":", status.st_gid, " ",
                   directory ? 0 : status.st_nlink, " ", status.st_rdev, " ",
                   directory || S_ISLNK(status.st_mode) ? 0 : status.st_mtime, " ", directory ? 0 : status.st_size);
    if (S_ISREG(status.st_mode)) out[name] += " " + *base::Host().read(path, std::size_t{1} << 26);
    if (S_ISLNK(status.st_mode)) {
      std::string target(4096, '\0');
      target.resize(static_cast<std::size_t>(::readlink(path.c_str(), target.data(), target.size())));
      out[name] += " -> " + target;
    }
    if (!directory) return;
    const auto children = base::Host().list(path);
    ASSERT_TRUE(children) << children.error().what;
    for (const auto& child : *children) add(path + "/" + child, name + "/" + child, out);
  }
};

TEST_F(Ramdisk, CpioUnpacksTheSameTree) {
  const auto at = [this](const std::string& path) { return folder_ + "/root" + path; };
  std::string large(3 * 64 * 1024 + 5, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 7 >> 3);
  ::mkdir(at("/bin").c_str(), 0711);
  ::mkdir(at("/empty").c_str(), 01777);
  ::mkdir(at("/bin/deep").c_str(), 0700);
  write("/root/bin/prog", large);
  ::chmod(at("/bin/prog").c_str(), 04755);
  write("/root/bin/deep/none", "");
  write("/root/odd", "abc");
  write("/root/b first by name", "shared");
  ::link(at("/b first by name").c_str(), at("/zz").c_str());
  ::link(at("/b first by name").c_str(), at("/bin/deep/another").c_str());
  ::symlink("/etc/passwd", at("/absolute").c_str());
  ::symlink("../../..", at("/bin/up").c_str());
  ::symlink("nowhere", at("/dangling").c_str());
  ::mkfifo(at("/pipe").c_str(), 0640);
  if (::geteuid() == 0) {
    ASSERT_EQ(::mknod(at("/null").c_str(), S_IFCHR | 0666, makedev(1, 3)), 0);
    ASSERT_EQ(::mknod(at("/disk").c_str(), S_IFBLK | 0660, makedev(7, 300)), 0);
    ASSERT_EQ(::lchown(at("/odd").c_str(), 1234, 70000), 0);
  }
  const timespec times[2] = {{1'000'000'000, 0}, {1'234'567'890, 0}};
  ::utimensat(AT_FDCWD, at("/odd").c_str(), times, 0);

  const auto bytes = make();
  ASSERT_TRUE(bytes) << bytes.error().what;
  struct stat status {};
  ASSERT_EQ(::stat((folder_ + "/ramdisk").c_str(), &status), 0);
  EXPECT_EQ(static_cast<std::uint64_t>(status.st_size), *bytes);
  EXPECT_EQ(*measure(), *bytes);
  unpack();
  EXPECT_EQ(tree("/out/rootfs"), tree("/root"));
  EXPECT_EQ(*base::Host().read(folder_ + "/out/init"), "the init");
  EXPECT_EQ(*base::Host().read(folder_ + "/out/runx/process"), *process_.encode());
  ASSERT_EQ(::stat((folder_ + "/out/init").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode, S_IFREG | 0755U);
  ASSERT_EQ(::stat((folder_ + "/out/dev/console").c_str(), &status), 0);
  EXPECT_EQ(status.st_rdev, makedev(5, 1));
}

TEST_F(Ramdisk, SocketsAreLeftOut) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (folder_ + "/root/socket").copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(socket);
  write("/root/file", "x");
  ASSERT_TRUE(make());
  unpack();
  EXPECT_FALSE(base::Host().exists(folder_ + "/out/rootfs/socket"));
  EXPECT_TRUE(base::Host().exists(folder_ + "/out/rootfs/file"));
}

TEST_F(Ramdisk, AFileOf4GiBIsRefused) {
  write("/root/large", "");
  ASSERT_EQ(::truncate((folder_ + "/root/large").c_str(), std::int64_t{1} << 32), 0);
  const auto bytes = make();
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().code, std::errc::file_too_large);
  EXPECT_THAT(bytes.error().what, HasSubstr("rootfs/large has 4294967296 bytes"));
}

TEST_F(Ramdisk, ASparseFileIsRefusedBeforeAByteOfItIsWritten) {
  write("/root/sparse", "");
  ASSERT_EQ(::truncate((folder_ + "/root/sparse").c_str(), std::int64_t{3} << 30), 0);
  const RamdiskLimits limits{.bytes = std::uint64_t{1} << 20};
  const auto out = open("/ramdisk", O_WRONLY | O_CREAT | O_TRUNC);
  for (const auto& bytes : {measure(limits), make(out, limits)}) {
    ASSERT_FALSE(bytes);
    EXPECT_EQ(bytes.error().code, std::errc::file_too_large);
    EXPECT_EQ(bytes.error().what,
              "rootfs/sparse: the root file system has more than 1048576 bytes, all that are left to this image: use a "
              "smaller one, or raise image.maxBytes of the board file");
  }
  struct stat status {};
  ASSERT_EQ(::stat((folder_ + "/ramdisk").c_str(), &status), 0);
  EXPECT_LT(status.st_size, 4096);
}

TEST_F(Ramdisk, EntriesAreCountedBeforeTheirNamesAreKept) {
  for (int i = 0; i < 10; ++i) write(base::text("/root/", i), "");
  EXPECT_TRUE(measure({.entries = 10}));
  EXPECT_THAT(measure({.entries = 9}).error().what, HasSubstr("rootfs: the root file system has more than 9 entries"));
  const auto out = open("/ramdisk", O_WRONLY | O_CREAT | O_TRUNC);
  EXPECT_FALSE(make(out, {.entries = 9}));
}

TEST_F(Ramdisk, NamesOfOneFileAreMeasuredOnce) {
  write("/root/a", std::string(5000, 'x'));
  ASSERT_EQ(::link((folder_ + "/root/a").c_str(), (folder_ + "/root/b").c_str()), 0);
  EXPECT_EQ(*measure(), *make());
  EXPECT_TRUE(measure({.bytes = 8000}));
}

TEST_F(Ramdisk, ADeepTreeIsRefusedBeforeTheDescriptorsAre) {
  std::string path = folder_ + "/root";
  for (int depth = 0; depth < 300; ++depth) ASSERT_EQ(::mkdir((path += "/d").c_str(), 0755), 0);
  const auto bytes = make();
  ASSERT_FALSE(bytes);
  EXPECT_THAT(bytes.error().what, HasSubstr("nested deeper than 256 directories"));
}

TEST_F(Ramdisk, AFullDiskIsAnError) {
  const base::Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  const auto bytes = write_ramdisk(full, open("/init", O_RDONLY), process_, open("/root", O_RDONLY | O_DIRECTORY));
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().code, std::errc::no_space_on_device);
}

TEST_F(Ramdisk, AFileThatBecomesShorterIsAnError) {
  write("/file", "short");
  const auto file = open("/file", O_RDONLY);
  const auto out = open("/archive", O_WRONLY | O_CREAT);
  CpioWriter archive(out.get());
  CpioEntry entry;
  entry.name = "file";
  entry.mode = S_IFREG | 0644;
  entry.size = 6;
  const auto done = archive.add_file(entry, file.get());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().what, "file became shorter while it was read");
}

}  // namespace
}  // namespace runx::guest
