// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads from an image's root file system what the plan needs to know of it. The same on a board and at a desk.

#include <map>
#include <string>

#include "annotations/request.h"
#include "base/rootfs.h"
#include "plan/plan.h"

namespace runx::plan {

// More than the whole configuration of any UltraScale+ device.
inline constexpr std::size_t largest_bitstream = std::size_t{256} << 20;

// What the container asks: the image's metadata file, with the annotations of config.json over it. All complaints in
// one sentence.
base::Result<annotations::AcceleratorRequest> read_request(const base::Rootfs& rootfs,
                                                           const annotations::Annotations& run_time);

// The same of what an image says that has been read already.
base::Result<annotations::AcceleratorRequest> read_request(const annotations::Annotations& image,
                                                           const annotations::Annotations& run_time);

// The requested bitstreams, by file: `facts` goes into the plan, `images` is what the manager gets, and `files` are the
// whole files of those that XRT would get. The overlays beside them, by file, too.
struct Bitstreams {
  std::map<std::string, BitstreamFacts> facts;
  std::map<std::string, std::string> images;
  std::map<std::string, std::string> files = {};
  std::map<std::string, OverlayFacts> overlays = {};

  ImageFacts with_rootfs(std::uint64_t bytes) const { return {facts, bytes, overlays}; }
};
// `parts` names the devices.
base::Result<Bitstreams> read_bitstreams(const base::Rootfs& rootfs, const annotations::AcceleratorRequest& request,
                                         const bitstream::Parts& parts = bitstream::Parts::built_in());

// A region's blank bitstream, from the file's bytes: for the region's part, partial, and inside its frames.
Blank check_blank(const Region& region, std::string_view file,
                  const bitstream::Parts& parts = bitstream::Parts::built_in());

}  // namespace runx::plan
