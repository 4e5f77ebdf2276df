// SPDX-License-Identifier: Apache-2.0
#pragma once

// The two stages that a layer's bytes pass on their way to the tar reader: the blob, hashed as it is read, and what
// comes out of its compression, hashed and counted.

#include <array>
#include <memory>
#include <optional>

#include "base/sha256.h"
#include "tools/oci/archive.h"
#include "tools/oci/descriptor.h"
#include "tools/oci/layer.h"
#include "tools/oci/store.h"

namespace runx::tools::oci {

inline constexpr std::size_t stream_block = 64 * 1024;

// A blob. finish() reads what is left and compares the digest.
class BlobSource : public Source {
 public:
  // invalid_argument when the file's size is not the descriptor's.
  static base::Result<std::unique_ptr<BlobSource>> open(Store& store, const Descriptor& descriptor);
  BlobSource(File file, Descriptor descriptor) : file_(std::move(file)), descriptor_(std::move(descriptor)) {}

  base::Result<std::size_t> read(std::span<std::uint8_t> buffer) override;
  base::Status finish();

 private:
  File file_;
  Descriptor descriptor_;
  base::Sha256 hash_;
  std::uint64_t have_ = 0;
};

// What `from` unpacks to.
class Unpacked : public Source {
 public:
  Unpacked(Source& from, Compression compression, std::uint64_t packed_size, Budget& budget, std::string name);

  base::Result<std::size_t> read(std::span<std::uint8_t> buffer) override;
  // Reads what is left; the digest of all that came.
  base::Result<std::string> finish();

 private:
  static la_ssize_t pull(struct archive* archive, void* self, const void** buffer);
  base::Status begin();

  Source& from_;
  Compression compression_;
  Budget& budget_;
  std::string name_;
  std::uint64_t allowed_;  // of what this layer may unpack to by its size
  Reader reader_;
  std::optional<base::Error> failed_;  // of from_, behind libarchive's back
  std::array<std::uint8_t, stream_block> block_{};
  base::Sha256 hash_;
};

}  // namespace runx::tools::oci
