// SPDX-License-Identifier: Apache-2.0
#pragma once

// A directory below $TMPDIR that goes with everything in it when its owner goes.

#include <string>
#include <utility>

#include "base/result.h"

namespace runx::tools {

class Temporary {
 public:
  static base::Result<Temporary> make();
  Temporary() = default;
  Temporary(Temporary&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Temporary& operator=(Temporary&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~Temporary();

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace runx::tools
