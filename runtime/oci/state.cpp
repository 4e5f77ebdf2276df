// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/state.h"

#include <algorithm>
#include <array>
#include <ctime>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "runtime/oci/bundle.h"

namespace runx::oci {
namespace {

using nlohmann::json;

constexpr std::size_t longest_id = 255;  // a directory has its name (NAME_MAX)
constexpr std::array<const char*, 4> names{"creating", "created", "running", "stopped"};

std::string file_of(const std::string& directory) { return directory + "/state.json"; }

}  // namespace

const char* status_text(Status status) { return names.at(static_cast<std::size_t>(status)); }

base::Status check_id(const std::string& id) {
  const bool spelt = !id.empty() && id.size() <= longest_id && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  });
  if (spelt && id != "." && id != "..") return {};
  return base::fail(std::errc::invalid_argument,
                    "a container's id is 1 to 255 of A-Z, a-z, 0-9, \"_\", \".\" and \"-\"");
}

std::string directory_of(const std::string& root, const std::string& id) { return root + "/" + id; }

base::Status write_state(base::Host& host, const std::string& directory, const State& state) {
  const json value{{"id", state.id},
                   {"bundle", state.bundle},
                   {"rootfs", state.rootfs},
                   {"created", state.created},
                   {"status", status_text(state.status)},
                   {"uuid", state.uuid},
                   {"domid", state.domid},
                   {"monitor", state.monitor},
                   {"monitorStart", state.monitor_start},
                   {"boot", state.boot},
                   {"annotations", state.annotations}};
  return host.write(file_of(directory), base::json_text(value, 2) + "\n");
}

base::Result<State> read_state(base::Host& host, const std::string& directory) {
  const auto text = host.read(file_of(directory));
  if (!text) return tl::unexpected(text.error());
  const auto value = base::parse_json(*text, file_of(directory));
  if (!value) return tl::unexpected(value.error());
  State state;
  try {
    state.id = value->at("id").get<std::string>();
    state.bundle = value->at("bundle").get<std::string>();
    state.rootfs = value->at("rootfs").get<std::string>();
    state.created = value->at("created").get<std::string>();
    const auto status = std::find(names.begin(), names.end(), value->at("status").get<std::string>());
    if (status == names.end()) return base::fail(std::errc::bad_message, file_of(directory), " has an unknown status");
    state.status = static_cast<Status>(status - names.begin());
    state.uuid = value->at("uuid").get<std::string>();
    state.domid = value->at("domid").get<unsigned>();
    state.monitor = value->at("monitor").get<int>();
    state.monitor_start = value->at("monitorStart").get<std::uint64_t>();
    state.boot = value->at("boot").get<std::string>();
    state.annotations = value->at("annotations").get<annotations::Annotations>();
  } catch (const json::exception& error) {
    return base::fail(std::errc::bad_message, file_of(directory), " is not a state of this program: ", error.what());
  }
  return state;
}

base::Result<std::string> boot_id(base::Host& host) {
  auto id = host.read("/proc/sys/kernel/random/boot_id", 64);
  if (!id && id.error().code == std::errc::no_such_file_or_directory) return std::string();
  return id;
}

bool monitor_alive(base::Host& host, const State& state) {
  if (state.monitor == 0) return false;
  // Who cannot be asked counts as alive: the other error would give hardware away under a running container.
  if (const auto boot = boot_id(host); boot && *boot != state.boot) return false;
  const auto start = host.process_start(state.monitor);
  if (!start) return start.error().code != std::errc::no_such_process;
  return *start == state.monitor_start;
}

Status current_status(base::Host& host, const State& state) {
  if (state.status == Status::creating) return Status::creating;
  return monitor_alive(host, state) ? state.status : Status::stopped;
}

std::string state_json(const State& state, Status status) {
  json value{{"ociVersion", version},
             {"id", state.id},
             {"status", status_text(status)},
             {"bundle", state.bundle},
             {"rootfs", state.rootfs},
             {"created", state.created},
             {"owner", ""},
             {"annotations", state.annotations}};
  value["pid"] = status == Status::created || status == Status::running ? state.monitor : 0;
  return base::json_text(value, 2) + "\n";
}

std::string now_rfc3339() {
  const auto now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  const auto length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), length};
}

}  // namespace runx::oci
