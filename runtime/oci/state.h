// SPDX-License-Identifier: Apache-2.0
#pragma once

// The state of one container on disk (spec/state.md): <root>/<id>/state.json and its neighbours. What is stored is what
// the runtime did; whether the container has stopped meanwhile is asked of its monitor process each time.

#include <cstdint>
#include <string>

#include "annotations/request.h"
#include "base/host.h"

namespace runx::oci {

enum class Status { creating, created, running, stopped };
const char* status_text(Status status);

struct State {
  std::string id;
  std::string bundle;
  std::string rootfs;
  std::string created;               // RFC 3339
  Status status = Status::creating;  // never stopped on disk
  std::string uuid;                  // of the domain
  unsigned domid = 0;                // 0: none yet
  int monitor = 0;                   // pid; 0: none yet
  std::string boot;                  // boot_id(): a pid and a start time may be another process's after a reboot
  std::uint64_t monitor_start = 0;   // Host::process_start: a pid alone may be reused
  annotations::Annotations annotations;
};

// [A-Za-z0-9_.-], 1 to 255 bytes, neither "." nor "..": checked before any path is made of it.
base::Status check_id(const std::string& id);

std::string directory_of(const std::string& root, const std::string& id);

base::Status write_state(base::Host& host, const std::string& directory, const State& state);
base::Result<State> read_state(base::Host& host, const std::string& directory);

// `stored`, or stopped when the monitor is gone.
Status current_status(base::Host& host, const State& state);
bool monitor_alive(base::Host& host, const State& state);

// What `state` prints (runtime-spec, runtime.md, "State"; rootfs, created and owner because callers read them).
std::string state_json(const State& state, Status status);

std::string now_rfc3339();

// This boot of the machine (/proc/sys/kernel/random/boot_id); empty where the kernel has no such file.
base::Result<std::string> boot_id(base::Host& host);

}  // namespace runx::oci
