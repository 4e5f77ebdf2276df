// SPDX-License-Identifier: Apache-2.0
#include "runtime/plan/image.h"

#include <algorithm>

#include "annotations/place.h"
#include "base/sha256.h"
#include "fpga/manager.h"

namespace runx::plan {
namespace {
using annotations::AcceleratorRequest;
using annotations::Annotations;
using base::Result;

constexpr std::size_t largest_metadata = std::size_t{1} << 20;
// More than the whole configuration of any UltraScale+ device.
constexpr std::size_t largest_bitstream = std::size_t{256} << 20;

// One line for an engine's user: the first complaints whole, and how many more there are.
std::string sentences(const std::vector<annotations::Complaint>& complaints) {
  constexpr std::size_t most = 8;
  std::string out;
  for (std::size_t i = 0; i < std::min(most, complaints.size()); ++i) {
    out += (out.empty() ? "" : "; ") + annotations::sentence(complaints[i]);
  }
  if (complaints.size() > most) out += base::text("; and ", complaints.size() - most, " more");
  return out;
}

base::Status read_bitstream(const base::Rootfs& rootfs, const std::string& name, Bitstreams& out) {
  if (out.facts.contains(name)) return {};
  // A copy, not a mapping: what is checked, what is hashed and what is programmed are the same bytes, whatever
  // somebody does to the file meanwhile.
  const auto file = rootfs.read(name, largest_bitstream);
  if (!file) return tl::unexpected(file.error());
  const auto bytes = base::bytes_of(*file);
  auto info = fpga::read_bitstream(bytes, name);
  if (!info) return tl::unexpected(info.error());
  auto image = fpga::firmware_image(bytes.subspan(info->payload_offset, info->payload_length));
  out.facts[name] = {base::sha256_digest(bytes), base::sha256_digest(base::bytes_of(image)), std::move(*info)};
  out.images[name] = std::move(image);
  return {};
}

}  // namespace

Result<AcceleratorRequest> read_request(const base::Rootfs& rootfs, const Annotations& run_time) {
  annotations::Metadata metadata;
  const auto text = rootfs.read(std::string(annotations::metadata_path), largest_metadata);
  if (text) {
    metadata = annotations::parse_metadata(*text);
  } else if (text.error().code != std::errc::no_such_file_or_directory) {
    return tl::unexpected(text.error());
  }
  auto parsed = annotations::parse(annotations::merge(metadata.annotations, run_time));
  auto complaints = std::move(metadata.complaints);
  for (const auto& more : {annotations::not_for_images(metadata.annotations), parsed.complaints}) {
    complaints.insert(complaints.end(), more.begin(), more.end());
  }
  if (!complaints.empty()) return base::fail(std::errc::invalid_argument, sentences(complaints));
  return std::move(parsed.request);
}

Result<Bitstreams> read_bitstreams(const base::Rootfs& rootfs, const AcceleratorRequest& request) {
  Bitstreams out;
  for (const auto& bitstream : request.bitstreams) {
    // The planner refuses the other formats by the key that asks for them.
    if (bitstream.format && *bitstream.format != "bit" && *bitstream.format != "bin") continue;
    std::vector<std::string> files;
    if (!bitstream.file.empty()) files.push_back(bitstream.file);
    for (const auto& [region, variant] : bitstream.variants) files.push_back(variant.file);
    for (const auto& file : files) {
      if (auto read = read_bitstream(rootfs, file, out); !read) {
        return base::context(read.error(), "fpga.", bitstream.name);
      }
    }
  }
  return out;
}

}  // namespace runx::plan
