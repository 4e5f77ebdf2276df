// SPDX-License-Identifier: Apache-2.0
// Any text as config.json: a bundle that is taken has what the guest needs, and an error has a sentence.
#include <cstdint>
#include <string>

#include "runtime/oci/bundle.h"
#include "tests/fuzz/hold.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using runx::fuzz::hold;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto bundle = runx::oci::parse_config(text, "/bundle");
  if (!bundle) {
    hold(!bundle.error().what.empty());
    for (const char c : bundle.error().what) hold(c >= 0x20 && c < 0x7f);
    return 0;
  }
  hold(bundle->config == text && bundle->path == "/bundle");
  hold(bundle->rootfs.starts_with('/') && bundle->rootfs.size() > 1);
  hold(!bundle->process.args.empty() && bundle->process.cwd.starts_with('/'));
  for (const auto& mount : bundle->process.mounts) hold(mount.destination.starts_with('/'));
  return 0;
}
