// SPDX-License-Identifier: Apache-2.0
#include "fpga/manager.h"

#include <algorithm>
#include <string_view>

#include <fcntl.h>

namespace runx::fpga {
namespace {

using base::Error;
using base::Fd;
using base::Host;
using base::Result;
using base::Status;

constexpr const char* managers = "/sys/class/fpga_manager";
constexpr const char* lock_path = "/run/runx-accel/fpga.lock";
// Several containers may want to program at the same time, and a load may take as long as XRT's process is given.
constexpr std::chrono::minutes lock_limit{5};
constexpr std::size_t longest_name = 254;  // NAME_MAX less the NUL that the kernel's strcpy adds

std::string without_newline(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// An attribute for a sentence: one line, "?" when it cannot be read.
std::string shown(Host& host, const std::string& path) {
  auto text = host.read(path, 4096);
  if (!text) return "?";
  auto line = without_newline(std::move(*text));
  std::replace(line.begin(), line.end(), '\n', ';');
  return line;
}

Status load_by_name(Host& host, const Manager& manager, const std::string& firmware_name, Flags flags) {
  if (auto done = set_flags(host, manager, flags); !done) return done;
  if (auto done = host.write_attribute(manager.path + "/firmware", firmware_name); !done) return done;
  auto state = host.read(manager.path + "/state", 4096);
  if (!state) return tl::unexpected(state.error());
  if (without_newline(*state) == "operating") return {};
  return base::fail(std::errc::io_error, "the write succeeded but the device is not operating");
}

}  // namespace

Result<Manager> find_manager(Host& host, const std::string& name) {
  std::string others;
  const auto entries = host.list(managers);
  if (!entries && entries.error().code != std::errc::no_such_file_or_directory) {
    return tl::unexpected(entries.error());
  }
  for (const auto& entry : entries.value_or(std::vector<std::string>{})) {
    const auto path = base::text(managers, "/", entry);
    const auto text = host.read(path + "/name", 4096);
    if (!text && text.error().code == std::errc::no_such_file_or_directory) continue;
    if (!text) return tl::unexpected(text.error());
    const auto found = without_newline(*text);
    if (found != name) {
      others += base::text(others.empty() ? "" : ", ", "'", found, "'");
      continue;
    }
    const auto attributes = host.list(path);
    if (!attributes) return tl::unexpected(attributes.error());
    for (const char* attribute : {"firmware", "flags"}) {
      if (std::find(attributes->begin(), attributes->end(), attribute) != attributes->end()) continue;
      return base::fail(std::errc::function_not_supported, "the fpga manager '", name, "' (", path, ") has no '",
                        attribute,
                        "' attribute: the kernel is not the vendor's, which alone loads a bitstream by name");
    }
    return Manager{name, path};
  }
  return base::fail(std::errc::no_such_device, "there is no fpga manager '", name, "' in ", managers, ": ",
                    others.empty() ? "it is empty" : "there are " + others);
}

Status check_firmware_name(const std::string& name) {
  const auto refuse = [&](std::string_view why) {
    return base::fail(std::errc::invalid_argument, "the firmware name '", name, "' ", why);
  };
  if (name.empty() || name.front() == '/') return refuse("is not a name below /lib/firmware");
  if (name.size() > longest_name) return refuse("is longer than the 254 bytes that the kernel has room for");
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::any_of(name.begin(), name.end(), control)) return refuse("has a control character");
  if (("/" + name + "/").find("/../") != std::string::npos) return refuse("has a '..' in it");
  return {};
}

Result<Fd> lock_managers(Host& host) {
  auto locked = host.lock_file(lock_path, lock_limit);
  if (!locked) return base::context(locked.error(), "cannot reserve the fpga manager");
  return locked;
}

Status set_flags(Host& host, const Manager& manager, Flags flags) {
  return host.write_attribute(manager.path + "/flags", base::hex(flags).substr(2));
}

std::string condition(Host& host, const Manager& manager) {
  return base::text("its state is '", shown(host, manager.path + "/state"), "', its status '",
                    shown(host, manager.path + "/status"), "'");
}

Status load_alone(Host& host, const Manager& manager, Flags flags, const std::string& what,
                  const std::function<Status()>& load) {
  const auto locked = lock_managers(host);
  if (!locked) return tl::unexpected(locked.error());
  auto loaded = load();
  auto reset = set_flags(host, manager, 0);
  if (!loaded && !reset) {
    Error error = loaded.error();
    error.what += base::text("; and its flags stay at ", base::hex(flags), ": ", reset.error().what);
    return tl::unexpected(std::move(error));
  }
  if (!loaded) return loaded;
  if (!reset) return base::context(reset.error(), what, " is loaded, but the flags of the fpga manager stay");
  return {};
}

Status program(Host& host, const Manager& manager, const std::string& firmware_name, Flags flags) {
  if (auto fine = check_firmware_name(firmware_name); !fine) return fine;
  return load_alone(host, manager, flags, firmware_name, [&]() -> Status {
    auto loaded = load_by_name(host, manager, firmware_name, flags);
    if (loaded) return loaded;
    Error error = loaded.error();
    error.what = base::text("the fpga manager '", manager.name, "' did not load ", firmware_path(firmware_name),
                            " (flags ", base::hex(flags), "): ", error.what, "; ", condition(host, manager));
    return tl::unexpected(std::move(error));
  });
}

Status reset_flags(Host& host, const Manager& manager) {
  const auto locked = lock_managers(host);
  if (!locked) return tl::unexpected(locked.error());
  return set_flags(host, manager, 0);
}

std::string firmware_path(const std::string& firmware_name) { return "/lib/firmware/" + firmware_name; }

}  // namespace runx::fpga
