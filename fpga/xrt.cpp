// SPDX-License-Identifier: Apache-2.0
#include "fpga/xrt.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <deque>
#include <string_view>
#include <vector>

#include "base/printable.h"
#include "fpga/manager.h"

namespace runx::fpga {
namespace {

using base::Host;
using base::Result;
using base::Status;

constexpr const char* graphics = "/sys/class/drm";
constexpr const char* driver = "DRIVER=zocl-drm";    // of zocl's platform driver
constexpr const char* home = "/run/runx-accel/xrt";  // XILINX_XRT of the program
constexpr std::chrono::milliseconds limit{60'000};
constexpr std::size_t kept_lines = 3;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    if (end > 0) out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

// What XRT complains about, and the program's own sentence, which is its last line.
std::string words_of(std::string_view errors) {
  const auto lines = lines_of(errors);
  std::deque<std::string> kept;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool complaint = lines[i].find("ERROR") != std::string_view::npos || i + 1 == lines.size();
    if (complaint) kept.push_back(base::printable(lines[i], 200));
    if (kept.size() > kept_lines) kept.pop_front();
  }
  std::string out;
  for (const auto& line : kept) out += (out.empty() ? "" : "; ") + line;
  return out.empty() ? "it says nothing" : out;
}

int errno_of(std::string_view output) {
  constexpr std::string_view mark = "errno ";
  for (const auto line : lines_of(output)) {
    int error = 0;
    if (!line.starts_with(mark)) continue;
    std::from_chars(line.data() + mark.size(), line.data() + line.size(), error);
    if (error > 0) return error;
  }
  return EIO;
}

Status outcome_of(const base::Outcome& outcome) {
  if (outcome.status == 0) return {};
  const auto words = words_of(outcome.errors);
  if (outcome.status > 128) {
    const int signal = outcome.status - 128;
    return base::fail(std::errc::io_error, "XRT ended its process with signal ", signal, " (", ::strsignal(signal),
                      "), and whether the device was programmed is not known: ", words);
  }
  return tl::unexpected(base::Error{std::error_code(errno_of(outcome.output), std::generic_category()), words});
}

Status check(const std::string& file, const std::string& uuid) {
  if (file.empty() || file.front() != '/') {
    return base::fail(std::errc::invalid_argument, "the xclbin's path '", file, "' is not absolute");
  }
  const auto digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (uuid.size() == 32 && std::all_of(uuid.begin(), uuid.end(), digit)) return {};
  return base::fail(std::errc::invalid_argument, "'", uuid,
                    "' is no uuid of an xclbin: 32 lower-case hexadecimal digits");
}

}  // namespace

Result<std::optional<std::string>> find_zocl(Host& host) {
  const auto entries = host.list(graphics);
  if (!entries && entries.error().code == std::errc::no_such_file_or_directory) return std::optional<std::string>();
  if (!entries) return tl::unexpected(entries.error());
  for (const auto& entry : *entries) {
    if (!entry.starts_with("renderD")) continue;
    auto path = base::text(graphics, "/", entry);
    const auto uevent = host.read(path + "/device/uevent", 65536);
    if (!uevent && uevent.error().code == std::errc::no_such_file_or_directory) continue;
    if (!uevent) return tl::unexpected(uevent.error());
    const auto lines = lines_of(*uevent);
    if (std::find(lines.begin(), lines.end(), driver) != lines.end()) return std::optional(std::move(path));
  }
  return std::optional<std::string>();
}

Status load_xclbin(Host& host, const std::string& file, const std::string& uuid) {
  if (auto fine = check(file, uuid); !fine) return fine;
  const auto zocl = find_zocl(host);
  if (!zocl) return tl::unexpected(zocl.error());
  if (!*zocl) {
    return base::fail(std::errc::no_such_device, "no device in ", graphics,
                      " has the driver zocl: XRT cannot load an xclbin here");
  }
  if (auto made = host.make_directories(home); !made) return made;
  const auto locked = lock_managers(host);
  if (!locked) return tl::unexpected(locked.error());
  const auto outcome = host.run({{xrt_load_path, host.real(file), uuid, host.real(home)}, {}, limit});
  const auto done = outcome ? outcome_of(*outcome) : Status(tl::unexpected(outcome.error()));
  if (!done) return base::context(done.error(), "XRT did not load ", file);
  return {};
}

}  // namespace runx::fpga
