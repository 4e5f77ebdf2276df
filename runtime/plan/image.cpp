// SPDX-License-Identifier: Apache-2.0
#include "runtime/plan/image.h"

#include <algorithm>

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
  complaints.insert(complaints.end(), parsed.complaints.begin(), parsed.complaints.end());
  if (!complaints.empty()) return base::fail(std::errc::invalid_argument, sentences(complaints));
  return std::move(parsed.request);
}

Result<Bitstreams> read_bitstreams(const base::Rootfs& rootfs, const AcceleratorRequest& request) {
  Bitstreams out;
  for (const auto& bitstream : request.bitstreams) {
    if (out.facts.contains(bitstream.file)) continue;
    // A copy, not a mapping: what is checked, what is hashed and what is programmed are the same bytes, whatever
    // somebody does to the file meanwhile.
    const auto file = rootfs.read(bitstream.file, largest_bitstream);
    if (!file) return base::context(file.error(), "fpga.", bitstream.name);
    const auto bytes = base::bytes_of(*file);
    auto info = fpga::read_bitstream(bytes, bitstream.file);
    if (!info) return base::context(info.error(), "fpga.", bitstream.name);
    auto image = fpga::firmware_image(bytes.subspan(info->payload_offset, info->payload_length));
    out.facts[bitstream.file] = {base::sha256_digest(bytes), base::sha256_digest(base::bytes_of(image)),
                                 std::move(*info)};
    out.images[bitstream.file] = std::move(image);
  }
  return out;
}

}  // namespace runx::plan
