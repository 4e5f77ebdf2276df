// SPDX-License-Identifier: Apache-2.0
#include "fpga/overlay.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "fpga/kmsg.h"
#include "fpga/manager.h"

namespace runx::fpga {
namespace {

using base::Error;
using base::Host;
using base::Result;
using base::Status;

constexpr std::array<const char*, 2> places{"/sys/kernel/config/device-tree/overlays",
                                            "/configfs/device-tree/overlays"};
constexpr std::size_t longest_name = 64;

Result<std::string> line_of(Host& host, const std::string& path) {
  auto text = host.read(path, 8192);
  if (!text) return text;
  while (!text->empty() && text->back() == '\n') text->pop_back();
  return text;
}

// Nothing, or why the overlay is not in the tree although the write succeeded.
Status read_back(Host& host, const std::string& directory, const std::string& file, KmsgReader& words) {
  const auto path = line_of(host, directory + "/path");
  if (!path) return tl::unexpected(path.error());
  const auto status = line_of(host, directory + "/status");
  if (!status) return tl::unexpected(status.error());
  if (*path == file && *status == "applied") return {};
  const auto said = words.said();
  const auto why = base::text("the kernel did not apply it: 'path' reads '", *path, "', 'status' reads '", *status, "'",
                              said.text.empty() ? "" : "; the kernel says: ", said.text);
  if (said.error != 0) return base::fail_errno(said.error, why);
  return base::fail(std::errc::io_error, why);
}

Status apply_in(Host& host, const std::string& directory, const std::string& file) {
  KmsgReader words(host);
  if (auto written = host.write_attribute(directory + "/path", file); !written) return written;
  return read_back(host, directory, file, words);
}

}  // namespace

Status check_overlay_name(const std::string& name) {
  const auto fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  if (!name.empty() && name.size() <= longest_name && name.front() != '.' &&
      std::all_of(name.begin(), name.end(), fine)) {
    return {};
  }
  return base::fail(std::errc::invalid_argument, "'", name, "' is no name for an overlay: 1 to ", longest_name,
                    " of [A-Za-z0-9._-], not beginning with a dot");
}

Result<std::string> find_overlays(Host& host) {
  for (const char* place : places) {
    const auto entries = host.list(place);
    if (entries) return std::string(place);
    if (entries.error().code != std::errc::no_such_file_or_directory) return tl::unexpected(entries.error());
  }
  return base::fail(std::errc::function_not_supported, "there is no ", places[0],
                    ": the kernel is not the vendor's, which alone takes overlays at run time, or configfs is not "
                    "mounted (mount -t configfs none /sys/kernel/config)");
}

Status apply_overlay(Host& host, const std::string& name, const std::string& file) {
  if (auto fine = check_overlay_name(name); !fine) return fine;
  if (auto fine = check_firmware_name(file); !fine) return fine;
  const auto place = find_overlays(host);
  if (!place) return tl::unexpected(place.error());
  const auto directory = *place + "/" + name;
  auto done = host.make_directory(directory, 0755);
  if (!done && done.error().code == std::errc::file_exists) return done;
  if (done) done = apply_in(host, directory, file);
  if (done) return done;
  Error error = done.error();
  error.what = base::text("overlay ", directory, " from ", firmware_path(file), ": ", error.what);
  if (auto removed = remove_overlay(host, name); !removed) error.what += "; and it stays: " + removed.error().what;
  return tl::unexpected(std::move(error));
}

Status remove_overlay(Host& host, const std::string& name) {
  if (auto fine = check_overlay_name(name); !fine) return fine;
  for (const char* place : places) {
    if (auto removed = host.remove(base::text(place, "/", name)); !removed) return removed;
  }
  return {};
}

}  // namespace runx::fpga
