// SPDX-License-Identifier: Apache-2.0
#include "tests/fake/fake_board.h"

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <stdexcept>

#include <unistd.h>
#include <nlohmann/json.hpp>

#include "base/installed.h"
#include "base/json.h"
#include "base/sha256.h"
#include "runtime/monitor.h"
#include "tests/fake/bitstream.h"
#include "tests/fake/fake_fpga.h"

namespace runx::fake {
namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;

constexpr const char* boot_tree_source = R"(/dts-v1/;
/ {
  compatible = "acme,paper-board";
  #address-cells = <2>; #size-cells = <2>; interrupt-parent = <&gic>;
  clk: clock-controller { compatible = "xlnx,zynqmp-clk"; #clock-cells = <1>; };
  axi {
    compatible = "simple-bus"; #address-cells = <2>; #size-cells = <2>; ranges;
    gic: interrupt-controller@f9010000 {
      compatible = "arm,gic-400"; interrupt-controller; #interrupt-cells = <3>; #address-cells = <0>;
      reg = <0 0xf9010000 0 0x10000>;
    };
    timer@ff110000 {
      compatible = "cdns,ttc"; reg = <0 0xff110000 0 0x1000>; clocks = <&clk 31>;
      interrupts = <0 36 4>, <0 37 4>, <0 38 4>; xen,passthrough;
    };
    timer@ff120000 {
      compatible = "cdns,ttc"; reg = <0 0xff120000 0 0x1000>; clocks = <&clk 31>; interrupts = <0 39 4>;
    };
    ethernet@ff0e0000 {
      compatible = "cdns,gem"; reg = <0 0xff0e0000 0 0x1000>; interrupts = <0 63 4>; dma-coherent; xen,passthrough;
    };
    bus@a0000000 {
      compatible = "simple-bus"; #address-cells = <2>; #size-cells = <2>; ranges; xen,passthrough;
      reg = <0 0xa0000000 0 0x1000>;
      gpio@a0010000 { compatible = "xlnx,xps-gpio"; reg = <0 0xa0010000 0 0x1000>; xen,passthrough; };
    };
  };
};
)";

}  // namespace

std::string compile_tree(const std::string& source) {
  const auto run =
      base::run_command({.argv = {RUNX_DTC, "-q", "-q", "-@", "-I", "dts", "-O", "dtb", "-"}, .input = source});
  if (!run || run->status != 0) throw std::runtime_error("dtc: " + (run ? run->errors : run.error().what));
  return run->output;
}

std::string fake_boot_tree() {
  static const std::string compiled = compile_tree(boot_tree_source);
  return compiled;
}

std::string fake_board_json() {
  return R"({
  "schema": 1,
  "name": "a board of paper",
  "bootTree": "/boot/xen.dtb",
  "guest": { "kernel": "/usr/lib/runx-accel/guest-kernel", "commandLine": "uio_pdrv_genirq.of_id=cdns,ttc" },
  "regions": [
    { "name": "pr0", "manager": "Xilinx ZynqMP FPGA Manager", "idcodes": ["04A49093", "04724093"],
      "frames": ["0x00002500+4"] },
    { "name": "pr1", "manager": "Xilinx ZynqMP FPGA Manager", "idcodes": ["04A49093"], "frames": ["0x00002500+4"] }
  ],
  "clockRates": { "/axi/timer@ff110000": [100000000] }
}
)";
}

std::string fake_config_json() {
  return R"({
  "ociVersion": "1.2.0",
  "process": {
    "user": { "uid": 0, "gid": 0, "additionalGids": [0] },
    "args": ["/timer"],
    "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    "cwd": "/",
    "capabilities": { "bounding": ["CAP_CHOWN"], "effective": ["CAP_CHOWN"], "permitted": ["CAP_CHOWN"] },
    "rlimits": [{ "type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024 }],
    "noNewPrivileges": true
  },
  "root": { "path": "rootfs" },
  "mounts": [
    { "destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"] },
    { "destination": "/dev", "type": "tmpfs", "source": "tmpfs",
      "options": ["nosuid", "strictatime", "mode=755", "size=65536k"] },
    { "destination": "/dev/pts", "type": "devpts", "source": "devpts",
      "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"] },
    { "destination": "/dev/shm", "type": "tmpfs", "source": "shm",
      "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"] },
    { "destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"] },
    { "destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"] },
    { "destination": "/run", "type": "tmpfs", "source": "tmpfs",
      "options": ["nosuid", "strictatime", "mode=755", "size=65536k"] }
  ],
  "annotations": { "io.runx-accel.domain.memory": "96MiB", "x": "1" },
  "linux": {
    "resources": {
      "devices": [{ "allow": false, "access": "rwm" },
                  { "allow": true, "type": "c", "major": 1, "minor": 3, "access": "rwm" }],
      "cpu": { "shares": 1024 }
    },
    "cgroupsPath": "/default/c1",
    "namespaces": [{ "type": "pid" }, { "type": "ipc" }, { "type": "uts" }, { "type": "mount" }, { "type": "network" }],
    "maskedPaths": ["/proc/acpi", "/proc/asound"],
    "readonlyPaths": ["/proc/bus", "/proc/fs"]
  }
}
)";
}

std::string fake_bit() {
  static const std::string file = make_bitstream();
  return file;
}

std::string fake_metadata_json() {
  return base::json_text({{"io.runx-accel.schema", "1"},
                          {"io.runx-accel.fpga.aes.bitstream", "/boot/aes.bit"},
                          {"io.runx-accel.fpga.aes.digest", base::sha256_digest(base::bytes_of(fake_bit()))},
                          {"io.runx-accel.fpga.aes.region", "any"},
                          {"io.runx-accel.device.timer.path", fake_timer}});
}

FakeBoard::FakeBoard() {
  directory("/run");
  directory("/lib/firmware");
  directory("/var/log");
  file("/etc/runx-accel/board.json", fake_board_json());
  file("/boot/xen.dtb", fake_boot_tree());
  // Xen takes the mark away and disables what it hides.
  for (const char* hidden : {fake_timer, fake_ethernet, fake_bus, fake_bus_device}) {
    file("/proc/device-tree"s + hidden + "/status", "disabled\0"s);
  }
  file("/proc/device-tree"s + fake_unmarked_timer + "/compatible", "cdns,ttc\0"s);
  file("/usr/lib/runx-accel/guest-kernel", "a kernel");
  file(base::installed::guest_init, "an init");
  file(fake_bundle + "/config.json"s, fake_config_json());
  file(fake_bundle + "/rootfs/timer"s, "a program");
  file(fake_bundle + "/rootfs/boot/aes.bit"s, fake_bit());
  file(fake_bundle + "/rootfs/.runx-accel.json"s, fake_metadata_json());
  react();
}

FakeBoard::FakeBoard(std::string folder) : FakeHost(std::move(folder)) { react(); }

void FakeBoard::react() {
  add_fake_fpga(*this);
  add_fake_xl(*this, [this](const std::string& uuid) { end_monitors(uuid); });
  on_spawn([this](const auto& argv, const auto& inherit) { return start_monitor(argv, inherit); });
  on_signal([this](int pid, int number) {
    const auto process = base::text("/proc/", pid);
    if (!fs::exists(real(process))) return ESRCH;
    file("/fake/signals", content("/fake/signals") + base::text(pid, " ", number, "\n"));
    if (number == SIGKILL) fs::remove_all(real(process));
    return 0;
  });
}

// What `create` starts: --root R monitor --ready-fd N ID. It watches the domain that the state names.
base::Result<int> FakeBoard::start_monitor(const std::vector<std::string>& argv, const std::vector<int>& inherit) {
  if (argv.size() != 7 || argv[3] != "monitor" || inherit.size() != 1 || argv[5] != std::to_string(inherit[0])) {
    return base::fail(std::errc::invalid_argument, "nobody starts a monitor like that");
  }
  const auto state = base::parse_json(content(argv[2] + "/" + argv[6] + "/state.json"), "state.json");
  std::string uuid;
  for (const auto& domain : fake_domains(*this)) {
    if (state && state->value("uuid", "") == domain.uuid && state->value("domid", 0U) == domain.id) uuid = domain.uuid;
  }
  const auto says = content("/fake/monitor_says");
  fs::remove(real("/fake/monitor_says"));
  const auto last = content("/fake/monitors/last");
  const int pid = last.empty() ? 1000 : std::stoi(last) + 1;
  file("/fake/monitors/last", std::to_string(pid));
  const std::string word = uuid.empty()   ? "no such domain"
                           : says.empty() ? std::string(1, runtime::monitor_ready)
                                          : says;
  if (!uuid.empty() && says.empty()) {
    file(base::text("/fake/monitors/", pid), uuid);
    file(base::text("/proc/", pid, "/stat"),
         base::text(pid, " (a) name) S 1 1000 1000 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 ", 5000 + pid, " 2670592 0"));
  }
  if (::write(inherit[0], word.data(), word.size()) != static_cast<ssize_t>(word.size())) return -1;
  return pid;
}

void FakeBoard::end_monitors(const std::string& uuid) {
  if (!fs::exists(real("/fake/monitors"))) return;
  for (const auto& entry : fs::directory_iterator(real("/fake/monitors"))) {
    const auto pid = entry.path().filename().string();
    if (pid != "last" && content("/fake/monitors/" + pid) == uuid) fs::remove_all(real("/proc/" + pid));
  }
}

void FakeBoard::guest_ends(const std::string& uuid) {
  for (const auto& domain : fake_domains(*this)) {
    if (domain.uuid == uuid) fs::remove(real(base::text("/fake/xl/domains/", domain.id)));
  }
  end_monitors(uuid);
}

unsigned FakeBoard::loads() const { return static_cast<unsigned>(std::stoul(content("/fake/fpga/loads"))); }

std::map<std::string, std::string> FakeBoard::rest() const {
  auto all = tree();
  const std::string manager = fpga_path;
  for (const auto& allowed :
       {"/run/runx-accel/"s, "/run/runx-accel/fpga.lock"s, "/run/runx-accel/ledger.lock"s, "/run/runx-accel/claims/"s,
        "/run/runx-accel/regions/"s, "/run/runx-accel/regions/pr0.json"s, "/run/runx-accel/regions/pr1.json"s,
        "/run/runx-accel/containers/"s, std::string(fake_pid_file), manager + "/state", manager + "/status", "/fake/"s,
        "/fake/xl/"s, "/fake/xl/last_id"s, "/fake/xl/last_config"s, "/fake/xl/fail/"s, "/fake/signals"s}) {
    all.erase(allowed);
  }
  std::erase_if(all, [](const auto& entry) {
    return entry.first.starts_with(fake_pid_file) || entry.first.starts_with("/fake/monitors") ||
           entry.first.starts_with("/fake/fpga") || entry.first.starts_with("/fake/overlays") ||
           entry.first.starts_with("/fake/regions");
  });
  return all;
}

}  // namespace runx::fake
