// SPDX-License-Identifier: Apache-2.0
#pragma once

// What annotate and attach share: a change of every image that a tag names, written in one step or not at all.

#include <functional>
#include <string>

#include "annotations/request.h"
#include "base/result.h"
#include "tools/oci/change.h"
#include "tools/oci/layout.h"

namespace runx::tools {

// An edit without annotations; `compression` is "gzip", "zstd", "none" or "" for the image's own.
base::Result<oci::Edit> new_edit(const std::string& compression);

// What the image asks for now: the quick way (oci::carried), or by looking through its layers for a metadata file.
base::Result<annotations::Annotations> said_now(oci::Layout& layout, const oci::Image& image);

// What the image is to say is checked as the runtime will check it. All complaints at once, one a line.
base::Status check_annotations(const annotations::Annotations& annotations);

// Asks for an edit for each image of the reference, checks its annotations, and writes the result. Prints platforms
// and new digests.
using MakeEdit = std::function<base::Result<oci::Edit>(oci::Layout& layout, const oci::Image& image)>;
base::Status change_layout(const std::string& reference, const std::string& platform, bool json,
                           const MakeEdit& make_edit);

}  // namespace runx::tools
