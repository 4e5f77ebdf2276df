// SPDX-License-Identifier: Apache-2.0
#include "runtime/resources/payload.h"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "base/rootfs.h"
#include "base/sha256.h"

namespace runx::resources {
namespace {

using base::Status;

constexpr std::size_t buffer_size = std::size_t{64} << 10;

// The part of the file that goes out.
struct Span {
  std::uint64_t offset;
  std::uint64_t length;
  std::string_view padding;
};

Status changed() {
  return base::fail(std::errc::io_error,
                    "the bitstream changed after it was checked: leave the image alone, and try again");
}

class Copy {
 public:
  Copy(const Payload& payload, const Span& span, const std::string& to) : payload_(payload), span_(span), to_(to) {}

  Status write(base::Host& host) {
    auto out = host.open(to_, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
    if (!out) return tl::unexpected(out.error());
    out_ = std::move(*out);
    std::vector<std::uint8_t> buffer(buffer_size);
    for (std::uint64_t at = 0; at < payload_.facts.size;) {
      const auto want = std::min<std::uint64_t>(buffer.size(), payload_.facts.size - at);
      const auto got = ::pread(payload_.file.get(), buffer.data(), want, static_cast<off_t>(at));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return base::fail_errno(errno, "cannot read the bitstream again");
      if (got == 0) return changed();
      const base::Bytes bytes(buffer.data(), static_cast<std::size_t>(got));
      file_.add(bytes);
      if (auto put = write(inside(bytes, at)); !put) return put;
      at += bytes.size();
    }
    if (auto put = write(base::bytes_of(span_.padding)); !put) return put;
    if ("sha256:" + file_.hex() != payload_.facts.digest) return changed();
    return {};
  }

  std::string digest() { return "sha256:" + written_.hex(); }

 private:
  // Of `bytes`, which stand at `at` in the file, those that go out.
  base::Bytes inside(base::Bytes bytes, std::uint64_t at) const {
    const auto first = std::clamp<std::uint64_t>(span_.offset, at, at + bytes.size());
    const auto last = std::clamp<std::uint64_t>(span_.offset + span_.length, at, at + bytes.size());
    return bytes.subspan(first - at, last - first);
  }

  Status write(base::Bytes bytes) {
    written_.add(bytes);
    while (!bytes.empty()) {
      const auto put = ::write(out_.get(), bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return base::fail_errno(errno, "cannot write ", to_);
      bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
    return {};
  }

  const Payload& payload_;
  const Span span_;
  const std::string& to_;
  base::Fd out_;
  base::Sha256 file_;
  base::Sha256 written_;
};

bool same_sections(const bitstream::BitstreamInfo& a, const bitstream::BitstreamInfo& b) {
  return std::equal(a.parts.begin(), a.parts.end(), b.parts.begin(), b.parts.end(),
                    [](const auto& one, const auto& other) { return one.kind == other.kind; });
}

// The copy, read as what was checked was read: what a file that was changed and changed back meanwhile cannot hide.
Status check_copy(const Payload& payload, base::Host& host, const std::string& to, bool whole) {
  const auto file = host.open(to, O_RDONLY | O_NOFOLLOW);
  if (!file) return tl::unexpected(file.error());
  const auto mapped = base::MappedFile::map(*file, to);
  if (!mapped) return tl::unexpected(mapped.error());
  const auto& checked = payload.facts.info;
  const auto copy = bitstream::read_bitstream(mapped->bytes(), to, payload.parts);
  if (!copy || copy->idcode != checked.idcode || copy->footprint != checked.footprint) return changed();
  if (copy->encrypted && !checked.encrypted) return changed();
  if (whole && (copy->uuid != checked.uuid || !same_sections(*copy, checked))) return changed();
  return {};
}

}  // namespace

Status copy_payload(const Payload& payload, base::Host& host, const std::string& to) {
  const auto& info = payload.facts.info;
  Copy copy(payload, {info.payload_offset, info.payload_length, bitstream::firmware_padding(info.payload_length)}, to);
  if (auto written = copy.write(host); !written) return written;
  if (copy.digest() != payload.facts.payload_digest) return changed();
  return check_copy(payload, host, to, false);
}

Status copy_file(const Payload& payload, base::Host& host, const std::string& to) {
  Copy copy(payload, {0, payload.facts.size, {}}, to);
  if (auto written = copy.write(host); !written) return written;
  return check_copy(payload, host, to, true);
}

}  // namespace runx::resources
