// SPDX-License-Identifier: Apache-2.0
#pragma once

// An image as the commands see it, wherever it comes from: an unpacked root file system, or an image of an OCI layout,
// of which only the metadata file and the bitstreams that it names are unpacked, into a temporary directory. So the
// runtime's own readers (plan/image.h) answer for both, and answer what they will answer on the board.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "annotations/place.h"
#include "annotations/request.h"
#include "base/host.h"
#include "base/rootfs.h"
#include "plan/plan.h"
#include "tools/oci/layout.h"
#include "tools/oci/view.h"
#include "tools/temporary.h"

namespace runx::tools {

// KEY=VALUE of an option; `option` is what the error calls it.
base::Result<annotations::Annotations> key_values(const std::vector<std::string>& texts, const std::string& option);

// --platform; nothing when it is "".
base::Result<std::optional<oci::Platform>> platform_option(const std::string& text);

struct Opened {
  Temporary temporary;   // holds what was unpacked; goes last
  std::string platform;  // "" for a root file system
  base::Rootfs rootfs;
  annotations::AcceleratorRequest request;
  // What an image of a layout says of itself: metadata file, labels, manifest annotations. The runtime reads the first.
  std::vector<annotations::Place> places;
  std::uint64_t ramdisk_bytes = 0;  // of the whole root file system as the runtime archives it; 0 unless asked for
};

// A layout is a directory with a file oci-layout, or a file, or PATH:TAG; anything else is a root file system.
bool is_layout(const std::string& reference);

// What a root file system takes as the guest's ramdisk, without the guest's init, which is not at every desk.
base::Result<std::uint64_t> ramdisk_bytes(const oci::View& view);

// Unpacks, below the directory `to`, the bitstreams and overlays that the request names and the image has, with the
// signatures beside them.
base::Status unpack_bitstreams(const oci::View& view, const annotations::AcceleratorRequest& request,
                               const std::string& to);

// All files of the request's bitstreams and overlays: at a desk nothing has to be spared, and all that a board would
// refuse is said at once.
plan::WorthReading all_files(const annotations::AcceleratorRequest& request);

// One for each platform. `for_plan` asks for ramdisk_bytes and for what a plan needs to read, which is of one platform
// only (invalid_argument for several); without, nothing but the metadata file is unpacked.
base::Result<std::vector<Opened>> open_images(const std::string& reference,
                                              const std::optional<oci::Platform>& platform,
                                              const annotations::Annotations& run_time, bool for_plan);

}  // namespace runx::tools
