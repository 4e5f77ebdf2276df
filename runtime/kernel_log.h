// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the guest's kernel said on the console: the last of it, in a file that a guest cannot make grow. Errors in
// writing it are dropped: a container does not end because its log cannot be kept.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/host.h"

namespace runx::runtime {

class KernelLog {
 public:
  // At least, in bytes; the file is cut to it before it gets more than twice as much. When it cannot be cut it is begun
  // anew.
  static constexpr std::size_t kept = 64 * 1024;

  // The file at `path` is begun anew with the first text.
  KernelLog(base::Host& host, std::string path) : host_(host), path_(std::move(path)) {}

  void add(std::string_view text);

 private:
  void open(int flags);
  void cut();

  base::Host& host_;
  std::string path_;
  base::Fd file_;
  std::size_t size_ = 0;
  bool begun_ = false;
};

}  // namespace runx::runtime
