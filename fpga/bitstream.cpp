// SPDX-License-Identifier: Apache-2.0
#include "fpga/bitstream.h"

#include <utility>

#include "fpga/bit.h"
#include "fpga/kind.h"
#include "fpga/stream.h"

namespace runx::fpga {
namespace {

using base::Bytes;
using base::Result;

Result<BitstreamInfo> with_stream(BitstreamInfo info, Bytes file, const std::string& name) {
  auto stream = read_stream(file.subspan(info.payload_offset, info.payload_length), name);
  if (!stream) return tl::unexpected(stream.error());
  info.idcode = stream->idcode;
  info.compressed = info.compressed || stream->repeats > 0;
  info.encrypted = info.encrypted || stream->encrypted;
  info.byte_swapped = stream->byte_swapped;
  info.frames = stream->frames;
  info.repeats = stream->repeats;
  info.footprint = std::move(stream->footprint);
  return info;
}

}  // namespace

std::string to_text(Format format) { return format == Format::bit ? "bit" : "bin"; }

Result<BitstreamInfo> read_bitstream(Bytes file, const std::string& name) {
  BitstreamInfo info;
  if (has_bit_magic(file)) {
    auto header = read_bit_header(file, name);
    if (!header) return tl::unexpected(header.error());
    info.format = Format::bit;
    info.design = std::move(header->design);
    info.part = std::move(header->part);
    info.date = std::move(header->date);
    info.time = std::move(header->time);
    info.tool_version = std::move(header->tool_version);
    info.partial = header->partial;
    info.compressed = header->compressed;
    info.encrypted = header->encrypted;
    info.payload_offset = header->payload_offset;
    info.payload_length = header->payload_length;
    return with_stream(std::move(info), file, name);
  }
  if (begins_like_stream(file)) {
    info.payload_length = file.size();
    return with_stream(std::move(info), file, name);
  }
  const auto kind = kind_of(file);
  if (!kind.empty()) {
    return base::fail(std::errc::invalid_argument, name, " is ", kind,
                      ", not a bitstream: a .bit or .bin file of Vivado or bootgen is taken");
  }
  return base::fail(std::errc::invalid_argument, name,
                    " is not a bitstream: neither the header of a .bit file nor the sync word of a .bin is where it "
                    "should be");
}

}  // namespace runx::fpga
