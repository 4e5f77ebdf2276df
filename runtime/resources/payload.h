// SPDX-License-Identifier: Apache-2.0
#pragma once

// From a checked bitstream file to the file that the manager or XRT reads. What was checked are the facts; the bytes
// are read again here, through the descriptor that is open since then, and whoever owns the file may have changed it
// meanwhile. So the copy has to be what the facts say: its digests are taken while it is written, and then it is read
// once more as a bitstream, from where nobody but root writes.

#include <string>

#include "base/fd.h"
#include "base/host.h"
#include "plan/plan.h"

namespace runx::resources {

struct Payload {
  const base::Fd& file;
  const plan::BitstreamFacts& facts;
  const bitstream::Parts& parts = bitstream::Parts::built_in();  // that the facts were read with
};

// Writes the stream, padded as bitstream::firmware_image pads it, to `to`, a path of ours that may be there already.
// It holds one buffer, whatever the file's size. Errors: io_error when the file is not what was checked any more;
// those of writing. What stands at `to` is then of no use.
base::Status copy_payload(const Payload& payload, base::Host& host, const std::string& to);

// The same with the whole file, for XRT.
base::Status copy_file(const Payload& payload, base::Host& host, const std::string& to);

}  // namespace runx::resources
