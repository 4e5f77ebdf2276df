// SPDX-License-Identifier: Apache-2.0
#include "guest/setup.h"
#include "guest/mount_options.h"

#include <functional>
#include <string>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/host.h"

namespace runx::guest {
namespace {

TEST(MountOptions, AreFlagsAndData) {
  const auto parsed = parse_mount_options({"nosuid", "noexec", "ro", "mode=755", "rw", "rprivate", "size=64k"});
  EXPECT_EQ(parsed.flags, static_cast<unsigned long>(MS_NOSUID | MS_NOEXEC));
  EXPECT_EQ(parsed.data, "mode=755,size=64k");
}

// Runs `body` as root of a mount, host name and network namespace of its own, in a folder that looks like the guest's
// ramdisk; what it writes to the descriptor is the result.
std::string in_a_guest(const std::function<void(const std::string& folder, int out)>& body) {
  char name[] = "/tmp/setup_test.XXXXXX";
  const std::string folder = ::mkdtemp(name);
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWNET) == 0 &&
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
        ::mount("tmpfs", folder.c_str(), "tmpfs", 0, nullptr) == 0) {
      body(folder, ends[1]);
    } else {
      ::dprintf(ends[1], "no namespaces");
    }
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string said(65536, '\0');
  std::size_t size = 0;
  for (ssize_t got = 0; (got = ::read(ends[0], said.data() + size, said.size() - size)) > 0;) {
    size += static_cast<std::size_t>(got);
  }
  said.resize(size);
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  ::rmdir(folder.c_str());
  return said;
}

void say(int out, const base::Status& status) {
  if (!status) ::dprintf(out, "failed: %s\n", status.error().what.c_str());
}

TEST(Setup, MovesIntoTheRootAndMounts) {
  if (::geteuid() != 0) GTEST_SKIP() << "namespaces need root here";
  const auto said = in_a_guest([](const std::string& folder, int out) {
    base::Host host;
    say(out, host.make_directories(folder + "/rootfs/etc"));
    say(out, host.write(folder + "/rootfs/etc/mark", "the container's\n", 0644));
    say(out, host.write(folder + "/outside", "", 0644));
    // The ramdisk is the root of everything in a guest, and the container is a folder in it.
    if (::chroot(folder.c_str()) != 0 || ::chdir("/") != 0) ::dprintf(out, "no chroot\n");
    say(out, move_root("/rootfs"));
    GuestProcess process;
    // A devtmpfs would be the machine's own, and nothing for a test to change.
    process.mounts = {{"ramfs", "ramfs", "/dev", {}},
                      {"proc", "proc", "/proc", {"nosuid", "noexec"}},
                      {"tmpfs", "shm", "/dev/shm", {"nosuid", "noexec", "mode=1777", "size=64k"}},
                      {"tmpfs", "tmpfs", "/made/here", {"ro"}}};
    std::string note;
    say(out, mount_all(process, note));
    link_streams();
    say(out, name_system("inside"));
    say(out, make_root_read_only());
    ::dprintf(out, "%s", host.read("/etc/mark")->c_str());
    ::dprintf(out, "outside: %d\n", host.exists("/outside"));
    const auto devices = host.list("/dev");
    for (const auto& entry : *devices) ::dprintf(out, "/dev/%s ", entry.c_str());
    utsname names{};
    ::uname(&names);
    ::dprintf(out, "\n%s\n%s", names.nodename, host.read("/proc/self/mounts")->c_str());
    ::dprintf(out, "write to /: %d\n", host.write("/etc/new", "x").has_value());
    ::dprintf(out, "write to /dev/shm: %d\n", host.write("/dev/shm/new", "x").has_value());
  });
  EXPECT_EQ(said.find("failed"), std::string::npos) << said;
  for (const char* expected :
       {"the container's\noutside: 0\n", "/dev/fd /dev/shm /dev/stderr /dev/stdin /dev/stdout ", "\ninside\n",
        "proc /proc proc rw,nosuid,noexec,", "shm /dev/shm tmpfs rw,nosuid,noexec,relatime,size=64k",
        "tmpfs /made/here tmpfs ro", "write to /: 0\n", "write to /dev/shm: 1\n"}) {
    EXPECT_NE(said.find(expected), std::string::npos) << expected << "\nin\n" << said;
  }
}

TEST(Setup, AMountThatCannotBeIsNamed) {
  if (::geteuid() != 0) GTEST_SKIP() << "namespaces need root here";
  const auto said = in_a_guest([](const std::string& folder, int out) {
    if (::chroot(folder.c_str()) != 0) ::dprintf(out, "no chroot\n");
    std::string note;
    GuestProcess process;
    process.mounts = {{"ramfs", "", "/dev", {}}, {"ext4", "/dev/vda", "/data", {}}};
    say(out, mount_all(process, note));
    process.mounts[1] = {"tmpfs", "", "/data", {"size=nonsense"}};
    say(out, mount_all(process, note));
  });
  EXPECT_EQ(said,
            "failed: mount /data: ext4 is no file system of a kernel\n"
            "failed: cannot mount tmpfs on /data: Invalid argument\n");
}

}  // namespace
}  // namespace runx::guest
