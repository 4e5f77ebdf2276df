// SPDX-License-Identifier: Apache-2.0
#include "plan/board.h"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "annotations/value.h"
#include "base/json.h"
#include "plan/kind.h"
#include "plan/reader.h"

namespace runx::plan {
namespace {

using base::Result;
using base::Status;
using nlohmann::json;

Result<Processor> parse_processor(const json& value, const std::string& where) {
  const Reader in(value, where);
  if (auto known = in.only({"name", "node", "memory"}); !known) return tl::unexpected(known.error());
  const auto name = in.string("name");
  if (!name) return tl::unexpected(name.error());
  if (!annotations::is_reference(*name) || name->starts_with("/") || *name == "any") {
    return base::fail(std::errc::invalid_argument, where,
                      ": a processor's name is [A-Za-z0-9,._+@-]{1,128}, and not \"any\"");
  }
  const auto node = in.path("node");
  if (!node) return tl::unexpected(node.error());
  auto memory = in.paths("memory");
  if (!memory) return tl::unexpected(memory.error());
  return Processor{*name, *node, std::move(*memory)};
}

Status read_processors(const json* value, const std::string& name, Board& board) {
  if (value == nullptr) return {};
  if (!value->is_array()) return base::fail(std::errc::invalid_argument, name, ": \"processors\" is not a list");
  std::set<std::string> names;
  for (std::size_t i = 0; i < value->size(); ++i) {
    auto processor = parse_processor((*value)[i], base::text(name, ": processor ", i + 1));
    if (!processor) return tl::unexpected(processor.error());
    if (!names.insert(processor->name).second) {
      return base::fail(std::errc::invalid_argument, name, ": two processors are called ", processor->name);
    }
    board.processors.push_back(std::move(*processor));
  }
  return {};
}

Status read_clock_rates(const json* value, const std::string& name, Board& board) {
  if (value == nullptr) return {};
  const auto wrong =
      base::fail(std::errc::invalid_argument, name,
                 ": \"clockRates\" maps the path of a node to a list of rates in Hz, one for each of its clocks");
  if (!value->is_object()) return wrong;
  for (const auto& [node, rates] : value->items()) {
    if (!annotations::is_clean_path(node) || !rates.is_array()) return wrong;
    for (const auto& rate : rates) {
      if (!rate.is_number_unsigned() || rate == 0U) return wrong;
      board.clock_rates[node].push_back(rate.get<std::uint64_t>());
    }
  }
  return {};
}

Status read_guest(const json* value, const std::string& name, Board& board) {
  const json nothing = json::object();
  const Reader guest(value == nullptr ? nothing : *value, name + ": \"guest\"");
  if (auto known = guest.only({"kernel", "commandLine", "memory"}); !known) return known;
  const auto kernel = guest.path("kernel", "/usr/lib/runx-accel/guest-kernel");
  if (!kernel) return tl::unexpected(kernel.error());
  const auto command_line = guest.string("commandLine", "");
  if (!command_line) return tl::unexpected(command_line.error());
  board.guest_kernel = *kernel;
  board.guest_command_line = *command_line;
  if (const auto* memory = guest.member("memory")) {
    if (memory->is_string()) board.guest_memory = annotations::parse_size(memory->get_ref<const std::string&>());
    if (!board.guest_memory) {
      return base::fail(std::errc::invalid_argument, guest.where(), ": \"memory\" is not a size, like \"512MiB\"");
    }
  }
  return {};
}

Status read_image(const json* value, const std::string& name, Board& board) {
  constexpr std::uint64_t most_entries = std::uint64_t{1} << 24;
  if (value == nullptr) return {};
  const Reader image(*value, name + ": \"image\"");
  if (auto known = image.only({"maxBytes", "maxEntries"}); !known) return known;
  if (const auto* bytes = image.member("maxBytes")) {
    const auto size = bytes->is_string() ? annotations::parse_size(bytes->get_ref<const std::string&>()) : std::nullopt;
    if (!size)
      return base::fail(std::errc::invalid_argument, image.where(), ": \"maxBytes\" is not a size, like \"1GiB\"");
    board.image.bytes = *size;
  }
  if (const auto* entries = image.member("maxEntries")) {
    if (!entries->is_number_unsigned() || *entries < 1U || *entries > most_entries) {
      return base::fail(std::errc::invalid_argument, image.where(), ": \"maxEntries\" is not a number from 1 to ",
                        most_entries);
    }
    board.image.entries = entries->get<std::uint64_t>();
  }
  return {};
}

}  // namespace

const Region* find_region(const Board& board, std::string_view name) {
  const auto found = std::find_if(board.regions.begin(), board.regions.end(),
                                  [&](const Region& region) { return region.name == name; });
  return found == board.regions.end() ? nullptr : &*found;
}

Result<Board> parse_board(std::string_view text, const std::string& name, const Kinds& kinds) {
  const auto value = base::parse_json(text, name);
  if (!value) return tl::unexpected(value.error());
  const Reader in(*value, name);
  std::vector<std::string_view> members{"schema", "name",  "bootTree",   "guest",
                                        "image",  "iommu", "processors", "clockRates"};
  for (const auto* kind : kinds) {
    const auto more = kind->board_members();
    members.insert(members.end(), more.begin(), more.end());
  }
  if (auto known = in.only(members); !known) return tl::unexpected(known.error());
  const auto* schema = in.member("schema");
  if (schema == nullptr || *schema != 1) {
    return base::fail(std::errc::invalid_argument, name, " needs \"schema\": 1, the version that this program reads");
  }
  Board board;
  const auto board_name = in.string("name");
  if (!board_name) return tl::unexpected(board_name.error());
  const auto boot_tree = in.path("bootTree");
  if (!boot_tree) return tl::unexpected(boot_tree.error());
  board.name = *board_name;
  board.boot_tree = *boot_tree;
  if (auto guest = read_guest(in.member("guest"), name, board); !guest) return tl::unexpected(guest.error());
  if (auto image = read_image(in.member("image"), name, board); !image) return tl::unexpected(image.error());
  for (const auto* kind : kinds) {
    if (auto read = kind->read_board(*value, name, board); !read) return tl::unexpected(read.error());
  }
  if (auto processors = read_processors(in.member("processors"), name, board); !processors) {
    return tl::unexpected(processors.error());
  }
  if (auto iommu = in.flag("iommu", board.iommu); !iommu) return tl::unexpected(iommu.error());
  if (auto rates = read_clock_rates(in.member("clockRates"), name, board); !rates) return tl::unexpected(rates.error());
  return board;
}

}  // namespace runx::plan
