// SPDX-License-Identifier: Apache-2.0
#include "guest/setup.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "guest/mount_options.h"

namespace runx::guest {

namespace {

bool is_dev(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  return path == "/dev";
}

base::Status mount_one(std::string type, const GuestMount& mount, std::string& note) {
  auto options = parse_mount_options(mount.options);
  if (type == "cgroup") type = "cgroup2";
  if (is_dev(mount.destination) && (type == "tmpfs" || type == "devtmpfs")) {
    // Programs have to find devices there, and the size that was meant for a tmpfs is the whole guest's.
    type = "devtmpfs";
    options.flags &= ~static_cast<unsigned long>(MS_NODEV);
    options.data = "mode=755";
  }
  if (!is_kernel_filesystem(type)) {
    return base::fail(std::errc::invalid_argument, "mount ", mount.destination, ": ", type,
                      " is no file system of a kernel");
  }
  make_directories(mount.destination);
  if (::mount(mount.source.empty() ? type.c_str() : mount.source.c_str(), mount.destination.c_str(), type.c_str(),
              options.flags, options.data.c_str()) == 0) {
    return {};
  }
  if (errno == ENODEV && (type == "cgroup2" || type == "mqueue")) {
    note += base::text("runx-accel: this kernel has no ", type, ", ", mount.destination, " is left as it is\n");
    return {};
  }
  return base::fail_errno(errno, "cannot mount ", type, " on ", mount.destination);
}

}  // namespace

void make_directories(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    ::mkdir(path.substr(0, slash).c_str(), 0755);
  }
  ::mkdir(path.c_str(), 0755);
}

base::Status move_root(const std::string& directory) {
  if (::mount(directory.c_str(), directory.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0 ||
      ::chdir(directory.c_str()) != 0 || ::mount(".", "/", nullptr, MS_MOVE, nullptr) != 0 || ::chroot(".") != 0 ||
      ::chdir("/") != 0) {
    return base::fail_errno(errno, "cannot make ", directory, " the root");
  }
  return {};
}

base::Status mount_all(const GuestProcess& process, std::string& note) {
  const bool names_dev = std::any_of(process.mounts.begin(), process.mounts.end(),
                                     [](const GuestMount& mount) { return is_dev(mount.destination); });
  if (!names_dev) {
    if (auto done = mount_one("devtmpfs", {"devtmpfs", "devtmpfs", "/dev", {"nosuid"}}, note); !done) return done;
  }
  for (const auto& mount : process.mounts) {
    if (auto done = mount_one(mount.type, mount, note); !done) return done;
  }
  return {};
}

void link_streams() {
  static constexpr std::array<std::pair<const char*, const char*>, 4> links{{
      {"/proc/self/fd", "/dev/fd"},
      {"/proc/self/fd/0", "/dev/stdin"},
      {"/proc/self/fd/1", "/dev/stdout"},
      {"/proc/self/fd/2", "/dev/stderr"},
  }};
  // What an image has put there, or a /dev that cannot be written, stays as it is.
  for (const auto& [target, name] : links) [[maybe_unused]] const int made = ::symlink(target, name);
}

base::Status name_system(const std::string& hostname) {
  if (!hostname.empty() && ::sethostname(hostname.data(), hostname.size()) != 0) {
    return base::fail_errno(errno, "cannot set the host name ", hostname);
  }
  const base::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return {};
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
  request.ifr_flags = IFF_UP;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0 && errno != ENODEV) {
    return base::fail_errno(errno, "cannot bring up the loopback interface");
  }
  return {};
}

base::Status make_root_read_only() {
  if (::mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) != 0) {
    return base::fail_errno(errno, "cannot make the root read-only");
  }
  return {};
}

}  // namespace runx::guest
