// SPDX-License-Identifier: Apache-2.0
#include "fpga/kmsg.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <deque>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

namespace runx::fpga {
namespace {

constexpr std::size_t longest_record = 8192;  // a shorter buffer gives EINVAL
constexpr unsigned warning = 4;
constexpr std::size_t kept_lines = 4;
constexpr std::size_t kept_bytes = 160;  // of a line
constexpr int largest_errno = 133;       // EHWPOISON, the last that has a text

// The text of a record that complains, else nothing. A line that begins with a blank belongs to the one before it.
std::string_view complaint(std::string_view line) {
  const auto text = line.find(';');
  unsigned priority = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), priority);
  if (text == std::string_view::npos || error != std::errc{} || *end != ',') return {};
  if ((priority & 7U) > warning) return {};
  return line.substr(text + 1);
}

// -N after a blank or '=', as the kernel's sentences have it: "error -22, target: /fpga", "(err=-22)".
int errno_in(std::string_view line) {
  for (auto at = line.find('-'); at != std::string_view::npos; at = line.find('-', at + 1)) {
    if (at == 0 || (line[at - 1] != ' ' && line[at - 1] != '=')) continue;
    int number = 0;
    const auto [end, error] = std::from_chars(line.data() + at + 1, line.data() + line.size(), number);
    if (error == std::errc{} && number > 0 && number <= largest_errno) return number;
  }
  return 0;
}

}  // namespace

KmsgReader::KmsgReader(base::Host& host) {
  auto log = host.open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!log || ::lseek(log->get(), 0, SEEK_END) < 0) return;
  log_ = std::move(*log);
}

KmsgReader::Said KmsgReader::said() {
  std::deque<std::string> lines;
  Said out;
  std::array<char, longest_record> buffer{};
  while (log_) {
    const auto got = ::read(log_.get(), buffer.data(), buffer.size());
    // EPIPE: records were overwritten before they were read, the next ones are there.
    if (got < 0 && (errno == EINTR || errno == EPIPE)) continue;
    if (got <= 0) break;
    std::string_view records(buffer.data(), static_cast<std::size_t>(got));
    while (!records.empty()) {
      const auto end = std::min(records.find('\n'), records.size());
      const auto line = complaint(records.substr(0, end));
      records.remove_prefix(std::min(end + 1, records.size()));
      if (line.empty()) continue;
      if (const int error = errno_in(line)) out.error = error;
      lines.emplace_back(line.substr(0, kept_bytes));
      if (lines.size() > kept_lines) lines.pop_front();
    }
  }
  for (auto& line : lines) {
    for (auto& c : line) {
      if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F) c = '?';
    }
    out.text += (out.text.empty() ? "" : "; ") + line;
  }
  return out;
}

}  // namespace runx::fpga
