// SPDX-License-Identifier: Apache-2.0
#pragma once

// The vendor kernel's configfs overlays and the kernel's fpga-region on a FakeHost, reacting as they do: a write to
// `path` succeeds whatever comes of it; an overlay that puts `firmware-name` into a region's node turns the bridges
// off, loads through the fake fpga_manager and turns them on; a region takes one such overlay, and undoing a refused
// one makes it forget the first (the 6.12 kernel's bug); rmdir does not say whether the overlay was removed.
//
// Properties and nodes of overlays appear in /proc/device-tree, complaints in /dev/kmsg. What else is to be seen:
//   /fake/overlays/NAME           what the overlay NAME added, a path a line
// A test makes the next operation fail by writing "ERRNO apply" or "ERRNO remove" to
//   /fake/overlay_fails           (removed when it happened)

#include <string>
#include <vector>

#include "tests/fake/fake_host.h"

namespace runx::fake {

constexpr const char* fake_overlays = "/sys/kernel/config/device-tree/overlays";
constexpr const char* fake_region = "/fpga-region";

// The bridge around region N, which the region's node names: /bridge@N, and this directory with its `state`. A bridge
// that is not there is left alone without a word, as the kernel does it.
constexpr const char* fake_bridges = "/sys/class/fpga_bridge/br";

// Lays out what is not there yet (after add_fake_fpga(), whose manager the regions are programmed through), and puts
// the reactions in place: a second process that shares the folder calls it too. `host` outlives the reactions.
void add_fake_overlays(FakeHost& host, const std::vector<std::string>& regions = {fake_region});

}  // namespace runx::fake
