// SPDX-License-Identifier: Apache-2.0
#include "runtime/log.h"

#include <iostream>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "runtime/oci/state.h"

namespace runx::runtime {

void Log::line(base::Host& host, const char* level, const std::string& message) const {
  if (file.empty()) return;
  const auto time = oci::now_rfc3339();
  const auto text = json ? base::json_text({{"level", level}, {"msg", message}, {"time", time}})
                         : base::text("time=\"", time, "\" level=", level, " msg=", base::json_text(message));
  if (!host.append(file, text + "\n")) std::cerr << "runx-accel: cannot write the log file " << file << "\n";
}

void Log::error(base::Host& host, const std::string& message) const {
  line(host, "error", message);
  std::cerr << "runx-accel: " << message << "\n";
}

void Log::warning(base::Host& host, const std::string& message) const {
  line(host, "warning", message);
  std::cerr << "runx-accel: warning: " << message << "\n";
}

void Log::detail(base::Host& host, const std::string& message) const {
  if (debug) line(host, "debug", message);
}

}  // namespace runx::runtime
