// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the kernel says in its log while it does something for us. Overlays need it: configfs answers a write that
// failed with success, and the reason is in the log and nowhere else.
//
// The log is /dev/kmsg (Documentation/ABI/testing/dev-kmsg): one record a line, "PRIORITY,NUMBER,TIME,FLAGS;TEXT".
// It is everybody's: what other drivers complained about meanwhile is among it. Where it cannot be read nothing was
// said; that is no error.

#include <string>

#include "base/host.h"

namespace runx::fpga {

class KmsgReader {
 public:
  // Listens from now on.
  explicit KmsgReader(base::Host& host);

  struct Said {
    std::string text;  // the last few complaints (warnings and worse), "; " between them; printable
    int error = 0;     // the last errno in them ("err=-22", "error -22"), positive; 0 when there is none
  };
  Said said();

 private:
  base::Fd log_;
};

}  // namespace runx::fpga
