// SPDX-License-Identifier: Apache-2.0
#include "bitstream/pdi.h"

#include "base/printable.h"
#include "bitstream/bootgen.h"

namespace runx::bitstream {
namespace {

using base::Bytes;
using base::Result;

constexpr std::size_t smap_bytes = 16;
constexpr std::size_t boot_header_end = 0xF34;
constexpr std::size_t table_bytes = 128;  // of the image header table, and of a partition header
constexpr std::size_t image_bytes = 64;
constexpr std::uint32_t header_sizes = 0x201020;                  // of the three, in words, as byte 0, 1 and 2
constexpr std::uint32_t most_images = 32;                         // MAX_NUM_PARTITIONS of bootgen
constexpr std::uint32_t full = 0x46504449, partial = 0x50504449;  // "FPDI", "PPDI"

bool has_boot_header(Bytes file) {
  return file.size() >= 0x18 && base::le32(file, 0x10) == 0xAA995566 && base::le32(file, 0x14) == 0x584C4E58;
}

// The bus width words of a file without a boot header: DD in one of the places, as the bus has 32, 16 or 8 bits.
bool has_smap_words(Bytes file) {
  const auto first = base::le32(file, 0);
  return first == 0xDD || first == 0xDD0000 || first == 0xDD000000;
}

std::string kind_of_partition(std::uint32_t attributes) {
  static constexpr const char* types[] = {"none", "elf",     "cdo",          "cfi",
                                          "raw",  "raw elf", "cfi gsc mask", "cfi gsc unmask"};
  static constexpr const char* processors[] = {"",     "a72-0", "a72-1",       "",    "",
                                               "r5-0", "r5-1",  "r5-lockstep", "psm", "aie"};
  std::string out = types[(attributes >> 24) & 0x7];
  const auto processor = (attributes >> 8) & 0xF;
  if (out == "elf" && processor < std::size(processors) && *processors[processor] != '\0')
    out += base::text(" for ", processors[processor]);
  return out;
}

class Reader {
 public:
  Reader(Bytes file, const std::string& name) : file_(file, "the PDI " + name) {}

  Result<Pdi> read() {
    std::uint64_t at = smap_bytes;
    if (has_boot_header(file_.bytes())) {
      if (file_.bytes().size() < boot_header_end) return file_.bad("ends inside its boot header: it is truncated");
      if (!has_word_sum(file_.bytes().subspan(0x10, boot_header_end - 0x10)))
        return file_.bad("has a boot header whose checksum does not fit: it is damaged");
      out_.encrypted = file_.word(0x18) != 0;
      at = file_.word(0xC4);
    }
    const auto table = file_.table(at, table_bytes, "image header table");
    if (!table) return tl::unexpected(table.error());
    if (auto done = take(*table); !done) return tl::unexpected(done.error());
    if (out_.hidden) return std::move(out_);
    if (auto done = images(*table); !done) return tl::unexpected(done.error());
    return std::move(out_);
  }

 private:
  base::Status take(Bytes table) {
    const auto version = base::le32(table, 0);
    if (version < 0x00020000 || version > 0x0004FFFF)
      return file_.bad("has an image header table of version ", base::hex(version, 8), ", which is not known");
    const auto kind = base::le32(table, 0x28);
    if (kind != full && kind != partial) return file_.bad("says neither FPDI nor PPDI (", base::hex(kind, 8), ")");
    if ((base::le32(table, 0x2C) & 0xFFFFFF) != header_sizes)
      return file_.bad("has headers of other sizes than are known (", base::hex(base::le32(table, 0x2C), 8), ")");
    out_.partial = kind == partial;
    out_.idcode = base::le32(table, 0x18);
    out_.id = base::le32(table, 0x20);
    out_.parent_id = base::le32(table, 0x24);
    out_.hidden = base::le32(table, 0x40) != 0;
    out_.encrypted = out_.encrypted || out_.hidden;
    out_.authenticated = base::le32(table, 0x48) != 0;
    return {};
  }

  base::Status images(Bytes table) {
    const auto image_count = base::le32(table, 4);
    const auto part_count = base::le32(table, 0x0C);
    if (image_count > most_images || part_count > most_images)
      return file_.bad("says that it has ", image_count, " images and ", part_count, " partitions: ", most_images,
                       " of each are possible");
    std::uint64_t image_at = std::uint64_t{base::le32(table, 8)} * 4;
    std::uint64_t part_at = std::uint64_t{base::le32(table, 0x10)} * 4;
    for (std::uint32_t i = 0; i < image_count; ++i, image_at += image_bytes) {
      const auto image = file_.table(image_at, image_bytes, base::text("header of image ", i));
      if (!image) return tl::unexpected(image.error());
      const auto count = base::le32(*image, 4);
      if (count > part_count - out_.parts.size())
        return file_.bad("has more partitions in its images than the ", part_count, " of its table");
      for (std::uint32_t j = 0; j < count; ++j, part_at += table_bytes) {
        const auto number = out_.parts.size();
        const auto header = file_.table(part_at, table_bytes, base::text("header of partition ", number));
        if (!header) return tl::unexpected(header.error());
        if (auto done = partition(*image, *header); !done) return done;
      }
    }
    if (out_.parts.size() != part_count)
      return file_.bad("has ", out_.parts.size(), " partitions in its images, and ", part_count, " in its table");
    return {};
  }

  base::Status partition(Bytes image, Bytes header) {
    Component part;
    const auto name = base::text_of(image.subspan(0x10, 16));
    part.name = base::printable(name.substr(0, name.find('\0')));
    part.kind = kind_of_partition(base::le32(header, 0x24));
    part.id = base::le32(image, 0x20);
    if (const auto uid = base::le32(image, 0x24); uid != 0) part.unique_id = uid;
    if (const auto uid = base::le32(image, 0x28); uid != 0) part.parent_unique_id = uid;
    part.encrypted = base::le32(header, 0x44) != 0;
    part.authenticated = base::le32(header, 0x34) != 0;
    const std::uint64_t offset = std::uint64_t{base::le32(header, 0x20)} * 4;
    const std::uint64_t length = std::uint64_t{base::le32(header, 0)} * 4;
    part.offset = offset;
    part.length = length;
    return file_.add_partition(out_, std::move(part), length);
  }

  BootgenFile file_;
  Pdi out_;
};

}  // namespace

bool has_pdi_magic(Bytes file) {
  if (has_boot_header(file)) return true;
  if (file.size() < smap_bytes + 0x2C || !has_smap_words(file)) return false;
  const auto kind = base::le32(file, smap_bytes + 0x28);
  return kind == full || kind == partial;
}

Result<Pdi> read_pdi(Bytes file, const std::string& name) {
  if (!has_pdi_magic(file)) return base::fail(std::errc::invalid_argument, name, " does not begin like a PDI");
  return Reader(file, name).read();
}

}  // namespace runx::bitstream
