// SPDX-License-Identifier: Apache-2.0
// The guest's init: the first and, but for the container's program, only process of a container's domain. It lives
// in the ramdisk (guest/ramdisk.h), does what /runx/process says, and ends by powering the domain off.
//
// How it went is left in the domain's part of xenstore, where the monitor reads it: data/exit-status, a decimal
// number as a shell would say it, and data/exit-reason, one sentence, when the container could not be run at all.

#include <cerrno>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>

#include <fcntl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/result.h"
#include "guest/launch.h"
#include "guest/line.h"
#include "guest/process.h"
#include "guest/ramdisk.h"
#include "guest/setup.h"
#include "guest/supervise.h"
#include "xen/xenstore.h"

namespace {

using namespace runx;

constexpr int could_not_run = 255;
constexpr int console_off = 6;  // SYSLOG_ACTION_CONSOLE_OFF, syslog(2)

void say(int fd, const std::string& text) {
  [[maybe_unused]] const auto written = ::write(fd, text.data(), text.size());
}

base::Result<guest::GuestProcess> read_orders() {
  const base::Fd file(::open(guest::process_path, O_RDONLY | O_CLOEXEC));
  if (!file) return base::fail_errno(errno, "cannot open ", guest::process_path);
  std::string bytes;
  std::string part(4096, '\0');
  for (ssize_t got = 0; (got = ::read(file.get(), part.data(), part.size())) != 0;) {
    if (got < 0) return base::fail_errno(errno, "cannot read ", guest::process_path);
    bytes.append(part, 0, static_cast<std::size_t>(got));
    if (bytes.size() > guest::longest_orders) return base::fail(std::errc::file_too_large, guest::process_path);
  }
  return guest::GuestProcess::decode(base::bytes_of(bytes));
}

// What the container's root will not have any more once it is the root.
struct Machine {
  base::Fd console;
  std::optional<xen::XenStore> store;
};

base::Result<Machine> open_machine() {
  if (::mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, "mode=755") != 0 && errno != EBUSY) {
    return base::fail_errno(errno, "cannot mount /dev");
  }
  Machine machine;
  if (base::Fd bus(::open("/dev/xen/xenbus", O_RDWR | O_CLOEXEC)); bus) machine.store.emplace(std::move(bus));
  for (const char* name : {"/dev/hvc0", "/dev/console"}) {
    machine.console = base::Fd(::open(name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
    if (machine.console) break;
  }
  if (!machine.console) return base::fail_errno(errno, "cannot open the console");
  // Only what is urgent may interrupt the frames from now on: a panic, which raises the level again by itself.
  ::klogctl(console_off, nullptr, 0);
  if (!guest::make_raw(machine.console.get())) return base::fail_errno(errno, "the console is no terminal");
  // A program that writes there would write between the frames, one that reads would take them away.
  for (const char* name : {"/dev/hvc0", "/dev/console"}) ::unlink(name);
  return machine;
}

base::Result<int> run_container(Machine& machine) {
  const auto process = read_orders();
  if (!process) return tl::unexpected(process.error());
  if (auto done = guest::move_root(guest::rootfs_path); !done) return tl::unexpected(done.error());
  std::string note;
  if (auto done = guest::mount_all(*process, note); !done) return tl::unexpected(done.error());
  if (!note.empty()) say(machine.console.get(), note);
  guest::link_streams();
  if (auto done = guest::name_system(process->hostname); !done) return tl::unexpected(done.error());
  const auto children = guest::watch_children();
  if (!children) return tl::unexpected(children.error());
  if (process->root_read_only) {
    ::mkdir(process->cwd.c_str(), 0755);
    if (auto done = guest::make_root_read_only(); !done) return tl::unexpected(done.error());
  }
  auto program = guest::launch(*process);
  if (!program) return tl::unexpected(program.error());
  return guest::supervise(machine.console.get(), *children, std::move(*program));
}

void report(xen::XenStore& store, int console, const std::string& key, const std::string& value) {
  if (auto done = store.write("data/" + key, value); !done) say(console, "runx-accel: " + done.error().what + "\n");
}

}  // namespace

int main() {
  if (::getpid() != 1) {
    say(STDERR_FILENO, "guest-init: this is the init of a container's domain, and nothing to be run by hand\n");
    return 2;
  }
  int console = STDERR_FILENO;
  std::string reason;
  int code = could_not_run;
  auto machine = open_machine();
  if (!machine) {
    reason = machine.error().what;
  } else {
    console = machine->console.get();
    const auto ended = run_container(*machine);
    if (ended) {
      code = *ended;
    } else {
      reason = ended.error().what;
    }
  }
  if (!reason.empty()) say(console, "runx-accel: the container could not be run: " + reason + "\n");
  ::sync();
  if (machine && machine->store) {
    // The status last: it is what the monitor waits for.
    if (!reason.empty()) report(*machine->store, console, "exit-reason", reason);
    report(*machine->store, console, "exit-status", std::to_string(code));
  }
  ::reboot(RB_POWER_OFF);
  // Only a kernel that cannot power off comes here; init must not end, or the kernel panics.
  for (;;) ::pause();
}
