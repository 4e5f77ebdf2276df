// SPDX-License-Identifier: Apache-2.0
#include "runtime/container.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/printable.h"
#include "guest/mount_options.h"
#include "runtime/give_back.h"
#include "runtime/oci/bundle.h"
#include "xen/dt_overlay.h"
#include "xen/xl.h"

namespace runx::runtime {
namespace {

using base::Fd;
using base::Result;
using base::Status;

// A command on a container waits for the one before it, and the longest is a create: xl has three minutes for its part.
constexpr std::chrono::minutes lock_limit{5};

struct Locked {
  std::string directory;
  Fd lock;
  oci::State state;
};

tl::unexpected<base::Error> unknown(const std::string& id) {
  return base::fail(std::errc::no_such_file_or_directory, "container ", id, " does not exist");
}

tl::unexpected<base::Error> not_running(const std::string& id, oci::Status status) {
  return base::fail(std::errc::no_such_process, "container not running: ", id, " is ", oci::status_text(status));
}

// What stands in a directory that others can write to is not the runtime's word.
Result<std::string> find_directory(const Caller& caller, const std::string& id) {
  if (auto valid = oci::check_id(id); !valid) return tl::unexpected(valid.error());
  if (auto safe = caller.host.check_directory(caller.root); !safe) return tl::unexpected(safe.error());
  return oci::directory_of(caller.root, id);
}

Result<oci::State> read_state(const Caller& caller, const std::string& id, const std::string& directory) {
  auto state = oci::read_state(caller.host, directory);
  if (!state && state.error().code == std::errc::no_such_file_or_directory) return unknown(id);
  return state;
}

Result<Locked> open_container(const Caller& caller, const std::string& id) {
  const auto directory = find_directory(caller, id);
  auto lock = directory ? caller.host.lock(*directory, lock_limit) : Result<Fd>(tl::unexpected(directory.error()));
  if (!lock && lock.error().code == std::errc::no_such_file_or_directory) return unknown(id);
  if (!lock) return tl::unexpected(lock.error());
  auto state = read_state(caller, id, *directory);
  if (!state) return tl::unexpected(state.error());
  return Locked{*directory, std::move(*lock), std::move(*state)};
}

// A create or delete that was killed may have left a directory without a state, but with nothing in it that is not
// ours.
Status check_leftovers(base::Host& host, const std::string& directory) {
  static constexpr std::array<std::string_view, 9> ours{"config.json", "domain.cfg", "exit-reason",
                                                        "exit-status", "guest.dtb",  "journal",
                                                        "kernel.log",  "ramdisk",    "state.json"};
  const auto names = host.list(directory);
  if (!names) return tl::unexpected(names.error());
  for (const auto& name : *names) {
    const auto known = [&](std::string_view file) { return name == file || name.starts_with(base::text(file, '.')); };
    if (std::any_of(ours.begin(), ours.end(), known)) continue;
    return base::fail(std::errc::operation_not_permitted, directory, " is no container's: it has no state.json, but ",
                      base::printable(name), ": correct --root or the id");
  }
  return {};
}

}  // namespace

Status start(const Caller& caller, const std::string& id) {
  auto container = open_container(caller, id);
  if (!container) return tl::unexpected(container.error());
  auto& state = container->state;
  const auto status = oci::current_status(caller.host, state);
  if (status != oci::Status::created) {
    return base::fail(std::errc::operation_not_permitted, "container ", id, " is ", oci::status_text(status),
                      ": only a created one can be started");
  }
  if (auto done = xen::unpause(caller.host, state.domid); !done) return done;
  state.status = oci::Status::running;
  return oci::write_state(caller.host, container->directory, state);
}

Status kill(const Caller& caller, const std::string& id, int signal) {
  const auto container = open_container(caller, id);
  if (!container) return tl::unexpected(container.error());
  const auto& state = container->state;
  const auto status = oci::current_status(caller.host, state);
  if (status != oci::Status::created && status != oci::Status::running) {
    return not_running(id, status);
  }
  if (signal == SIGKILL) {
    if (auto destroyed = xen::destroy(caller.host, state.uuid); !destroyed) return destroyed;
    // Whoever kills a container may delete it next.
    return end_monitor(caller.host, state);
  }
  // The monitor hands it to the program in the guest; but STOP would stop the monitor itself, and CONT alone means
  // nothing.
  if (signal == SIGSTOP || signal == SIGCONT) {
    return base::fail(std::errc::not_supported, "signal ", signal,
                      " cannot be delivered to a domain: use xl pause and xl unpause");
  }
  auto sent = caller.host.signal(state.monitor, state.monitor_start, signal);
  if (!sent && sent.error().code == std::errc::no_such_process) return not_running(id, oci::Status::stopped);
  return sent;
}

Status remove(const Caller& caller, const std::string& id, bool force) {
  const auto found = find_directory(caller, id);
  const auto lock = found ? caller.host.lock(*found, lock_limit) : Result<Fd>(tl::unexpected(found.error()));
  if (!lock) {
    if (lock.error().code != std::errc::no_such_file_or_directory) return tl::unexpected(lock.error());
    if (force) return {};  // engines clean up after a failed create this way
    return unknown(id);
  }
  const auto& directory = *found;
  // A create that was killed may have left no state; the journal alone decides what is given back.
  const auto state = oci::read_state(caller.host, directory);
  if (!state && state.error().code == std::errc::no_such_file_or_directory) {
    if (auto ours = check_leftovers(caller.host, directory); !ours) return ours;
  } else if (!state && !force) {
    return base::context(state.error(), "container ", id, " may be running, so only --force deletes it");
  }
  if (state && !force) {
    const auto status = oci::current_status(caller.host, *state);
    if (status == oci::Status::created || status == oci::Status::running) {
      return base::fail(std::errc::device_or_resource_busy, "container ", id, " is ", oci::status_text(status),
                        ": kill it first, or delete it with --force");
    }
  }
  return give_back(caller, directory);
}

Result<std::string> state(const Caller& caller, const std::string& id) {
  // Without the lock: the file is replaced as a whole, and who asks does not want to wait for a create.
  const auto directory = find_directory(caller, id);
  if (!directory && directory.error().code == std::errc::no_such_file_or_directory) return unknown(id);
  if (!directory) return tl::unexpected(directory.error());
  const auto state = read_state(caller, id, *directory);
  if (!state) return tl::unexpected(state.error());
  return oci::state_json(*state, oci::current_status(caller.host, *state));
}

std::string features(base::Host& host) {
  using nlohmann::json;
  const std::string prefix(annotations::prefix);
  const json value{
      {"ociVersionMin", "1.0.0"},
      {"ociVersionMax", oci::version},
      {"hooks", json::array()},
      {"mountOptions", guest::mount_option_names()},
      {"annotations",
       {{prefix + "schema", annotations::schema}, {prefix + "xl-dt-overlay", xen::word(xen::probe_dt_overlay(host))}}},
      {"potentiallyUnsafeConfigAnnotations", json::array({prefix})}};
  return base::json_text(value, 2) + "\n";
}

}  // namespace runx::runtime
