// SPDX-License-Identifier: Apache-2.0
#pragma once

// The one place where the runtime's words leave it, printable whatever an image wrote into them: to the file of --log,
// as JSON lines or text, and errors to standard error too. The last error line of that file is what containerd shows to
// its user, so an error is one line, written last.

#include <string>

#include "base/host.h"

namespace runx::runtime {

// To standard output.
void print(const std::string& text);

struct Log {
  std::string file;   // empty: none
  bool json = false;  // --log-format json
  bool debug = false;

  void error(base::Host& host, const std::string& message) const;
  void warning(base::Host& host, const std::string& message) const;
  void detail(base::Host& host, const std::string& message) const;  // with --debug only

 private:
  void line(base::Host& host, const char* level, const std::string& message) const;
};

}  // namespace runx::runtime
