// SPDX-License-Identifier: Apache-2.0
#include "tools/oci/archive.h"

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <string_view>

#include "base/printable.h"
#include "tools/oci/limits.h"

namespace runx::tools::oci {
namespace {

void use_utf8() {
  static const bool done = std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr;
  (void)done;
}

}  // namespace

Reader new_reader() {
  use_utf8();
  return Reader(::archive_read_new());
}

Writer new_writer() {
  use_utf8();
  return Writer(::archive_write_new());
}

tl::unexpected<base::Error> archive_error(struct archive* archive, const std::string& name) {
  const char* said = ::archive_error_string(archive);
  return base::fail(std::errc::invalid_argument, name, ": ",
                    said != nullptr ? base::printable(said, 200) : "it cannot be read");
}

base::Result<std::string> member_name(const char* raw, const std::string& archive) {
  if (raw == nullptr) return base::fail(std::errc::invalid_argument, archive, ": an entry without a readable name");
  std::string_view rest = raw;
  if (rest.size() > limits::path) {
    return base::fail(std::errc::invalid_argument, archive, ": a name of ", rest.size(), " bytes, more than ",
                      limits::path);
  }
  std::string out;
  std::size_t depth = 0;
  while (!rest.empty()) {
    const auto part = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      return base::fail(std::errc::invalid_argument, archive, ": the entry ", base::printable(raw),
                        " leads outside, which no honest tool writes");
    }
    if (++depth > limits::depth) {
      return base::fail(std::errc::invalid_argument, archive, ": the entry ", base::printable(raw), " is deeper than ",
                        limits::depth, " directories");
    }
    out += (out.empty() ? "" : "/") + std::string(part);
  }
  return out;
}

}  // namespace runx::tools::oci
