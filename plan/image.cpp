// SPDX-License-Identifier: Apache-2.0
#include "plan/image.h"

#include <algorithm>
#include <utility>

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

// Of what the manager gets (bitstream::firmware_image), without making it.
std::string image_digest(base::Bytes payload) {
  base::Sha256 hash;
  hash.add(payload);
  hash.add(base::bytes_of(bitstream::firmware_padding(payload.size())));
  return "sha256:" + hash.hex();
}

class Reader {
 public:
  Reader(const base::Rootfs& rootfs, const WorthReading& worth, ImageBudget& budget, const bitstream::Parts& parts)
      : rootfs_(rootfs), worth_(worth), budget_(budget), parts_(parts) {}

  base::Status read(const annotations::BitstreamRequest& request) {
    if (auto done = bitstream(request.file); !done) return done;
    for (const auto& [region, variant] : request.variants) {
      if (auto done = bitstream(variant.file); !done) return done;
    }
    return request.overlay ? overlay(*request.overlay) : base::Status();
  }

  Bitstreams take() && { return std::move(out_); }

 private:
  // Device and inode: an image may give one file many names.
  using Identity = std::pair<std::uint64_t, std::uint64_t>;

  base::Status bitstream(const std::string& name) {
    if (!worth_.bitstreams.contains(name) || out_.facts.contains(name)) return {};
    auto file = rootfs_.open_file(name);
    if (!file) return tl::unexpected(file.error());
    const auto status = base::look_at(*file, name + " of the image");
    if (!status) return tl::unexpected(status.error());
    const auto [known, fresh] = names_.try_emplace(Identity(status->st_dev, status->st_ino), name);
    if (!fresh) {
      out_.files[name] = out_.files.at(known->second);
      return remember(name, out_.facts.at(known->second));
    }
    if (auto done = take(name, static_cast<std::uint64_t>(status->st_size)); !done) return done;
    auto read = facts(name, *file);
    if (!read) return tl::unexpected(read.error());
    out_.files[name] = std::make_shared<const base::Fd>(std::move(*file));
    return remember(name, std::move(*read));
  }

  Result<BitstreamFacts> facts(const std::string& name, const base::Fd& file) const {
    const auto mapped = base::MappedFile::map(file, name + " of the image");
    if (!mapped) return tl::unexpected(mapped.error());
    return bitstream_facts(mapped->bytes(), name, parts_);
  }

  base::Status remember(const std::string& name, BitstreamFacts facts) {
    if (auto done = budget_.take("bitstream " + name, 0, facts.info.footprint.size()); !done) return done;
    out_.facts[name] = std::move(facts);
    return signature(name, out_.facts.at(name).signature);
  }

  base::Status take(const std::string& name, std::uint64_t size) {
    if (size > largest_bitstream) {
      return base::fail(std::errc::file_too_large, name, " of the image is larger than ", largest_bitstream, " bytes");
    }
    return budget_.take("bitstream " + name, size, 1);
  }

  // Whether one is needed is the policy's to say, and what is no file of that size is none.
  base::Status signature(const std::string& name, std::optional<std::string>& out) {
    out.reset();
    auto signature = rootfs_.read(signature_file(name), largest_signature);
    if (!signature) return {};
    if (auto done = budget_.take("signature " + signature_file(name), signature->size(), 1); !done) return done;
    out = std::move(*signature);
    return {};
  }

  base::Status overlay(const std::string& name) {
    if (!worth_.overlays.contains(name) || out_.overlays.contains(name)) return {};
    const auto file = rootfs_.read(name, devtree::largest_tree);
    if (!file) return tl::unexpected(file.error());
    if (auto done = budget_.take("overlay " + name, file->size(), 1); !done) return done;
    auto blob = devtree::Blob::parse(base::bytes_of(*file), name);
    if (!blob) return tl::unexpected(blob.error());
    auto& facts = out_.overlays[name];
    facts.blob = std::move(*blob);
    facts.digest = base::sha256_digest(base::bytes_of(*file));
    return signature(name, facts.signature);
  }

  const base::Rootfs& rootfs_;
  const WorthReading& worth_;
  ImageBudget& budget_;
  const bitstream::Parts& parts_;
  std::map<Identity, std::string> names_;
  Bitstreams out_;
};

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
                                   const WorthReading& worth, ImageBudget& budget, const bitstream::Parts& parts) {
  Reader reader(rootfs, worth, budget, parts);
  for (const auto& bitstream : request.bitstreams) {
    if (auto read = reader.read(bitstream); !read) return base::context(read.error(), "fpga.", bitstream.name);
  }
  return std::move(reader).take();
}

Result<BitstreamFacts> bitstream_facts(base::Bytes file, const std::string& name, const bitstream::Parts& parts) {
  auto info = bitstream::read_bitstream(file, name, parts);
  if (!info) return tl::unexpected(info.error());
  auto payload = image_digest(file.subspan(info->payload_offset, info->payload_length));
  return BitstreamFacts{base::sha256_digest(file), std::move(payload), std::move(*info), std::nullopt, file.size()};
}

Blank check_blank(const Region& region, base::Bytes file, const bitstream::Parts& parts) {
  auto read = bitstream_facts(file, region.blank, parts);
  if (!read) return tl::unexpected(read.error().what);
  HostFacts host;
  host.board.regions = {region};
  annotations::BitstreamRequest request{.name = "blank", .file = region.blank, .digest = {}, .region = {}};
  if (!read->info.partial) request.partial = true;  // the owner's word, which the frames are held against
  const Candidate candidate{&request.file, &request.digest, &*read};
  auto why = unsound(request, candidate, host);
  if (why.empty()) {
    if (auto wrong = misfit(request, candidate, region, host)) why.push_back(*wrong);
  }
  if (!why.empty()) return tl::unexpected(why.front());
  return std::move(*read);
}

Blank read_blank(const Region& region, const base::Fd& file, const bitstream::Parts& parts) {
  const auto mapped = base::MappedFile::map(file, region.blank);
  if (!mapped) return tl::unexpected(mapped.error().what);
  return check_blank(region, mapped->bytes(), parts);
}

}  // namespace runx::plan
