// SPDX-License-Identifier: Apache-2.0
// accelkit inspect FILE: what a bitstream is, before anybody sends it anywhere.
#include <iostream>
#include <memory>

#include <fcntl.h>

#include "base/host.h"
#include "base/rootfs.h"
#include "base/sha256.h"
#include "fpga/describe.h"
#include "fpga/manager.h"
#include "tools/commands.h"

namespace runx::tools {
namespace {

using base::Status;

struct Options {
  std::string file;
  bool json = false;
  bool frames = false;
};

// What the kernel's manager is handed of it: the stream without the header, in whole words.
std::string image_digest(const fpga::BitstreamInfo& info, base::Bytes file) {
  return base::sha256_hex(base::bytes_of(fpga::firmware_image(file.subspan(info.payload_offset, info.payload_length))));
}

Status inspect(const Options& options) {
  base::Host files;
  const auto file = files.open(options.file, O_RDONLY);
  if (!file) return tl::unexpected(file.error());
  const auto mapped = base::MappedFile::map(*file, options.file);
  if (!mapped) return tl::unexpected(mapped.error());
  const auto info = fpga::read_bitstream(mapped->bytes(), options.file);
  if (!info) return tl::unexpected(info.error());
  const auto sha256 = base::sha256_hex(mapped->bytes());
  if (options.json) {
    std::cout << fpga::describe_json(*info, sha256, options.frames);
    return {};
  }
  std::cout << fpga::describe(*info, options.file, sha256);
  std::cout << "the manager gets " << info->payload_length << " bytes, sha256 " << image_digest(*info, mapped->bytes())
            << "\n";
  if (options.frames) std::cout << fpga::describe_frames(*info);
  return {};
}

}  // namespace

void add_inspect(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("inspect", "Say what a bitstream file is and which frames it writes");
  command->add_option("file", options->file, "A .bit or .bin file")->required();
  command->add_flag("--json", options->json, "For machines");
  command->add_flag("--frames", options->frames, "Every run of frames");
  command->callback([&chosen, options] { chosen = [options] { return inspect(*options); }; });
}

}  // namespace runx::tools
