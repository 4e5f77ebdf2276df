// SPDX-License-Identifier: Apache-2.0
#pragma once

// A region of the fabric as a resource: programmed by `acquire_bitstream`, and given back by `release_bitstream`, which
// leaves the design where it is (the next container may want the same) unless the board's owner named a blank one.

#include <string>

#include "base/host.h"
#include "plan/plan.h"
#include "runtime/resources/journal.h"
#include "runtime/resources/payload.h"

namespace runx::resources {

// `key` names the container uniquely on this machine ([a-f0-9-]); the firmware files' names are made of it. `id` is
// for people.
Record bitstream_record(const plan::BitstreamStep& step, const std::string& key, const std::string& id);

struct Load {
  Payload payload;        // the stream in it, or the whole .xclbin where the step names its uuid
  base::Bytes dom0 = {};  // Dom0's half of the image's overlay; may be empty
};

// Writes the payload as a file, programs the region with it (unless the plan found the design there already), and
// removes the file. Dom0's half of the overlay is applied in the same step where the region has a node, else after it.
base::Status acquire_bitstream(base::Host& host, const Record& record, const Load& load);

base::Status release_bitstream(base::Host& host, const Record& record);

}  // namespace runx::resources
