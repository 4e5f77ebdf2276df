// SPDX-License-Identifier: Apache-2.0
#include "tools/opened.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>

#include <fcntl.h>
#include <sys/mman.h>

#include "annotations/place.h"
#include "guest/ramdisk.h"
#include "plan/image.h"
#include "plan/signature.h"
#include "plan/unsupported.h"
#include "tools/oci/change.h"

namespace runx::tools {
namespace {

using annotations::Annotations;
using base::Result;
using base::Status;

// The archive as the runtime would write it, without the guest's init, which is not at every desk.
Result<std::uint64_t> archive_bytes(base::Host& files, const std::string& directory) {
  const auto nowhere = files.open("/dev/null", O_WRONLY);
  if (!nowhere) return tl::unexpected(nowhere.error());
  const base::Fd no_init(::memfd_create("no-init", MFD_CLOEXEC));
  if (!no_init) return base::fail_errno(errno, "cannot make a file in memory");
  const auto rootfs = files.open(directory, O_RDONLY | O_DIRECTORY);
  if (!rootfs) return tl::unexpected(rootfs.error());
  guest::GuestProcess process;
  process.args = {"/"};
  return guest::write_ramdisk(*nowhere, no_init, process, *rootfs);
}

Result<Opened> open_rootfs(base::Host& files, const std::string& path, const Annotations& run_time) {
  auto rootfs = base::Rootfs::open(files, path);
  if (!rootfs) return tl::unexpected(rootfs.error());
  auto request = plan::read_request(*rootfs, run_time);
  if (!request) return tl::unexpected(request.error());
  return Opened{Temporary(), "", std::move(*rootfs), std::move(*request), {}, 0};
}

Status unpack(const oci::View& view, const std::set<std::string>& paths, std::uint64_t limit, const std::string& to) {
  std::ofstream file;
  std::string current;
  return view.read(paths, limit, [&](const std::string& path, base::Bytes piece) -> Status {
    if (current != path) {
      current = path;
      std::error_code error;
      std::filesystem::create_directories(std::filesystem::path(to + path).parent_path(), error);
      if (file.is_open()) file.close();
      file.open(to + path, std::ios::binary | std::ios::app);
    }
    file.write(reinterpret_cast<const char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
    file.flush();
    if (!file) return base::fail(std::errc::io_error, "cannot write ", to, path);
    return {};
  });
}

Result<Opened> open_image(base::Host& files, oci::Layout& layout, const oci::Image& image, const Annotations& run_time,
                          bool for_plan) {
  const auto view = oci::View::of(layout, image);
  if (!view) return tl::unexpected(view.error());
  auto temporary = Temporary::make();
  if (!temporary) return tl::unexpected(temporary.error());
  std::uint64_t bytes = 0;
  if (for_plan) {
    const auto measured = ramdisk_bytes(*view);
    if (!measured) return tl::unexpected(measured.error());
    bytes = *measured;
  }
  const auto said = oci::said(image);
  if (!said) return tl::unexpected(said.error());
  const std::string metadata(annotations::metadata_path);
  std::vector<annotations::Place> places{
      {metadata, {}}, {"labels", said->labels}, {"manifest annotations", said->manifest}};
  if (const auto there = view->check_file(metadata); there) {
    if (auto done = unpack(*view, {metadata}, oci::limits::metadata, temporary->path()); !done)
      return tl::unexpected(done.error());
    const auto text = files.read(temporary->path() + metadata, oci::limits::metadata);
    if (!text) return tl::unexpected(text.error());
    places.front().annotations = annotations::parse_metadata(*text).annotations;
  } else if (there.error().code != std::errc::no_such_file_or_directory) {
    return tl::unexpected(there.error());
  }
  // The request first: what is wrong with it is said before anything else is unpacked.
  auto opened = open_rootfs(files, temporary->path(), run_time);
  if (!opened) return opened;
  if (for_plan) {
    if (auto done = unpack_bitstreams(*view, opened->request, temporary->path()); !done)
      return tl::unexpected(done.error());
  }
  opened->temporary = std::move(*temporary);
  opened->places = std::move(places);
  opened->platform = oci::to_text(image.platform);
  opened->ramdisk_bytes = bytes;
  return opened;
}

}  // namespace

Result<std::uint64_t> ramdisk_bytes(const oci::View& view) {
  base::Host files;
  const auto empty = Temporary::make();
  if (!empty) return tl::unexpected(empty.error());
  const auto fixed = archive_bytes(files, empty->path());
  if (!fixed) return fixed;
  return *fixed + view.cpio_bytes(std::string_view(guest::rootfs_path).size() - 1);
}

Status unpack_bitstreams(const oci::View& view, const annotations::AcceleratorRequest& request, const std::string& to) {
  std::set<std::string> files;
  const auto add = [&](const std::string& path) {
    if (view.is_file(path)) files.insert(path);
  };
  const auto all = all_files(request);
  for (const auto& named : {all.bitstreams, all.overlays}) {
    for (const auto& file : named) {
      add(file);
      const auto signature = plan::signature_file(file);
      if (view.is_file(signature, plan::largest_signature)) files.insert(signature);
    }
  }
  return unpack(view, files, plan::largest_bitstream, to);
}

plan::WorthReading all_files(const annotations::AcceleratorRequest& request) {
  plan::WorthReading out;
  for (const auto& bitstream : request.bitstreams) {
    if (!plan::reads_format(bitstream)) continue;
    if (!bitstream.file.empty()) out.bitstreams.insert(bitstream.file);
    for (const auto& [region, variant] : bitstream.variants) out.bitstreams.insert(variant.file);
    if (bitstream.overlay) out.overlays.insert(*bitstream.overlay);
  }
  return out;
}

Result<Annotations> key_values(const std::vector<std::string>& texts, const std::string& option) {
  Annotations out;
  for (const auto& text : texts) {
    const auto sign = text.find('=');
    if (sign == std::string::npos || sign == 0)
      return base::fail(std::errc::invalid_argument, option, " ", text, ": write KEY=VALUE");
    out[text.substr(0, sign)] = text.substr(sign + 1);
  }
  return out;
}

Result<std::optional<oci::Platform>> platform_option(const std::string& text) {
  if (text.empty()) return std::optional<oci::Platform>();
  auto platform = oci::parse_platform(text);
  if (!platform) return tl::unexpected(platform.error());
  return std::optional<oci::Platform>(std::move(*platform));
}

bool is_layout(const std::string& reference) {
  std::error_code error;
  if (!std::filesystem::exists(reference, error)) return !oci::parse_reference(reference).tag.empty();
  if (!std::filesystem::is_directory(reference, error)) return true;
  return std::filesystem::exists(std::filesystem::symlink_status(reference + "/oci-layout", error));
}

Result<std::vector<Opened>> open_images(const std::string& reference, const std::optional<oci::Platform>& platform,
                                        const Annotations& run_time, bool for_plan) {
  base::Host files;
  std::vector<Opened> out;
  if (!is_layout(reference)) {
    auto opened = open_rootfs(files, reference, run_time);
    if (!opened) return tl::unexpected(opened.error());
    if (for_plan) {
      const auto bytes = archive_bytes(files, reference);
      if (!bytes) return tl::unexpected(bytes.error());
      opened->ramdisk_bytes = *bytes;
    }
    out.push_back(std::move(*opened));
    return out;
  }
  const auto named = oci::parse_reference(reference);
  auto layout = oci::Layout::open(named.path);
  if (!layout) return tl::unexpected(layout.error());
  const auto images = layout->images(named.tag, platform);
  if (!images) return tl::unexpected(images.error());
  if (for_plan && images->size() > 1) {
    std::string all;
    for (const auto& image : *images) all += (all.empty() ? "" : ", ") + oci::to_text(image.platform);
    return base::fail(std::errc::invalid_argument, reference, " has images for ", all,
                      ": choose the board's with --platform");
  }
  for (const auto& image : *images) {
    auto opened = open_image(files, *layout, image, run_time, for_plan);
    if (!opened) return tl::unexpected(opened.error());
    out.push_back(std::move(*opened));
  }
  return out;
}

}  // namespace runx::tools
