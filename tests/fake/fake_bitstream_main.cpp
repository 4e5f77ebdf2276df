// SPDX-License-Identifier: Apache-2.0
// fake-bitstream: writes a small bitstream of our own making (tests/fake/bitstream.h) to a file.
#include <charconv>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "tests/fake/bitstream.h"
#include "tests/fake/containers.h"

namespace {

// Frames that one write may send, so that a slip of the finger does not fill a disk: 37 MB.
constexpr std::uint32_t most_frames = 100'000;

std::optional<std::uint32_t> number(std::string_view text, int base) {
  if (base == 16 && (text.starts_with("0x") || text.starts_with("0X"))) text.remove_prefix(2);
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string check_hex(const std::string& text) {
  return number(text, 16) ? "" : "'" + text + "' is not a hexadecimal number of 32 bits";
}

// "FAR:FRAMES"
std::optional<runx::fake::FrameWrite> frame_write(const std::string& text) {
  const auto colon = text.find(':');
  if (colon == std::string::npos) return std::nullopt;
  const auto address = number(text.substr(0, colon), 16);
  const auto frames = number(text.substr(colon + 1), 10);
  if (!address || !frames || *frames < 1 || *frames > most_frames) return std::nullopt;
  return runx::fake::FrameWrite{*address, *frames};
}

std::string check_write(const std::string& text) {
  return frame_write(text) ? "" : "'" + text + "' is not FAR:FRAMES (FAR in hexadecimal, at most 100000 frames)";
}

// The bitstream in a container that holds nothing else of use.
std::string wrapped(const std::string& in, const std::string& bitstream) {
  if (in == "boot")
    return runx::fake::make_boot_image({{"fsbl.elf", std::string(64, 'x'), 0x116}, {"a.bit", bitstream}});
  if (in == "pdi") return runx::fake::make_pdi({.partitions = {{"pl_cfi", bitstream, 0x18700000, 3}}});
  return runx::fake::make_xclbin({{0, bitstream, "primary"}});
}

}  // namespace

int main(int argc, char** argv) {
  runx::fake::BitstreamOptions options;
  CLI::App app("Writes a small, well-formed UltraScale+ bitstream with no design in it: for tests and demos");
  std::string idcode = "04A49093";
  std::string file;
  std::uint32_t frames = 4;
  std::vector<std::string> writes;
  std::vector<std::string> repeated;
  bool full = false;
  bool bin = false;
  std::string in;
  app.add_option("--part", options.part, "part of the .bit header")->capture_default_str();
  app.add_option("--design", options.design, "design of the .bit header")->capture_default_str();
  app.add_option("--idcode", idcode, "IDCODE of the device, hexadecimal")->capture_default_str()->check(check_hex);
  app.add_option("--frames", frames, "frames written to block 0, row 0, column 37, the last one a pad")
      ->capture_default_str()
      ->check(CLI::Range(1U, most_frames));
  app.add_option("--at", writes, "FAR:FRAMES, as often as wanted, instead of --frames")->check(check_write);
  app.add_option("--repeat", repeated, "FAR that gets the last frame again (MFWR), as often as wanted")
      ->check(check_hex);
  app.add_option("--seed", options.seed, "content of the frames: another seed, another digest")->capture_default_str();
  app.add_flag("--full", full, "mark it as a full bitstream");
  app.add_flag("--bin", bin, "a .bin: the stream without the .bit header");
  app.add_flag("--swapped", options.byte_swapped, "with --bin: bytes of each word reversed, as bootgen does");
  app.add_flag("--encrypted", options.encrypted, "mark it as encrypted; the frames are noise");
  app.add_option("--in", in, "put it into a container; boot and pdi want --bin, boot --swapped as well")
      ->check(CLI::IsMember({"boot", "pdi", "xclbin"}));
  app.add_option("-o,--output", file, "file to write")->required();
  CLI11_PARSE(app, argc, argv);

  options.idcode = *number(idcode, 16);
  options.partial = !full;
  options.header = !bin;
  options.writes = {{0x00002500, frames}};
  if (!writes.empty()) options.writes.clear();
  for (const auto& write : writes) options.writes.push_back(*frame_write(write));
  for (const auto& address : repeated) options.repeated.push_back(*number(address, 16));

  std::ofstream out(file, std::ios::binary);
  const auto bitstream = runx::fake::make_bitstream(options);
  out << (in.empty() ? bitstream : wrapped(in, bitstream));
  out.close();
  if (!out) {
    std::fprintf(stderr, "fake-bitstream: cannot write %s\n", file.c_str());
    return 1;
  }
  return 0;
}
