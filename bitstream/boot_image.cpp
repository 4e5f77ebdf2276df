// SPDX-License-Identifier: Apache-2.0
#include "bitstream/boot_image.h"

#include <algorithm>

#include "base/printable.h"
#include "bitstream/bootgen.h"

namespace runx::bitstream {
namespace {

using base::Bytes;
using base::Result;

constexpr std::size_t boot_header_end = 0xB8;  // of what is read here; register settings follow
constexpr std::size_t table_bytes = 64;        // image header table, and each partition header
constexpr std::uint32_t most_partitions = 32;  // MAX_NUM_PARTITIONS of bootgen and of the FSBL
constexpr std::size_t longest_name = 256;
constexpr std::uint32_t zynq_7000_header_version = 0x01010000;  // where ZynqMP has its boot loader's address

// Words of a name hold four letters each, the first one in the highest byte; the name ends with a word that has a NUL.
std::string name_at(Bytes file, std::uint64_t at) {
  std::string out;
  for (; out.size() < longest_name && base::inside(file.size(), at, 4); at += 4) {
    const auto word = base::le32(file, at);
    for (unsigned shift = 24;; shift -= 8) {
      const auto letter = static_cast<char>((word >> shift) & 0xFF);
      if (letter == '\0') return base::printable(out, longest_name);
      out += letter;
      if (shift == 0) break;
    }
  }
  return base::printable(out, longest_name);
}

// Attributes of a partition (UG1283, "Partition Attributes").
constexpr std::uint32_t device_of(std::uint32_t attributes) { return (attributes >> 4) & 0x7; }
constexpr bool is_encrypted(std::uint32_t attributes) { return ((attributes >> 7) & 1) != 0; }
constexpr std::uint32_t processor_of(std::uint32_t attributes) { return (attributes >> 8) & 0xF; }
constexpr bool has_certificate(std::uint32_t attributes) { return ((attributes >> 15) & 1) != 0; }

std::string kind_of_partition(std::uint32_t attributes) {
  static constexpr const char* processors[] = {"",     "a53-0", "a53-1",       "a53-2", "a53-3",
                                               "r5-0", "r5-1",  "r5-lockstep", "pmu"};
  switch (device_of(attributes)) {
    case 2:
      return "bitstream";
    case 3:
      return "program for the pmu";
    default:
      break;
  }
  const auto processor = processor_of(attributes);
  if (processor == 0) return "data";
  if (processor >= std::size(processors)) return base::text("program for processor ", processor);
  return base::text("program for ", processors[processor]);
}

class Reader {
 public:
  Reader(Bytes file, const std::string& name) : file_(file, "the boot image " + name) {}

  Result<BootImage> read() {
    if (file_.bytes().size() < boot_header_end) return file_.bad("ends inside its boot header: it is truncated");
    if (file_.word(0x2C) == zynq_7000_header_version) return file_.bad("is one of Zynq-7000, which is not read");
    if (!has_word_sum(file_.bytes().subspan(0x20, 0x2C)))
      return file_.bad("has a boot header whose checksum does not fit: it is damaged");
    out_.encrypted = file_.word(0x28) != 0;
    const auto table = file_.table(file_.word(0x98), table_bytes, "image header table");
    if (!table) return tl::unexpected(table.error());
    const auto count = base::le32(*table, 4);
    if (count == 0 || count > most_partitions)
      return file_.bad("says that it has ", count, " partitions: 1 to ", most_partitions, " are possible");
    out_.authenticated = base::le32(*table, 0x10) != 0;
    std::uint64_t at = std::uint64_t{base::le32(*table, 8)} * 4;
    for (std::uint32_t i = 0; i < count; ++i, at += table_bytes) {
      const auto header = file_.table(at, table_bytes, base::text("header of partition ", i));
      if (!header) return tl::unexpected(header.error());
      const auto next = base::le32(*header, 0x0C);
      if (next != (i + 1 == count ? 0 : (at + table_bytes) / 4))
        return file_.bad("has a header of partition ", i, " that does not point to the one behind it");
      if (auto done = partition(*header); !done) return tl::unexpected(done.error());
    }
    return std::move(out_);
  }

 private:
  base::Status partition(Bytes header) {
    const auto attributes = base::le32(header, 0x24);
    Component part;
    part.kind = kind_of_partition(attributes);
    part.encrypted = is_encrypted(attributes);
    part.authenticated = has_certificate(attributes);
    const std::uint64_t offset = std::uint64_t{base::le32(header, 0x20)} * 4;
    // Plain partitions have one length; of cipher text it is the encrypted one that counts, and is never the shorter.
    const std::uint64_t length = std::uint64_t{base::le32(header, part.encrypted ? 0 : 4)} * 4;
    // What the FSBL moves: with padding, and the certificate of a signed one behind it.
    const auto whole = std::max(length, std::uint64_t{base::le32(header, 8)} * 4);
    part.offset = offset;
    part.length = length;
    if (const auto image = base::le32(header, 0x30); image != 0) {
      part.name = name_at(file_.bytes(), std::uint64_t{image} * 4 + 0x10);
    }
    return file_.add_partition(out_, std::move(part), whole);
  }

  BootgenFile file_;
  BootImage out_;
};

}  // namespace

bool has_boot_magic(Bytes file) {
  return file.size() >= 0x28 && base::le32(file, 0x20) == 0xAA995566 && base::le32(file, 0x24) == 0x584C4E58;
}

Result<BootImage> read_boot_image(Bytes file, const std::string& name) {
  if (!has_boot_magic(file)) {
    return base::fail(std::errc::invalid_argument, name, " does not begin like a boot image");
  }
  return Reader(file, name).read();
}

}  // namespace runx::bitstream
