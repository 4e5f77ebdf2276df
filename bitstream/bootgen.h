// SPDX-License-Identifier: Apache-2.0
#pragma once

// What boot image and PDI have in common, for bootgen writes both: tables of little-endian words whose last one is a
// checksum, and partitions.

#include <string>

#include "base/result.h"
#include "bitstream/container.h"

namespace runx::bitstream {

// True when the last word of `table` is the ones' complement of the sum of those before it, as bootgen writes it
// (UG1283, "Image Header Table", "Partition Header"). The table has at least one word, and whole ones.
inline bool has_word_sum(base::Bytes table) {
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at + 4 < table.size(); at += 4) sum += base::le32(table, at);
  return base::le32(table, table.size() - 4) == static_cast<std::uint32_t>(~sum);
}

class BootgenFile {
 public:
  // `what` is what errors call the file: "the PDI x.pdi".
  BootgenFile(base::Bytes bytes, std::string what) : bytes_(bytes), what_(std::move(what)) {}

  base::Bytes bytes() const { return bytes_; }
  std::uint32_t word(std::size_t at) const { return base::le32(bytes_, at); }

  template <class... Parts>
  tl::unexpected<base::Error> bad(const Parts&... parts) const {
    return base::fail(std::errc::invalid_argument, what_, " ", parts...);
  }

  // A table of so many bytes, with its checksum looked at.
  base::Result<base::Bytes> table(std::uint64_t at, std::size_t size, const std::string& name) const {
    if (!base::inside(bytes_.size(), at, size))
      return bad("has its ", name, " at offset ", at, ", and only ", bytes_.size(), " bytes: it is truncated");
    const auto out = bytes_.subspan(at, size);
    if (!has_word_sum(out)) return bad("has a ", name, " whose checksum does not fit: it is damaged");
    return out;
  }

  // Adds the partition to those of `out`, a BootImage or a Pdi. `whole` is what is moved when it is loaded: at least
  // its length.
  template <class Container>
  base::Status add_partition(Container& out, Component part, std::uint64_t whole) const {
    if (!base::inside(bytes_.size(), part.offset, whole)) {
      return bad("has ", whole, " bytes of partition ", out.parts.size(), " at offset ", part.offset, ", and only ",
                 bytes_.size(), " bytes: it is truncated");
    }
    out.encrypted = out.encrypted || part.encrypted;
    out.authenticated = out.authenticated || part.authenticated;
    out.parts.push_back(std::move(part));
    return {};
  }

 private:
  base::Bytes bytes_;
  std::string what_;
};

}  // namespace runx::bitstream
