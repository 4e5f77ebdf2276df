// SPDX-License-Identifier: Apache-2.0
// accelkit fpga learn: which frames a region has, from bitstreams that the board's owner trusts, into board.json.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>

#include <fcntl.h>
#include <nlohmann/json.hpp>

#include "base/host.h"
#include "base/json.h"
#include "base/rootfs.h"
#include "bitstream/bitstream.h"
#include "tools/commands.h"
#include "tools/host_files.h"

namespace runx::tools {
namespace {

using base::Result;
using base::Status;

struct Options {
  std::string region;
  std::vector<std::string> files;
  std::string board = plan::board_path;
  std::string parts;
  std::string output;
  bool replace = false;
  bool partial = false;
  bool json = false;
};

// The frames that one trusted file writes; an error for a file that nothing can be learned from.
Result<bitstream::Footprint> frames_of(const std::string& file, const plan::Region& region,
                                       const bitstream::Parts& parts, bool vouched) {
  base::Host files;
  const auto opened = files.open(file, O_RDONLY);
  if (!opened) return tl::unexpected(opened.error());
  const auto mapped = base::MappedFile::map(*opened, file);
  if (!mapped) return tl::unexpected(mapped.error());
  auto info = bitstream::read_bitstream(mapped->bytes(), file, parts);
  if (!info) return tl::unexpected(info.error());
  const auto refuse = [&](const auto&... why) { return base::fail(std::errc::invalid_argument, file, ": ", why...); };
  if (info->encrypted) return refuse("it is encrypted, so nobody sees what it writes: learn from a plain one");
  if (info->partial == false) return refuse("it is a full bitstream, and writes all regions: learn from a partial one");
  if (!info->partial && !vouched) {
    return refuse(
        "it does not say whether it is partial, and a full one writes all regions: use the .bit, or say "
        "--partial when you know that it is");
  }
  if (!info->idcode) return refuse("it does not say for which part it is (no IDCODE)");
  const auto same = [&](std::uint32_t code) { return bitstream::is_same_device(code, *info->idcode); };
  if (std::none_of(region.idcodes.begin(), region.idcodes.end(), same)) {
    return refuse("it is for the part with IDCODE ", base::hex(*info->idcode, 8), ", which region ", region.name,
                  " does not take: name the region that it was built for");
  }
  if (info->footprint.empty()) return refuse("it writes no frame: learn from one that has a design in it");
  return std::move(info->footprint);
}

// A file for another region, given by mistake, would open that region to every image.
Status check_others(const std::string& file, const bitstream::Footprint& frames, const plan::Board& board,
                    const std::string& learning) {
  for (const auto& other : board.regions) {
    if (other.name == learning) continue;
    if (const auto shared = bitstream::first_shared_column(frames, other.frames)) {
      return base::fail(std::errc::invalid_argument, file, " writes ", bitstream::to_text(*shared),
                        ", in a column of region ", other.name,
                        ": one of the two regions learned from a file that was built for the other");
    }
  }
  return {};
}

Status save(const Options& options, const std::string& text, const plan::Region& region) {
  // Ordered, so that the owner's file keeps its order.
  auto value = nlohmann::ordered_json::parse(text);
  for (auto& entry : value["regions"]) {
    if (entry["name"] != region.name) continue;
    auto& list = entry["frames"] = nlohmann::ordered_json::array();
    for (const auto& run : region.frames) list.push_back(plan::frames_text(run));
  }
  const auto path = std::filesystem::absolute(options.output.empty() ? options.board : options.output).string();
  base::Host files;
  return files.write(path, value.dump(2) + "\n", 0644);
}

// The runtime reads the board's own file when there is one, and so does this.
Result<bitstream::Parts> owners_parts(const Options& options) {
  if (!options.parts.empty()) return read_parts(options.parts);
  base::Host files;
  return read_parts(files.exists(parts_path) ? parts_path : "");
}

Status learn(const Options& options) {
  auto read = read_board(options.board);
  if (!read) return tl::unexpected(read.error());
  const auto& board = read->board;
  const auto parts = owners_parts(options);
  if (!parts) return tl::unexpected(parts.error());
  const auto* found = plan::find_region(board, options.region);
  if (found == nullptr) {
    std::string names;
    for (const auto& known : board.regions) names += (names.empty() ? "" : ", ") + known.name;
    return base::fail(std::errc::invalid_argument, options.board, " has no region ", options.region, " (it has ",
                      names.empty() ? "none" : names, "): add it, or name one of these");
  }
  auto region = *found;
  std::vector<bitstream::FrameRun> runs;
  if (!options.replace) runs = region.frames;
  const auto before = runs.size();
  for (const auto& file : options.files) {
    const auto frames = frames_of(file, region, *parts, options.partial);
    if (!frames) return tl::unexpected(frames.error());
    if (auto apart = check_others(file, *frames, board, region.name); !apart) return apart;
    runs.insert(runs.end(), frames->begin(), frames->end());
  }
  region.frames = bitstream::normalized(std::move(runs));
  if (auto saved = save(options, read->text, region); !saved) return saved;
  const auto fresh = region.frames.size() - std::min(before, region.frames.size());
  std::uint64_t frames = 0;
  for (const auto& run : region.frames) frames += run.frames;
  if (options.json) {
    std::cout << base::json_text(
                     {{"region", region.name}, {"runs", region.frames.size()}, {"new", fresh}, {"frames", frames}})
              << "\n";
  } else {
    std::cout << "region " << region.name << " has " << region.frames.size() << " runs of " << frames
              << " frames in all, " << fresh << " of them new\n";
  }
  return {};
}

}  // namespace

void add_fpga(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  auto* fpga = app.add_subcommand("fpga", "For owners of boards with an FPGA")->require_subcommand(1);
  auto* command = fpga->add_subcommand("learn", "Write a region's frames into board.json, from bitstreams you trust");
  command->add_option("region", options->region, "The region's name in board.json")->required();
  command->add_option("file", options->files, "Partial bitstreams that were built for this region")->required();
  command->add_option("--board", options->board, "The board file")->capture_default_str();
  command->add_option(
      "--parts", options->parts,
      base::text("More rows for the table of parts (spec/host.md); unless given, ", parts_path, " where there is one"));
  command->add_option("-o,--output", options->output, "Write the board file there instead");
  command->add_flag("--partial", options->partial, "These files are partial, although they do not say so (a .bin)");
  command->add_flag("--replace", options->replace, "Forget the frames that the region had");
  command->add_flag("--json", options->json, "For machines");
  command->callback([&chosen, options] { chosen = [options] { return learn(*options); }; });
}

}  // namespace runx::tools
