// SPDX-License-Identifier: Apache-2.0
#include "runtime/log.h"

#include <iostream>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/printable.h"
#include "runtime/oci/state.h"

namespace runx::runtime {
namespace {

void print_error(const std::string& message) {
  std::cerr << base::printable_line(base::text("runx-accel: ", message)) << "\n";
}

}  // namespace

void print(const std::string& text) { std::cout << base::printable_text(text); }

void Log::line(base::Host& host, const char* level, const std::string& message) const {
  if (file.empty()) return;
  const auto time = oci::now_rfc3339();
  const auto text = json ? base::json_text({{"level", level}, {"msg", message}, {"time", time}})
                         : base::text("time=\"", time, "\" level=", level, " msg=", base::json_text(message));
  if (!host.append(file, base::printable_line(text) + "\n")) print_error("cannot write the log file " + file);
}

void Log::error(base::Host& host, const std::string& message) const {
  line(host, "error", message);
  print_error(message);
}

void Log::warning(base::Host& host, const std::string& message) const {
  line(host, "warning", message);
  print_error("warning: " + message);
}

void Log::detail(base::Host& host, const std::string& message) const {
  if (debug) line(host, "debug", message);
}

}  // namespace runx::runtime
