// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an image may make `create` read, write and remember: bytes and entries, of which the board file says how many
// there are ("image"). Whatever comes from the image is taken from the one budget, bitstreams before they are read:
//
//   bytes    the bitstreams, signatures and overlays that are read, and the archive of the root file system
//   entries  these files, the runs of frames that the bitstreams write, and what the root file system holds: files,
//            directories and links
//
// What the domain's memory takes of the archive is the plan's to say.

#include <cstdint>
#include <string>

#include "base/result.h"
#include "plan/board.h"

namespace runx::plan {

class ImageBudget {
 public:
  explicit ImageBudget(const ImageLimits& limits) : limits_(limits), left_(limits) {}

  // Errors: file_too_large, naming `what` and the key of the board file; nothing is taken then.
  base::Status take(const std::string& what, std::uint64_t bytes, std::uint64_t entries);

  const ImageLimits& left() const { return left_; }

 private:
  ImageLimits limits_;
  ImageLimits left_;
};

}  // namespace runx::plan
