// SPDX-License-Identifier: Apache-2.0
#pragma once

// One layer of an image, read as a stream and written as a whole (image-spec 1.1, layer.md). Reading never holds more
// than a buffer, checks size and digest of the blob, hashes what comes out of the compression (the diff id), and stops
// at the limits of limits.h, so that a small blob cannot fill a disk or a memory.

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "tools/oci/descriptor.h"
#include "tools/oci/limits.h"
#include "tools/oci/store.h"

namespace runx::tools::oci {

enum class Compression { none, gzip, zstd };

// What a layer's media type says; not_supported for one that is no layer of ours to read.
base::Result<Compression> compression_of(const std::string& media_type);

// What is left for the layers of one image: all of them take from it. A failure to take is file_too_large.
struct Budget {
  std::uint64_t bytes = limits::unpacked;
  std::uint64_t spare_bytes = limits::unpacked_spare;
  std::uint64_t ratio = limits::unpacked_ratio;
  std::uint64_t entries = limits::entries;
  std::uint64_t nodes = limits::entries;  // of the tree that the entries make (file_tree.h)
  std::uint64_t name_bytes = limits::names;
  std::uint64_t steps = limits::steps;

  base::Status take_entry(std::size_t names);
  base::Status take_node();
  // `size` bytes of a layer that may unpack to `allowed` by the size of its blob; what is beyond is taken from the
  // spare.
  base::Status take_bytes(std::uint64_t size, std::uint64_t& allowed);
};

enum class EntryType { file, directory, symlink, hardlink, other };

struct Entry {
  std::string path;  // relative, clean; "" is the root
  EntryType type = EntryType::other;
  std::string target;  // of a link; a hard link's is clean like `path`
  std::uint64_t size = 0;
};

class LayerReader {
 public:
  // `budget` lives longer. Nothing is unpacked yet.
  static base::Result<std::unique_ptr<LayerReader>> open(Store& store, const Descriptor& layer, Budget& budget);
  virtual ~LayerReader() = default;

  // The next entry; false at the end, and by then the whole blob has been read and its digest was right.
  virtual base::Result<bool> next(Entry& entry) = 0;
  // The current entry's content, from where it stands; 0 at its end.
  virtual base::Result<std::size_t> data(std::span<std::uint8_t> buffer) = 0;
  // After the end: the digest of the uncompressed tar.
  virtual const std::string& diff_id() const = 0;
};

struct NewLayer {
  std::string blob;
  Descriptor descriptor;
  std::string diff_id;
};

// A layer of these files (path without a leading "/" to content): mode 0644, owner 0:0, the time that `epoch` says,
// sorted, nothing about parents, so that the same files always give the same digest. `docker`: name it as Docker does.
base::Result<NewLayer> make_layer(const std::map<std::string, std::string>& files, Compression compression,
                                  std::int64_t epoch, bool docker = false);

// SOURCE_DATE_EPOCH of the environment (reproducible-builds.org), 0 without one.
base::Result<std::int64_t> source_date_epoch();

}  // namespace runx::tools::oci
