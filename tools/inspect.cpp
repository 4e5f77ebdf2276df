// SPDX-License-Identifier: Apache-2.0
// accelkit inspect FILE: what a bitstream is, before anybody sends it anywhere.
#include <algorithm>
#include <iostream>
#include <memory>

#include <fcntl.h>
#include <sys/mman.h>

#include "base/host.h"
#include "base/rootfs.h"
#include "base/sha256.h"
#include "bitstream/describe.h"
#include "tools/commands.h"
#include "tools/host_files.h"

namespace runx::tools {
namespace {

using base::Status;

constexpr std::size_t pages_at_once = std::size_t{1} << 20;

struct Options {
  std::string file;
  std::string parts;
  bool json = false;
  bool frames = false;
};

// The digest of a mapping, which gives its pages back as it goes: a file of any size takes a few megabytes of memory.
// Nobody writes to the mapping, so what is read again comes from the file again.
std::string digest_of(base::Bytes file) {
  base::Sha256 hash;
  for (std::size_t at = 0; at < file.size(); at += pages_at_once) {
    const auto piece = file.subspan(at, std::min(pages_at_once, file.size() - at));
    hash.add(piece);
    ::madvise(const_cast<std::uint8_t*>(piece.data()), piece.size(), MADV_DONTNEED);
  }
  return hash.hex();
}

// What the kernel's manager is handed of it: the stream without the header, in whole words.
std::string image_digest(const bitstream::BitstreamInfo& info, base::Bytes file, const std::string& sha256) {
  if (info.payload_length == file.size() && file.size() % 4 == 0) return sha256;
  base::Sha256 hash;
  hash.add(file.subspan(info.payload_offset, info.payload_length));
  for (auto length = info.payload_length; length % 4 != 0; ++length) hash.add(base::bytes_of("\xFF"));
  return hash.hex();
}

Status inspect(const Options& options) {
  base::Host files;
  const auto table = read_parts(options.parts);
  if (!table) return tl::unexpected(table.error());
  const auto file = files.open(options.file, O_RDONLY);
  if (!file) return tl::unexpected(file.error());
  const auto mapped = base::MappedFile::map(*file, options.file);
  if (!mapped) return tl::unexpected(mapped.error());
  const auto info = bitstream::read_bitstream(mapped->bytes(), options.file, *table);
  if (!info) return tl::unexpected(info.error());
  const auto sha256 = digest_of(mapped->bytes());
  if (options.json) {
    std::cout << bitstream::describe_json(*info, sha256, options.frames);
    return {};
  }
  std::cout << bitstream::describe(*info, options.file, sha256);
  if (bitstream::is_stream_file(info->format)) {
    const auto words = (info->payload_length + 3) / 4 * 4;
    std::cout << "the manager gets " << words << " bytes, sha256 " << image_digest(*info, mapped->bytes(), sha256)
              << "\n";
  }
  if (options.frames) std::cout << bitstream::describe_frames(*info);
  return {};
}

}  // namespace

void add_inspect(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("inspect", "Say what a bitstream file is and which frames it writes");
  command->add_option("file", options->file, "A .bit, .bin, .pdi, .xclbin, .dtbo or boot image")->required();
  command->add_flag("--json", options->json, "For machines");
  command->add_option("--parts", options->parts, "More rows for the table of parts (spec/host.md)");
  command->add_flag("--frames", options->frames, "Every run of frames");
  command->callback([&chosen, options] { chosen = [options] { return inspect(*options); }; });
}

}  // namespace runx::tools
