// SPDX-License-Identifier: Apache-2.0
#pragma once

// How much a layout may make accelkit read, unpack, walk and remember. Whatever goes beyond is refused with a sentence
// that names the limit. Honest images stay far below each of these; where a registry, a kernel or a specification has a
// limit of its own, it is the same.

#include <cstddef>
#include <cstdint>

#include "annotations/request.h"

namespace runx::tools::oci::limits {

inline constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

// The layout.
inline constexpr std::size_t members = 100'000;            // of an oci-archive
inline constexpr std::uint64_t document = 4 * mebibyte;    // a manifest or config: as registries (distribution-spec)
inline constexpr std::uint64_t documents = 16 * mebibyte;  // all that a command reads of them; in memory 20 times that
inline constexpr std::size_t annotations = 4096;           // of a manifest, descriptor or config
inline constexpr int index_depth = 4;                      // indexes in indexes
inline constexpr std::size_t images = 256;                 // behind one tag
inline constexpr std::size_t layers = 1024;                // of an image; overlayfs takes 500 (fs/overlayfs/params.h)

// All layers of one image together.
inline constexpr std::uint64_t entries = 1'000'000;     // files and folders, those included that only paths imply
inline constexpr std::uint64_t names = 128 * mebibyte;  // bytes of paths and of links' targets
inline constexpr std::uint64_t steps = 64'000'000;      // names that are walked to find each entry's place
inline constexpr std::uint64_t unpacked = std::uint64_t{64} << 30;  // bytes
// And no more than this many times the bytes of the blobs, beside the spare ones. Compilers' output and texts shrink 3
// to 20 times.
inline constexpr std::uint64_t unpacked_ratio = 256;
inline constexpr std::uint64_t unpacked_spare = 64 * mebibyte;

// A path in a layer, and what is found by following it.
inline constexpr std::size_t path = 4095;        // bytes: PATH_MAX
inline constexpr std::size_t depth = 256;        // folders below each other, through links too
inline constexpr int links = 40;                 // on one path, as Linux (path_resolution(7))
inline constexpr std::size_t path_names = 4096;  // on one path, those of the links on it included

// What a request makes accelkit unpack.
inline constexpr std::uint64_t metadata = annotations::largest_metadata;  // the metadata file
inline constexpr std::uint64_t files = 1024 * mebibyte;                   // all files that one image's request names

}  // namespace runx::tools::oci::limits
