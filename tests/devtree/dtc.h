// SPDX-License-Identifier: Apache-2.0
#pragma once

// Device trees as people write them, for tests: source text to Blob and back, by dtc.

#include <string>
#include <vector>

#include "base/command.h"
#include "devtree/blob.h"
#include "devtree/node.h"

namespace runx::devtree::test {

inline const std::string cases = RUNX_SOURCE_DIR "/tests/devtree/cases";

// Source text to bytes. Includes are looked for in `cases`; labels are kept in /__symbols__.
inline std::string compile(const std::string& source) {
  auto run = base::run_command(
      {.argv = {RUNX_DTC, "-q", "-q", "-@", "-I", "dts", "-O", "dtb", "-i", cases, "-"}, .input = source});
  if (!run) throw std::runtime_error(run.error().what);
  if (run->status != 0) throw std::runtime_error("dtc: " + run->errors);
  return run->output;
}

inline Blob blob_of(const std::string& source) {
  return Blob::parse(base::bytes_of(compile(source)), "the test's tree").value();
}

// A tree with the given text inside its root node.
inline Tree tree_of(const std::string& inside) { return Tree::of(blob_of("/dts-v1/; / {" + inside + "};")); }

struct Decompiled {
  std::string source;
  std::string warnings;
};

inline Decompiled decompile(const Blob& blob) {
  auto run = base::run_command(
      {.argv = {RUNX_DTC, "-I", "dtb", "-O", "dts", "-"}, .input = std::string(base::text_of(blob.bytes()))});
  if (!run) throw std::runtime_error(run.error().what);
  if (run->status != 0) throw std::runtime_error("dtc: " + run->errors);
  return {run->output, run->errors};
}

}  // namespace runx::devtree::test
