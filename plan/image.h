// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads from an image's root file system what the plan needs to know of it. The same on a board and at a desk.

#include <map>
#include <memory>
#include <string>

#include "annotations/request.h"
#include "base/rootfs.h"
#include "plan/budget.h"
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

// The requested bitstreams, by the file's path in the image. What is known of them goes into the plan; their bytes are
// not kept. The files stay open: whoever programs one reads it again, and holds it against the facts, since it may have
// changed meanwhile. The overlays beside them, by path, too.
struct Bitstreams {
  std::map<std::string, BitstreamFacts> facts;
  std::map<std::string, std::shared_ptr<const base::Fd>> files;  // names of one file share it
  std::map<std::string, OverlayFacts> overlays = {};

  ImageFacts with_rootfs(std::uint64_t bytes) const { return {facts, bytes, overlays}; }
};
// Reads the files of `worth` (plan.h), each once whatever names it has, and takes them from `budget`. `parts` names the
// devices. Errors name the request: as of Rootfs::open_file(), file_too_large, and what speaks against the file.
base::Result<Bitstreams> read_bitstreams(const base::Rootfs& rootfs, const annotations::AcceleratorRequest& request,
                                         const WorthReading& worth, ImageBudget& budget,
                                         const bitstream::Parts& parts = bitstream::Parts::built_in());

// What is known of a bitstream file, of whose bytes nothing is kept. `name` is what errors call it.
base::Result<BitstreamFacts> bitstream_facts(base::Bytes file, const std::string& name, const bitstream::Parts& parts);

// A region's blank bitstream, from the file's bytes: for the region's part, partial, and inside its frames.
Blank check_blank(const Region& region, base::Bytes file, const bitstream::Parts& parts = bitstream::Parts::built_in());
Blank read_blank(const Region& region, const base::Fd& file,
                 const bitstream::Parts& parts = bitstream::Parts::built_in());

}  // namespace runx::plan
