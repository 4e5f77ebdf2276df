// SPDX-License-Identifier: Apache-2.0
#include "plan/region.h"

#include <charconv>

#include <nlohmann/json.hpp>

#include "annotations/value.h"
#include "devtree/overlay_grants.h"
#include "plan/reader.h"

namespace runx::plan {
namespace {

using base::Result;
using base::Status;
using nlohmann::json;

constexpr std::uint64_t address_end = std::uint64_t{1} << 48;
constexpr unsigned last_spi = 987;  // the GIC counts to 1019, and the SPIs begin at 32

// Exactly 8 hexadecimal digits.
std::optional<std::uint32_t> parse_word(std::string_view text) {
  std::uint32_t out = 0;
  const auto* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, out, 16);
  if (error != std::errc{} || end != last || text.size() != 8) return std::nullopt;
  return out;
}

Result<std::uint32_t> idcode(const json& value, const std::string& where) {
  if (value.is_string()) {
    if (const auto code = parse_word(value.get_ref<const std::string&>())) return *code;
  }
  return base::fail(std::errc::invalid_argument, where,
                    ": an IDCODE is a string of 8 hexadecimal digits, like \"04A49093\"");
}

Status read_idcodes(const Reader& in, Region& region) {
  const auto* codes = in.member("idcodes");
  if (codes == nullptr || !codes->is_array() || codes->empty()) {
    return base::fail(std::errc::invalid_argument, in.where(), " needs \"idcodes\", a list of at least one");
  }
  for (const auto& entry : *codes) {
    auto code = idcode(entry, in.where());
    if (!code) return tl::unexpected(code.error());
    region.idcodes.push_back(*code);
  }
  return {};
}

std::optional<Aperture> aperture(const json& value) {
  if (!value.is_object() || value.size() != 2) return std::nullopt;
  const auto number = [&](const char* key) -> std::optional<std::uint64_t> {
    const auto found = value.find(key);
    if (found == value.end() || !found->is_string()) return std::nullopt;
    return annotations::parse_address(found->get_ref<const std::string&>());
  };
  const auto address = number("address");
  const auto size = number("size");
  if (!address || !size || *address + *size > address_end) return std::nullopt;
  return Aperture{*address, *size};
}

Status read_apertures(const Reader& in, Region& region) {
  const auto* list = in.member("apertures");
  if (list == nullptr) return {};
  const auto wrong = base::fail(std::errc::invalid_argument, in.where(),
                                ": \"apertures\" is a list of objects like {\"address\": \"0x80000000\", \"size\": "
                                "\"0x1000000\"}, in whole pages of 0x1000 bytes");
  if (!list->is_array()) return wrong;
  for (const auto& entry : *list) {
    const auto read = aperture(entry);
    if (!read) return wrong;
    region.apertures.push_back(*read);
  }
  return {};
}

Status read_interrupts(const Reader& in, Region& region) {
  const auto* list = in.member("interrupts");
  if (list == nullptr) return {};
  const auto wrong =
      base::fail(std::errc::invalid_argument, in.where(),
                 ": \"interrupts\" is a list of objects like {\"spi\": 89, \"trigger\": \"level\"}, where "
                 "spi is from 0 to 987 and trigger level or edge");
  if (!list->is_array()) return wrong;
  for (const auto& entry : *list) {
    const auto spi = entry.is_object() ? entry.find("spi") : entry.end();
    if (!entry.is_object() || spi == entry.end() || !spi->is_number_unsigned() || *spi > last_spi) return wrong;
    const auto trigger = entry.find("trigger");
    if (entry.size() != (trigger == entry.end() ? 1U : 2U)) return wrong;
    if (trigger != entry.end() && *trigger != "level" && *trigger != "edge") return wrong;
    region.interrupts.push_back({spi->get<unsigned>(), trigger != entry.end() && *trigger == "edge"});
  }
  return {};
}

Status read_frames(const Reader& in, Region& region) {
  const auto* list = in.member("frames");
  if (list == nullptr) return {};
  region.any_frames = *list == "any";
  if (region.any_frames) return {};
  const auto wrong =
      base::fail(std::errc::invalid_argument, in.where(),
                 ": \"frames\" is \"any\", or a list of strings like \"0x00082000+77\", an address and a "
                 "number of frames: let accelkit fpga learn write it");
  if (!list->is_array()) return wrong;
  std::vector<bitstream::FrameRun> runs;
  for (const auto& entry : *list) {
    const auto run = entry.is_string() ? parse_frames(entry.get_ref<const std::string&>()) : std::nullopt;
    if (!run) return wrong;
    runs.push_back(*run);
  }
  region.frames = bitstream::normalized(std::move(runs));
  return {};
}

constexpr std::uint64_t highest_rate = UINT32_MAX;  // a cell of assigned-clock-rates

std::optional<std::pair<std::uint32_t, std::uint64_t>> clock(const json& value) {
  if (!value.is_object() || value.size() != 2) return std::nullopt;
  const auto number = [&](const char* key, std::uint64_t most) -> std::optional<std::uint64_t> {
    const auto found = value.find(key);
    if (found == value.end() || !found->is_number_unsigned() || *found > most) return std::nullopt;
    return found->get<std::uint64_t>();
  };
  const auto index = number("clock", devtree::fabric_clocks - 1);
  const auto rate = number("maxRate", highest_rate);
  if (!index || !rate || *rate == 0) return std::nullopt;
  return std::pair(static_cast<std::uint32_t>(*index), *rate);
}

Status read_clocks(const Reader& in, Region& region) {
  const auto* list = in.member("clocks");
  if (list == nullptr) return {};
  const auto wrong =
      base::fail(std::errc::invalid_argument, in.where(),
                 ": \"clocks\" is a list of objects like {\"clock\": 0, \"maxRate\": 250000000}, of the fabric's "
                 "clocks 0 to 3, each once, with a rate in Hz");
  if (!list->is_array()) return wrong;
  for (const auto& entry : *list) {
    const auto read = clock(entry);
    if (!read || !region.clocks.insert(*read).second) return wrong;
  }
  return {};
}

Status read_afi(const Reader& in, Region& region) {
  const auto* list = in.member("afi");
  if (list == nullptr) return {};
  const auto wrong = base::fail(std::errc::invalid_argument, in.where(), ": \"afi\" is a list of numbers from 0 to ",
                                devtree::last_afi_register, ", each once, of registers as config-afi counts them");
  if (!list->is_array()) return wrong;
  for (const auto& entry : *list) {
    if (!entry.is_number_unsigned() || entry > devtree::last_afi_register) return wrong;
    if (!region.afi.insert(entry.get<std::uint32_t>()).second) return wrong;
  }
  return {};
}

Status read_path(const Reader& in, const char* key, std::string& out) {
  if (in.member(key) == nullptr) return {};
  auto path = in.path(key);
  if (!path) return tl::unexpected(path.error());
  out = std::move(*path);
  return {};
}

Status read_shell(const Reader& in, Region& region) {
  if (in.member("shell") == nullptr) return {};
  auto shell = in.string("shell");
  if (!shell) return tl::unexpected(shell.error());
  if (!annotations::is_identifier(*shell)) {
    return base::fail(std::errc::invalid_argument, in.where(), ": \"shell\" is not [A-Za-z0-9._:+-]{1,128}");
  }
  region.shell = std::move(*shell);
  return {};
}

}  // namespace

std::optional<bitstream::FrameRun> parse_frames(std::string_view text) {
  constexpr std::size_t digits = 8;
  constexpr unsigned most_frames = 9'999'999;  // the largest part has less than a million
  if (text.size() < 2 + digits + 2 || !text.starts_with("0x") || text[2 + digits] != '+') return std::nullopt;
  const auto address = parse_word(text.substr(2, digits));
  const auto frames = annotations::parse_number(text.substr(2 + digits + 1), 1, most_frames);
  if (!address || !frames || bitstream::FrameAddress{*address}.has_reserved_bits()) return std::nullopt;
  return bitstream::FrameRun{{*address}, *frames, *frames, 0};
}

std::string frames_text(const bitstream::FrameRun& run) {
  return base::text(base::hex(run.start.value, 8), "+", run.frames);
}

Result<Region> parse_region(const json& value, const std::string& where) {
  const Reader in(value, where);
  if (auto known = in.only({"name", "manager", "idcodes", "node", "shell", "apertures", "interrupts", "bridge",
                            "frames", "blank", "reuse", "clocks", "afi"});
      !known)
    return tl::unexpected(known.error());
  Region region;
  const auto name = in.string("name");
  if (!name) return tl::unexpected(name.error());
  if (!annotations::is_name(*name) || *name == "any") {
    return base::fail(std::errc::invalid_argument, where, ": a region's name is ", annotations::name_syntax,
                      ", and not \"any\"");
  }
  const auto manager = in.string("manager");
  if (!manager) return tl::unexpected(manager.error());
  region.name = *name;
  region.manager = *manager;
  for (const auto& done :
       {read_idcodes(in, region), read_path(in, "node", region.node), read_shell(in, region),
        read_apertures(in, region), read_interrupts(in, region), read_path(in, "bridge", region.bridge),
        read_frames(in, region), read_path(in, "blank", region.blank), in.flag("reuse", region.reuse),
        read_clocks(in, region), read_afi(in, region)}) {
    if (!done) return tl::unexpected(done.error());
  }
  if (!region.bridge.empty() && region.node.empty()) {
    return base::fail(std::errc::invalid_argument, where,
                      ": a \"bridge\" is closed and opened by the region's node: name it (\"node\")");
  }
  return region;
}

}  // namespace runx::plan
