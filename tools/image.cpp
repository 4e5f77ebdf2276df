// SPDX-License-Identifier: Apache-2.0
// accelkit image: what authors of images do.
#include "tools/image_commands.h"

namespace runx::tools {

void add_image(CLI::App& app, Chosen& chosen) {
  auto* image = app.add_subcommand("image", "For image authors")->require_subcommand(1);
  image->footer(
      "An image is an OCI layout, as umoci, buildah and skopeo write it (LAYOUT:TAG), or its tar (oci-archive).\n"
      "No daemon is needed and no root. What is changed is changed in one step; after an error nothing is.");
  add_annotate(*image, chosen);
  add_attach(*image, chosen);
  add_lint(*image, chosen);
  add_show(*image, chosen);
  add_plan(*image, chosen);
}

}  // namespace runx::tools
