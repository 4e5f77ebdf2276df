// SPDX-License-Identifier: Apache-2.0
#include "tools/oci/stream.h"

namespace runx::tools::oci {

using base::Result;
using base::Status;

Result<std::unique_ptr<BlobSource>> BlobSource::open(Store& store, const Descriptor& descriptor) {
  auto file = store.open(blob_name(descriptor.digest));
  if (!file) return tl::unexpected(file.error());
  if (file->size != descriptor.size) {
    return base::fail(std::errc::invalid_argument, "blob ", descriptor.digest, " has ", file->size,
                      " bytes, but its descriptor says ", descriptor.size);
  }
  return std::make_unique<BlobSource>(std::move(*file), descriptor);
}

Result<std::size_t> BlobSource::read(std::span<std::uint8_t> buffer) {
  const auto got = file_.source->read(buffer);
  if (!got) return base::context(got.error(), "blob ", descriptor_.digest);
  hash_.add(buffer.first(*got));
  have_ += *got;
  if (have_ > descriptor_.size) {
    return base::fail(std::errc::invalid_argument, "blob ", descriptor_.digest, " became longer while it was read");
  }
  return got;
}

Status BlobSource::finish() {
  std::array<std::uint8_t, 16 * 1024> buffer{};
  for (;;) {
    const auto got = read(buffer);
    if (!got) return tl::unexpected(got.error());
    if (*got == 0) break;
  }
  const auto digest = "sha256:" + hash_.hex();
  if (digest == descriptor_.digest) return {};
  return base::fail(std::errc::invalid_argument, "blob ", descriptor_.digest, " holds bytes with the digest ", digest);
}

Unpacked::Unpacked(Source& from, Compression compression, std::uint64_t packed_size, Budget& budget, std::string name)
    : from_(from),
      compression_(compression),
      budget_(budget),
      name_(std::move(name)),
      allowed_(packed_size > limits::unpacked / budget.ratio ? limits::unpacked : budget.ratio * packed_size) {}

la_ssize_t Unpacked::pull(struct archive* archive, void* self, const void** buffer) {
  auto& here = *static_cast<Unpacked*>(self);
  const auto got = here.from_.read(here.block_);
  if (!got) {
    here.failed_ = got.error();
    ::archive_set_error(archive, EIO, "%s", "the blob cannot be read");
    return ARCHIVE_FATAL;
  }
  *buffer = here.block_.data();
  return static_cast<la_ssize_t>(*got);
}

Status Unpacked::begin() {
  reader_ = new_reader();
  auto* reader = reader_.get();
  compression_ == Compression::gzip ? ::archive_read_support_filter_gzip(reader)
                                    : ::archive_read_support_filter_zstd(reader);
  ::archive_read_support_format_raw(reader);
  struct archive_entry* entry = nullptr;
  if (::archive_read_open(reader, this, nullptr, pull, nullptr) != ARCHIVE_OK ||
      ::archive_read_next_header(reader, &entry) != ARCHIVE_OK) {
    if (failed_) return tl::unexpected(*failed_);
    return archive_error(reader, name_);
  }
  if (::archive_filter_count(reader) == 2) return {};
  return base::fail(std::errc::invalid_argument, name_, " is not compressed as its media type says");
}

Result<std::size_t> Unpacked::read(std::span<std::uint8_t> buffer) {
  std::size_t size = 0;
  if (compression_ == Compression::none) {
    const auto got = from_.read(buffer);
    if (!got) return got;
    size = *got;
  } else {
    if (!reader_) {
      if (auto begun = begin(); !begun) return tl::unexpected(begun.error());
    }
    const auto got = ::archive_read_data(reader_.get(), buffer.data(), buffer.size());
    if (got < 0) {
      if (failed_) return tl::unexpected(*failed_);
      return archive_error(reader_.get(), name_);
    }
    size = static_cast<std::size_t>(got);
  }
  if (auto taken = budget_.take_bytes(size, allowed_); !taken)
    return tl::unexpected(base::Error{taken.error().code, name_ + " " + taken.error().what});
  hash_.add(buffer.first(size));
  return size;
}

Result<std::string> Unpacked::finish() {
  std::array<std::uint8_t, 16 * 1024> buffer{};
  for (;;) {
    const auto got = read(buffer);
    if (!got) return tl::unexpected(got.error());
    if (*got == 0) return "sha256:" + hash_.hex();
  }
}

}  // namespace runx::tools::oci
