// SPDX-License-Identifier: Apache-2.0
#include "xen/xl.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>

#include "base/sha256.h"

namespace runx::xen {
namespace {

using base::Outcome;
using base::Result;
using base::Status;

constexpr std::size_t most_lines = 8192;  // Xen's domids end at 0x7FF0; a longer list is not xl's

std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> out;
  while (!line.empty()) {
    const auto start = line.find_first_not_of(" \t");
    if (start == std::string_view::npos) break;
    line.remove_prefix(start);
    const auto end = std::min(line.find_first_of(" \t"), line.size());
    out.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
  return out;
}

bool is_uuid(std::string_view word) {
  if (word.size() != 36) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = word[i];
    const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (dash ? c != '-' : !digit) return false;
  }
  return true;
}

// Columns (tools/xl/xl_list.c): Name ID Mem VCPUs State Time(s) UUID Reason Label. A name may hold spaces and
// even another's UUID, so we look for the last UUID and count back from it. State is "rbpscd" with dashes for what does
// not hold.
std::optional<DomainState> parse_line(std::string_view line) {
  const auto columns = words(line);
  const auto last = std::find_if(columns.rbegin(), columns.rend(), is_uuid);
  if (columns.rend() - last < 7) return std::nullopt;
  const auto uuid = last.base() - 1;
  const auto state = *(uuid - 2);
  const auto id = *(uuid - 5);
  DomainState domain;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), domain.domid);
  if (error != std::errc{} || end != id.data() + id.size() || state.size() != 6) return std::nullopt;
  domain.uuid = *uuid;
  domain.paused = state[2] == 'p';
  domain.shut_down = state[3] == 's' || state[4] == 'c';
  domain.crashed = state[4] == 'c';
  domain.dying = state[5] == 'd';
  return domain;
}

// What xl said, as one line for people. The first of its lines is the cause, what follows are its consequences.
std::string said(const Outcome& outcome) {
  std::string text = outcome.errors.empty() ? outcome.output : outcome.errors;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ';');
  constexpr std::size_t longest = 600;
  return text.size() > longest ? text.substr(0, longest) + "..." : text;
}

// A line of Xen's libraries is "libxl: error: …", with the level second (tools/libs/toollog/xtl_logger_stdio.c); a
// warning may speak of errors as well.
bool tells_of_error(std::string_view text) {
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    const auto colon = line.find(": ");
    if (colon != std::string_view::npos && line.substr(colon + 2).starts_with("error:")) return true;
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return false;
}

Result<Outcome> run_xl(base::Host& host, std::vector<std::string> arguments, std::chrono::milliseconds limit) {
  std::string name = "xl " + arguments.at(0);
  arguments.insert(arguments.begin(), xl_path);
  const auto outcome = host.run({.argv = std::move(arguments), .limit = limit});
  if (!outcome) return base::context(outcome.error(), name);
  if (outcome->status != 0) {
    return base::fail(std::errc::io_error, name, " failed with code ", outcome->status, ": ", said(*outcome));
  }
  return outcome;
}

constexpr std::chrono::seconds short_limit{30};
constexpr std::chrono::seconds create_limit{
    180};  // 2 s on the emulated board, with a threefold reserve for bigger guests

}  // namespace

std::vector<DomainState> parse_list(std::string_view output) {
  std::vector<DomainState> out;
  for (std::size_t lines = 0; !output.empty() && lines < most_lines; ++lines) {
    const auto end = std::min(output.find('\n'), output.size());
    if (auto domain = parse_line(output.substr(0, end))) out.push_back(std::move(*domain));
    output.remove_prefix(std::min(end + 1, output.size()));
  }
  return out;
}

Result<std::optional<DomainState>> find_domain(base::Host& host, const std::string& uuid) {
  const auto outcome = host.run({.argv = {xl_path, "list", "-v"}, .limit = short_limit});
  if (!outcome) return base::context(outcome.error(), "xl list");
  if (outcome->status != 0) return base::fail(std::errc::io_error, "xl list failed: ", said(*outcome));
  const auto domains = parse_list(outcome->output);
  const auto ours = std::find_if(domains.begin(), domains.end(), [&](const DomainState& d) { return d.uuid == uuid; });
  if (ours == domains.end()) return std::optional<DomainState>{};
  return std::optional<DomainState>{*ours};
}

Result<unsigned> create_paused(base::Host& host, const std::string& config_file, const std::string& uuid) {
  if (auto made = run_xl(host, {"create", "-p", "-e", "-q", host.real(config_file)}, create_limit); !made) {
    return tl::unexpected(made.error());
  }
  const auto domain = find_domain(host, uuid);
  if (!domain) return tl::unexpected(domain.error());
  if (!*domain) return base::fail(std::errc::io_error, "xl create reported success, but there is no domain ", uuid);
  return (*domain)->domid;
}

Status unpause(base::Host& host, unsigned domid) {
  const auto outcome = run_xl(host, {"unpause", std::to_string(domid)}, short_limit);
  if (!outcome) return tl::unexpected(outcome.error());
  // xl unpause exits with 0 whatever came of it.
  if (!tells_of_error(outcome->errors)) return {};
  return base::fail(std::errc::io_error, "xl unpause failed: ", said(*outcome));
}

Status destroy(base::Host& host, const std::string& uuid) {
  // A destroyed domain stays "dying" while its pages are given back; a second destroy of it fails harmlessly.
  constexpr int tries = 100;
  Status last;
  for (int i = 0; i < tries; ++i) {
    const auto domain = find_domain(host, uuid);
    if (!domain) return tl::unexpected(domain.error());
    if (!*domain) return {};
    if (!(*domain)->dying) {
      const auto destroyed = run_xl(host, {"destroy", std::to_string((*domain)->domid)}, short_limit);
      last = destroyed ? Status() : Status(tl::unexpected(destroyed.error()));
    }
    if (i > 0) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  if (!last) return last;
  return base::fail(std::errc::device_or_resource_busy, "domain ", uuid, " does not go away: see xl list");
}

std::string uuid_of(std::string_view text) {
  auto digits = base::sha256_hex(base::bytes_of(text)).substr(0, 32);
  digits[12] = '8';
  digits[16] = "89ab"[static_cast<unsigned>(digits[16]) % 4];
  return digits.substr(0, 8) + "-" + digits.substr(8, 4) + "-" + digits.substr(12, 4) + "-" + digits.substr(16, 4) +
         "-" + digits.substr(20);
}

}  // namespace runx::xen
