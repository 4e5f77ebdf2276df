// SPDX-License-Identifier: Apache-2.0
#include "runtime/list.h"

#include <algorithm>
#include <array>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/printable.h"
#include "runtime/resources/board_files.h"
#include "runtime/resources/ledger.h"

namespace runx::runtime {
namespace {

using base::Result;
using nlohmann::json;
using resources::Owner;

// Columns as wide as their widest cell; two spaces between.
template <std::size_t Columns>
std::string table(const std::vector<std::array<std::string, Columns>>& rows) {
  std::array<std::size_t, Columns> widths{};
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < Columns; ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < Columns; ++i) {
      out += row[i];
      if (i + 1 < Columns) out.append(widths[i] - row[i].size() + 2, ' ');
    }
    out += "\n";
  }
  return out;
}

struct Listed {
  oci::State state;
  oci::Status status;
};

Result<std::vector<Listed>> containers_of(const Caller& caller) {
  std::vector<Listed> out;
  const auto names = caller.host.list(caller.root);
  if (!names && names.error().code == std::errc::no_such_file_or_directory) return out;
  if (!names) return tl::unexpected(names.error());
  for (const auto& name : *names) {
    if (!oci::check_id(name)) continue;
    const auto directory = oci::directory_of(caller.root, name);
    auto state = oci::read_state(caller.host, directory);
    if (!state && state.error().code == std::errc::no_such_file_or_directory) continue;  // being made or taken away
    if (!state) {
      caller.log.warning(caller.host, base::text("container ", name, " is left out: ", state.error().what));
      continue;
    }
    const auto status = oci::current_status(caller.host, *state);
    out.push_back({std::move(*state), status});
  }
  return out;
}

// A claim's holder; nothing: it is free.
const Owner* holder_of(const std::map<std::string, Owner>& holders, const std::string& claim) {
  const auto found = holders.find(claim);
  return found == holders.end() ? nullptr : &found->second;
}

json holder_json(const Owner* owner) {
  return owner == nullptr ? json(nullptr) : json{{"id", owner->id}, {"root", owner->root}};
}

std::string holder_text(const Owner* owner) { return owner == nullptr ? "-" : owner->id; }

}  // namespace

Result<std::string> list_containers(const Caller& caller, ListFormat format) {
  const auto containers = containers_of(caller);
  if (!containers) return tl::unexpected(containers.error());
  std::vector<std::array<std::string, 5>> rows{{"ID", "PID", "STATUS", "BUNDLE", "CREATED"}};
  std::string ids;
  auto list = json::array();
  for (const auto& [state, status] : *containers) {
    const auto pid = status == oci::Status::stopped ? 0 : state.monitor;
    rows.push_back(
        {state.id, std::to_string(pid), oci::status_text(status), base::printable(state.bundle), state.created});
    ids += state.id + "\n";
    list.push_back(json::parse(oci::state_json(state, status)));
  }
  if (format == ListFormat::ids) return ids;
  return format == ListFormat::json ? base::json_text(list) + "\n" : table(rows);
}

Result<std::string> list_resources(const Caller& caller, ListFormat format) {
  const auto board = resources::read_board(caller.host, resources::pure_halves(caller.kinds));
  if (!board) return tl::unexpected(board.error());
  const auto holders = resources::holders(caller.host);
  if (!holders) return tl::unexpected(holders.error());
  std::vector<std::array<std::string, 3>> rows{{"RESOURCE", "HOLDER", "HOLDS"}};
  std::string names;
  json out{{"board", board->name}};
  for (const auto* kind : caller.kinds) {
    auto inventory = kind->inventory(caller.host, *board);
    if (!inventory) return tl::unexpected(inventory.error());
    if (inventory->section.empty()) continue;
    auto& list = out[inventory->section] = json::array();
    for (auto& item : inventory->items) {
      const auto* owner = holder_of(*holders, item.claim);
      rows.push_back({item.claim, holder_text(owner), item.content});
      names += item.claim + "\n";
      item.entry["holder"] = holder_json(owner);
      list.push_back(std::move(item.entry));
    }
  }
  if (format == ListFormat::ids) return names;
  return format == ListFormat::table ? table(rows) : base::json_text(out) + "\n";
}

}  // namespace runx::runtime
