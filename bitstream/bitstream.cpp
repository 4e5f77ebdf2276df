// SPDX-License-Identifier: Apache-2.0
#include "bitstream/bitstream.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "bitstream/bit.h"
#include "bitstream/boot_image.h"
#include "bitstream/kind.h"
#include "bitstream/pdi.h"
#include "bitstream/stream.h"
#include "bitstream/xclbin.h"

namespace runx::bitstream {
namespace {

using base::Bytes;
using base::Result;

class Reader {
 public:
  Reader(Bytes file, const std::string& name, const Parts& table) : file_(file), name_(name), table_(table) {}

  Result<BitstreamInfo> read() {
    auto done = by_kind();
    if (!done) return tl::unexpected(done.error());
    if (info_.idcode && info_.device.empty()) {
      if (const auto* part = table_.find(*info_.idcode)) info_.device = part->name;
    }
    return std::move(info_);
  }

 private:
  base::Status by_kind() {
    if (has_bit_magic(file_)) return bit();
    if (has_xclbin_magic(file_)) return xclbin();
    // Before the stream: a PDI has a sync word as well, behind what could be dummy words.
    if (has_pdi_magic(file_)) return pdi();
    if (has_boot_magic(file_)) return boot();
    if (devtree::has_tree_magic(file_)) return dtbo();
    if (begins_like_stream(file_)) {
      info_.payload_length = file_.size();
      return stream(name_);
    }
    const auto kind = kind_of(file_);
    if (!kind.empty()) {
      return base::fail(std::errc::invalid_argument, name_, " is ", kind,
                        ", not a bitstream: a .bit, .bin, .pdi, .xclbin, .dtbo or boot image is read");
    }
    return base::fail(std::errc::invalid_argument, name_,
                      " is not a bitstream: neither the header of a .bit file nor the sync word of a .bin is where it "
                      "should be");
  }

  // Reads the payload as a stream.
  base::Status stream(const std::string& name) {
    auto stream = read_stream(file_.subspan(info_.payload_offset, info_.payload_length), name, table_);
    if (!stream) return tl::unexpected(stream.error());
    info_.idcode = stream->idcode;
    info_.compressed = info_.compressed || stream->repeats > 0;
    info_.encrypted = info_.encrypted || stream->encrypted;
    info_.byte_swapped = stream->byte_swapped;
    info_.has_stream = true;
    info_.frames = stream->frames;
    info_.repeats = stream->repeats;
    info_.footprint = std::move(stream->footprint);
    return {};
  }

  base::Status bit() {
    auto header = read_bit_header(file_, name_);
    if (!header) return tl::unexpected(header.error());
    info_.format = Format::bit;
    info_.design = std::move(header->design);
    info_.part = std::move(header->part);
    info_.date = std::move(header->date);
    info_.time = std::move(header->time);
    info_.tool_version = std::move(header->tool_version);
    info_.partial = header->partial;
    info_.compressed = header->compressed;
    info_.encrypted = header->encrypted;
    info_.payload_offset = header->payload_offset;
    info_.payload_length = header->payload_length;
    return stream(name_);
  }

  base::Status boot() {
    auto image = read_boot_image(file_, name_);
    if (!image) return tl::unexpected(image.error());
    info_.format = Format::boot;
    info_.encrypted = image->encrypted;
    info_.authenticated = image->authenticated;
    info_.parts = std::move(image->parts);
    const auto is_bitstream = [](const Component& part) { return part.kind == "bitstream"; };
    const auto found = std::find_if(info_.parts.begin(), info_.parts.end(), is_bitstream);
    // Of several nobody says which one is meant: they are listed, and none is read.
    if (found == info_.parts.end() || std::count_if(found, info_.parts.end(), is_bitstream) > 1) return {};
    info_.payload_offset = found->offset;
    info_.payload_length = found->length;
    if (found->encrypted) return {};
    return stream(base::text("the bitstream '", found->name, "' in ", name_));
  }

  base::Status pdi() {
    auto image = read_pdi(file_, name_);
    if (!image) return tl::unexpected(image.error());
    info_.format = Format::pdi;
    info_.idcode = image->idcode & idcode_mask;
    info_.partial = image->partial;
    info_.encrypted = image->encrypted;
    info_.authenticated = image->authenticated;
    info_.id = image->id;
    info_.parent_id = image->parent_id;
    info_.parts = std::move(image->parts);
    info_.payload_length = file_.size();
    return {};
  }

  base::Status xclbin() {
    auto container = read_xclbin(file_, name_);
    if (!container) return tl::unexpected(container.error());
    if (container->bitstream) {
      if (auto done = inside(container->parts[*container->bitstream]); !done) return done;
    }
    info_.format = Format::xclbin;
    info_.uuid = std::move(container->uuid);
    info_.platform = std::move(container->platform);
    info_.shells = std::move(container->interfaces);
    if (info_.shells.empty() && !container->platform_uuid.empty()) info_.shells = {container->platform_uuid};
    if (info_.part.empty()) info_.part = std::move(container->part);
    if (info_.tool_version.empty()) info_.tool_version = std::move(container->tool_version);
    if (info_.date.empty()) std::tie(info_.date, info_.time) = std::pair(container->date, container->time);
    info_.authenticated = info_.authenticated || container->authenticated;
    info_.parts = std::move(container->parts);
    return {};
  }

  // The bitstream of an .xclbin: one of the formats that hold no other.
  base::Status inside(const Component& part) {
    const auto bytes = file_.subspan(part.offset, part.length);
    const auto name = base::text("the section ", part.kind, " of ", name_);
    if (!has_bit_magic(bytes) && !has_pdi_magic(bytes) && !begins_like_stream(bytes)) {
      return base::fail(std::errc::invalid_argument, name, " holds neither a .bit nor a .bin nor a PDI");
    }
    auto read = Reader(bytes, name, table_).read();
    if (!read) return tl::unexpected(read.error());
    info_ = std::move(*read);
    info_.contains = info_.format;
    info_.payload_offset += part.offset;
    return {};
  }

  base::Status dtbo() {
    auto overlays = read_dtbo(file_, name_);
    if (!overlays) return tl::unexpected(overlays.error());
    info_.format = Format::dtbo;
    info_.overlays = std::move(*overlays);
    for (const auto& overlay : info_.overlays) {
      info_.encrypted = info_.encrypted || overlay.encrypted;
      info_.authenticated = info_.authenticated || overlay.authenticated;
      if (overlay.firmware.empty()) continue;
      // One full bitstream among them replaces the whole device.
      info_.partial = overlay.partial && info_.partial.value_or(true);
    }
    return {};
  }

  Bytes file_;
  const std::string& name_;
  const Parts& table_;
  BitstreamInfo info_;
};

}  // namespace

std::string to_text(Format format) {
  switch (format) {
    case Format::bit:
      return "bit";
    case Format::bin:
      return "bin";
    case Format::boot:
      return "boot";
    case Format::pdi:
      return "pdi";
    case Format::xclbin:
      return "xclbin";
    case Format::dtbo:
      break;
  }
  return "dtbo";
}

std::string sentence_name(Format format) {
  switch (format) {
    case Format::boot:
      return "a boot image of ZynqMP";
    case Format::pdi:
      return "a PDI of Versal";
    case Format::xclbin:
      return "an .xclbin container";
    case Format::dtbo:
      return "a device tree overlay";
    default:
      return "a ." + to_text(format);
  }
}

Result<BitstreamInfo> read_bitstream(Bytes file, const std::string& name, const Parts& table) {
  return Reader(file, name, table).read();
}

std::string firmware_image(base::Bytes stream) {
  return std::string(base::text_of(stream)).append(firmware_padding(stream.size()));
}

std::string_view firmware_padding(std::size_t stream_bytes) {
  constexpr std::string_view dummy = "\xFF\xFF\xFF";
  return dummy.substr(0, (4 - stream_bytes % 4) % 4);
}

}  // namespace runx::bitstream
