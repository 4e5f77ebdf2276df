// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where a layout's bytes live: a directory, or a tar of one (what others call an oci-archive). Both are read blob by
// blob and changed in one step: new blobs first, index.json last, so that a reader sees the layout before or after and
// a failure leaves it as it was. Source: image-spec 1.1, image-layout.md.
//
// The only names that are ever opened are oci-layout, index.json and blobs/sha256/<64 digits>, beneath the layout and
// without following a single symbolic link.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"

namespace runx::tools::oci {

// Bytes that come one after the other.
class Source {
 public:
  virtual ~Source() = default;
  // At most buffer.size() bytes; 0 at the end.
  virtual base::Result<std::size_t> read(std::span<std::uint8_t> buffer) = 0;
};

// A file of the layout: how long it is, and its bytes.
struct File {
  std::uint64_t size = 0;
  std::unique_ptr<Source> source;
};

class Store {
 public:
  virtual ~Store() = default;

  // `name` is one of the names above. no_such_file_or_directory when it is not there.
  virtual base::Result<File> open(const std::string& name) = 0;

  // Adds the blobs (by digest) that are not there yet, and then replaces index.json.
  virtual base::Status commit(const std::map<std::string, std::string>& blobs, const std::string& index) = 0;
};

// By what is at `path`: a directory, or a regular file that must be an uncompressed tar.
base::Result<std::unique_ptr<Store>> open_store(const std::string& path);
base::Result<std::unique_ptr<Store>> open_directory_store(const std::string& path);
base::Result<std::unique_ptr<Store>> open_archive_store(const std::string& path);

// "blobs/sha256/…" of a digest that is_sha256_digest() takes.
std::string blob_name(const std::string& digest);

// All of it, which must be `file.size` bytes; more than `limit` is file_too_large.
base::Result<std::string> read_all(File& file, const std::string& name, std::uint64_t limit);

}  // namespace runx::tools::oci
