// SPDX-License-Identifier: Apache-2.0
#include "guest/process.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace runx::guest {

namespace {

constexpr std::string_view format_version = "1";

constexpr auto filesystems =
    std::to_array<std::string_view>({"bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "mqueue",
                                     "proc", "ramfs", "securityfs", "sysfs", "tmpfs", "tracefs"});

constexpr std::array<std::pair<std::string_view, __rlimit_resource_t>, 16> rlimit_names{{
    {"RLIMIT_AS", RLIMIT_AS},
    {"RLIMIT_CORE", RLIMIT_CORE},
    {"RLIMIT_CPU", RLIMIT_CPU},
    {"RLIMIT_DATA", RLIMIT_DATA},
    {"RLIMIT_FSIZE", RLIMIT_FSIZE},
    {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
    {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    {"RLIMIT_NICE", RLIMIT_NICE},
    {"RLIMIT_NOFILE", RLIMIT_NOFILE},
    {"RLIMIT_NPROC", RLIMIT_NPROC},
    {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
    {"RLIMIT_RTTIME", RLIMIT_RTTIME},
    {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    {"RLIMIT_STACK", RLIMIT_STACK},
}};

class Writer {
 public:
  void add(std::string_view key, std::string_view value) {
    if (value.find('\0') != std::string_view::npos) bad_ = key;
    out_.append(key).append("=").append(value).push_back('\0');
  }
  void add(std::string_view key, std::uint64_t value) { add(key, std::to_string(value)); }

  base::Result<std::string> take() {
    if (!bad_.empty()) return base::fail(std::errc::invalid_argument, "process: a value of ", bad_, " holds a NUL");
    if (out_.size() > longest_orders) {
      return base::fail(std::errc::argument_list_too_long, "process: args, env and mounts take ", out_.size(),
                        " bytes, and the guest's init takes ", longest_orders, ": pass less in args and env");
    }
    return std::move(out_);
  }

 private:
  std::string out_;
  std::string_view bad_;
};

template <class Number>
bool parse(std::string_view text, Number& number) {
  const auto end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end;
}

bool parse(std::string_view text, bool& flag) {
  flag = text == "1";
  return flag || text == "0";
}

bool parse_rlimit(std::string_view text, GuestRlimit& limit) {
  const auto first = text.find(' ');
  const auto second = first == std::string_view::npos ? first : text.find(' ', first + 1);
  if (second == std::string_view::npos) return false;
  limit.type = text.substr(0, first);
  return parse(text.substr(first + 1, second - first - 1), limit.soft) && parse(text.substr(second + 1), limit.hard);
}

// One record into the value; false when it is none of ours.
bool apply(std::string_view key, std::string_view value, GuestProcess& process) {
  const std::string text(value);
  if (key == "arg") return process.args.push_back(text), true;
  if (key == "env") return process.env.push_back(text), true;
  if (key == "cwd") return process.cwd = text, true;
  if (key == "uid") return parse(value, process.uid);
  if (key == "gid") return parse(value, process.gid);
  if (key == "group") return parse(value, process.additional_gids.emplace_back());
  if (key == "umask") return parse(value, process.umask);
  if (key == "hostname") return process.hostname = text, true;
  if (key == "rlimit") return parse_rlimit(value, process.rlimits.emplace_back());
  if (key == "no-new-privileges") return parse(value, process.no_new_privileges);
  if (key == "root-read-only") return parse(value, process.root_read_only);
  if (key == "mount") return process.mounts.push_back({text, {}, {}, {}}), true;
  if (process.mounts.empty()) return false;
  auto& mount = process.mounts.back();
  if (key == "mount-source") return mount.source = text, true;
  if (key == "mount-destination") return mount.destination = text, true;
  if (key == "mount-option") return mount.options.push_back(text), true;
  return false;
}

}  // namespace

base::Result<std::string> GuestProcess::encode() const {
  Writer out;
  out.add("runx-guest", format_version);
  for (const auto& arg : args) out.add("arg", arg);
  for (const auto& variable : env) out.add("env", variable);
  out.add("cwd", cwd);
  out.add("uid", uid);
  out.add("gid", gid);
  for (const auto group : additional_gids) out.add("group", group);
  out.add("umask", umask);
  out.add("hostname", hostname);
  for (const auto& limit : rlimits) out.add("rlimit", base::text(limit.type, ' ', limit.soft, ' ', limit.hard));
  out.add("no-new-privileges", no_new_privileges ? 1U : 0U);
  out.add("root-read-only", root_read_only ? 1U : 0U);
  for (const auto& mount : mounts) {
    out.add("mount", mount.type);
    out.add("mount-source", mount.source);
    out.add("mount-destination", mount.destination);
    for (const auto& option : mount.options) out.add("mount-option", option);
  }
  return out.take();
}

base::Result<GuestProcess> GuestProcess::decode(base::Bytes bytes) {
  GuestProcess process;
  bool first = true;
  for (auto rest = base::text_of(bytes); !rest.empty();) {
    const auto end = rest.find('\0');
    if (end == std::string_view::npos)
      return base::fail(std::errc::invalid_argument, "process: the last record is cut");
    const auto record = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    const auto equals = record.find('=');
    if (equals == std::string_view::npos)
      return base::fail(std::errc::invalid_argument, "process: no record: ", record);
    const auto key = record.substr(0, equals);
    const auto value = record.substr(equals + 1);
    if (std::exchange(first, false)) {
      if (key == "runx-guest" && value == format_version) continue;
      return base::fail(std::errc::invalid_argument, "process: written for another init: ", record);
    }
    if (!apply(key, value, process))
      return base::fail(std::errc::invalid_argument, "process: not understood: ", record);
  }
  if (process.args.empty()) return base::fail(std::errc::invalid_argument, "process: it has no args");
  return process;
}

bool is_kernel_filesystem(std::string_view type) {
  return std::find(filesystems.begin(), filesystems.end(), type) != filesystems.end();
}

std::optional<__rlimit_resource_t> rlimit_number(std::string_view name) {
  for (const auto& [known, number] : rlimit_names) {
    if (known == name) return number;
  }
  return std::nullopt;
}

}  // namespace runx::guest
