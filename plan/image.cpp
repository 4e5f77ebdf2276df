// SPDX-License-Identifier: Apache-2.0
#include "plan/image.h"

#include <algorithm>

#include "annotations/place.h"
#include "base/sha256.h"
#include "plan/bitstream_checks.h"
#include "plan/signature.h"
#include "plan/unsupported.h"

namespace runx::plan {
namespace {
using annotations::AcceleratorRequest;
using annotations::Annotations;
using base::Result;

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

Result<AcceleratorRequest> request_of(annotations::Metadata metadata, const Annotations& run_time) {
  auto parsed = annotations::parse(annotations::merge(metadata.annotations, run_time));
  auto complaints = std::move(metadata.complaints);
  for (const auto& more : {annotations::not_for_images(metadata.annotations), parsed.complaints}) {
    complaints.insert(complaints.end(), more.begin(), more.end());
  }
  if (!complaints.empty()) return base::fail(std::errc::invalid_argument, sentences(complaints));
  return std::move(parsed.request);
}

// The facts of a file, and what the manager gets of it.
Result<std::pair<BitstreamFacts, std::string>> facts_of(base::Bytes bytes, const std::string& name,
                                                        const bitstream::Parts& parts) {
  auto info = bitstream::read_bitstream(bytes, name, parts);
  if (!info) return tl::unexpected(info.error());
  auto image = bitstream::firmware_image(bytes.subspan(info->payload_offset, info->payload_length));
  BitstreamFacts facts{base::sha256_digest(bytes), base::sha256_digest(base::bytes_of(image)), std::move(*info)};
  return std::pair(std::move(facts), std::move(image));
}

// Whether one is needed is the policy's to say, and what is no file of that size is none.
std::optional<std::string> signature_of(const base::Rootfs& rootfs, const std::string& name) {
  auto signature = rootfs.read(signature_file(name), largest_signature);
  return signature ? std::optional(std::move(*signature)) : std::nullopt;
}

base::Status read_bitstream(const base::Rootfs& rootfs, const std::string& name, const bitstream::Parts& parts,
                            Bitstreams& out) {
  if (out.facts.contains(name)) return {};
  // A copy, not a mapping: what is checked, what is hashed and what is programmed are the same bytes, whatever
  // somebody does to the file meanwhile.
  const auto file = rootfs.read(name, largest_bitstream);
  if (!file) return tl::unexpected(file.error());
  auto read = facts_of(base::bytes_of(*file), name, parts);
  if (!read) return tl::unexpected(read.error());
  out.facts[name] = std::move(read->first);
  out.facts[name].signature = signature_of(rootfs, name);
  out.images[name] = std::move(read->second);
  if (out.facts[name].info.format == bitstream::Format::xclbin) out.files[name] = *file;
  return {};
}

base::Status read_overlay(const base::Rootfs& rootfs, const annotations::BitstreamRequest& request, Bitstreams& out) {
  if (!request.overlay || out.overlays.contains(*request.overlay)) return {};
  const auto file = rootfs.read(*request.overlay, devtree::largest_tree);
  if (!file) return tl::unexpected(file.error());
  auto blob = devtree::Blob::parse(base::bytes_of(*file), *request.overlay);
  if (!blob) return tl::unexpected(blob.error());
  OverlayFacts facts{std::move(*blob), base::sha256_digest(base::bytes_of(*file))};
  facts.signature = signature_of(rootfs, *request.overlay);
  out.overlays.emplace(*request.overlay, std::move(facts));
  return {};
}

}  // namespace

Result<AcceleratorRequest> read_request(const base::Rootfs& rootfs, const Annotations& run_time) {
  const auto text = rootfs.read(std::string(annotations::metadata_path), annotations::largest_metadata);
  if (text) return request_of(annotations::parse_metadata(*text), run_time);
  if (text.error().code != std::errc::no_such_file_or_directory) return tl::unexpected(text.error());
  return request_of({}, run_time);
}

Result<AcceleratorRequest> read_request(const Annotations& image, const Annotations& run_time) {
  return request_of({image, {}}, run_time);
}

Result<Bitstreams> read_bitstreams(const base::Rootfs& rootfs, const AcceleratorRequest& request,
                                   const bitstream::Parts& parts) {
  Bitstreams out;
  for (const auto& bitstream : request.bitstreams) {
    // The planner refuses the other formats by the key that asks for them.
    if (!reads_format(bitstream)) continue;
    std::vector<std::string> files;
    if (!bitstream.file.empty()) files.push_back(bitstream.file);
    for (const auto& [region, variant] : bitstream.variants) files.push_back(variant.file);
    for (const auto& file : files) {
      if (auto read = read_bitstream(rootfs, file, parts, out); !read) {
        return base::context(read.error(), "fpga.", bitstream.name);
      }
    }
    if (auto read = read_overlay(rootfs, bitstream, out); !read) {
      return base::context(read.error(), "fpga.", bitstream.name);
    }
  }
  return out;
}

Blank check_blank(const Region& region, std::string_view file, const bitstream::Parts& parts) {
  auto read = facts_of(base::bytes_of(file), region.blank, parts);
  if (!read) return tl::unexpected(read.error().what);
  HostFacts host;
  host.board.regions = {region};
  annotations::BitstreamRequest request{.name = "blank", .file = region.blank, .digest = {}, .region = {}};
  if (!read->first.info.partial) request.partial = true;  // the owner's word, which the frames are held against
  const Candidate candidate{&request.file, &request.digest, &read->first};
  auto why = unsound(request, candidate, host);
  if (why.empty()) {
    if (auto wrong = misfit(request, candidate, region, host)) why.push_back(*wrong);
  }
  if (!why.empty()) return tl::unexpected(why.front());
  return std::move(read->first);
}

}  // namespace runx::plan
