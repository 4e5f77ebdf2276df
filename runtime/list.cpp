// SPDX-License-Identifier: Apache-2.0
#include "runtime/list.h"

#include <algorithm>
#include <array>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/printable.h"
#include "devtree/boot_tree.h"
#include "plan/claim.h"
#include "runtime/facts.h"
#include "runtime/resources/contents.h"
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

std::string content_text(const resources::Content& content) {
  constexpr std::size_t shown = sizeof "sha256:" - 1 + 12;
  return base::text(base::printable(content.file), " (", content.digest.substr(0, shown), "…, ",
                    content.container.empty() ? "the blank" : "of container " + content.container, ")");
}

struct Device {
  std::string path;
  std::vector<std::string> compatible;
};

Result<std::vector<Device>> marked_devices(base::Host& host, const plan::Board& board) {
  const auto bytes = host.read(board.boot_tree);
  if (!bytes) return base::context(bytes.error(), "the tree that Xen was booted with says which devices there are");
  const auto blob = devtree::Blob::parse(base::bytes_of(*bytes), board.boot_tree);
  if (!blob) return tl::unexpected(blob.error());
  const auto tree = devtree::Tree::of(*blob);
  std::vector<Device> out;
  for (const auto& node : tree.nodes()) {
    if (devtree::is_marked(node) && !devtree::is_window(node)) out.push_back({node.path(), node.strings("compatible")});
  }
  return out;
}

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
  const auto board = read_board(caller.host);
  if (!board) return tl::unexpected(board.error());
  const auto holders = resources::holders(caller.host);
  if (!holders) return tl::unexpected(holders.error());
  const auto contents = resources::read_contents(caller.host);
  if (!contents) return tl::unexpected(contents.error());
  const auto devices = marked_devices(caller.host, *board);
  if (!devices) return tl::unexpected(devices.error());
  std::vector<std::array<std::string, 3>> rows{{"RESOURCE", "HOLDER", "HOLDS"}};
  std::string names;
  auto regions = json::array();
  for (const auto& region : board->regions) {
    const auto claim = plan::region_claim(region.name);
    const auto* owner = holder_of(*holders, claim);
    const auto content = contents->find(region.name);
    const bool known = content != contents->end();
    rows.push_back({claim, holder_text(owner), known ? content_text(content->second) : "not known"});
    names += claim + "\n";
    json entry{{"name", region.name}, {"manager", region.manager}, {"holder", holder_json(owner)}, {"holds", nullptr}};
    if (!region.shell.empty()) entry["shell"] = region.shell;
    if (!region.node.empty()) entry["node"] = region.node;
    if (known) {
      const auto& [digest, file, container, full] = content->second;
      entry["holds"] = {{"digest", digest}, {"file", file}, {"container", container}, {"full", full}};
    }
    regions.push_back(std::move(entry));
  }
  auto list = json::array();
  for (const auto& [path, compatible] : *devices) {
    const auto claim = plan::device_claim(path);
    const auto* owner = holder_of(*holders, claim);
    rows.push_back({claim, holder_text(owner), "-"});
    names += claim + "\n";
    list.push_back({{"path", path}, {"compatible", compatible}, {"holder", holder_json(owner)}});
  }
  if (format == ListFormat::ids) return names;
  if (format == ListFormat::table) return table(rows);
  return base::json_text({{"board", board->name}, {"regions", regions}, {"devices", list}}) + "\n";
}

}  // namespace runx::runtime
