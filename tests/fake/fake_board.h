// SPDX-License-Identifier: Apache-2.0
#pragma once

// A whole small machine for tests of the runtime: a board file, the tree that Xen was booted with and Dom0's view of
// it, the vendor's fpga_manager, xl, a bundle as ctr 1.7 writes it with an image that asks for a region and a timer,
// and monitors that are nothing but an entry in /proc.
//
//   FakeBoard board;
//   create({board, …}, {.id = "c1", .bundle = fake_bundle});
//   FakeBoard later(board.real(""));   // another process on the same machine, also after a crash of the first
//
// A test changes the machine by its files before it acts. /fake/monitor_says: what the next monitor says instead of
// being ready; it then dies. /fake/signals: "PID NUMBER" of each signal, a line each.

#include <map>
#include <string>
#include <vector>

#include "tests/fake/fake_host.h"
#include "tests/fake/fake_xl.h"

namespace runx::fake {

constexpr const char* fake_root = "/run/runx-accel/containers";
constexpr const char* fake_bundle = "/bundle";
constexpr const char* fake_pid_file = "/bundle/init.pid";
constexpr const char* fake_timer = "/axi/timer@ff110000";           // marked for guests
constexpr const char* fake_unmarked_timer = "/axi/timer@ff120000";  // Dom0's
constexpr const char* fake_ethernet = "/axi/ethernet@ff0e0000";     // marked, and does DMA without an IOMMU
constexpr const char* fake_bus = "/axi/bus@a0000000";               // marked, and so is the node below it
constexpr const char* fake_bus_device = "/axi/bus@a0000000/gpio@a0010000";

class FakeBoard : public FakeHost {
 public:
  FakeBoard();
  explicit FakeBoard(std::string folder);

  // What a container may not change for good: everything but the traces that are allowed (the lock's file, empty
  // directories of the runtime's own, the engine's pid-file, the fabric's state) and the fakes' own records of what
  // happened.
  std::map<std::string, std::string> rest() const;

  // The program in the guest has ended: the domain is gone, and so is its monitor.
  void guest_ends(const std::string& uuid);
  unsigned loads() const;  // bitstreams that the manager took

 private:
  void react();
  base::Result<int> start_monitor(const std::vector<std::string>& argv, const std::vector<int>& inherit);
  void end_monitors(const std::string& uuid);
};

std::string compile_tree(const std::string& source);  // by dtc, with labels
std::string fake_boot_tree();                         // as bytes; compiled once
std::string fake_board_json();                        // two regions, pr0 and pr1
std::string fake_config_json();                       // of ctr, shortened where a list only goes on
std::string fake_metadata_json();  // the image's annotations: /boot/aes.bit with its digest, any region, the timer
std::string fake_bit();            // /boot/aes.bit

}  // namespace runx::fake
