// SPDX-License-Identifier: Apache-2.0
#include "annotations/value.h"
#include "tools/commands.h"
#include "tools/oci/descriptor.h"

namespace runx::tools {

std::string check_key_value(const std::string& text) {
  const auto sign = text.find('=');
  return sign == std::string::npos || sign == 0 ? base::printable(text) + ": write KEY=VALUE" : "";
}

std::string check_platform(const std::string& text) {
  const auto platform = oci::parse_platform(text);
  return platform ? "" : platform.error().what;
}

std::string check_named_file(const std::string& text) {
  const auto sign = text.find('=');
  if (sign != std::string::npos && annotations::is_name(std::string_view(text).substr(0, sign))) return "";
  return base::printable(text) + ": write NAME=FILE or NAME=FILE:/path/in/image, NAME being " +
         annotations::name_syntax;
}

}  // namespace runx::tools
