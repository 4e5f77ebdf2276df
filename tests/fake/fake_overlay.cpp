// SPDX-License-Identifier: Apache-2.0
#include "tests/fake/fake_overlay.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>

#include <libfdt.h>

#include "tests/fake/fake_fpga.h"

namespace runx::fake {
namespace {

namespace fs = std::filesystem;
using Regions = std::vector<std::string>;
using namespace std::string_literals;

const std::string live = "/proc/device-tree";
const std::string fails = "/fake/overlay_fails";

bool there(FakeHost& host, const std::string& path) { return fs::exists(host.real(path)); }

void complain(FakeHost& host, const std::string& sentence) {
  host.file("/dev/kmsg", host.content("/dev/kmsg") + "3,1,1,-;" + sentence + "\n SUBSYSTEM=of\n");
}

std::string name_of(const std::string& directory) { return directory.substr(directory.rfind('/') + 1); }
std::string record(const std::string& directory) { return "/fake/overlays/" + name_of(directory); }

// The errno that a test ordered for the operation, once; else 0.
int ordered(FakeHost& host, const std::string& operation) {
  std::istringstream order(host.content(fails));
  int error = 0;
  std::string what;
  if (!(order >> error >> what) || what != operation) return 0;
  fs::remove(host.real(fails));
  return error;
}

std::size_t number_of(const Regions& regions, const std::string& node) {
  return static_cast<std::size_t>(std::find(regions.begin(), regions.end(), node) - regions.begin());
}

std::string value_of(const void* tree, int node, const char* name) {
  int length = 0;
  const auto* value = static_cast<const char*>(fdt_getprop(tree, node, name, &length));
  return value == nullptr ? "" : std::string(value, static_cast<std::size_t>(length));
}

// of_fpga_region_get_bridges(): the overlay's list, if it has one, takes the place of the node's.
void switch_bridges(FakeHost& host, const std::string& phandles, const char* state) {
  for (std::size_t at = 0; at + 4 <= phandles.size(); at += 4) {
    for (unsigned number = 0; there(host, fake_bridges + std::to_string(number)); ++number) {
      const auto bridge = fake_bridges + std::to_string(number);
      if (host.content(bridge + "/of_node/phandle") == phandles.substr(at, 4)) host.file(bridge + "/state", state);
    }
  }
}

std::string programmed(std::size_t region) { return "/fake/regions/region" + std::to_string(region); }

// What a region that is programmed is remembered by: the bridges around it.
void forget(FakeHost& host, std::size_t region) {
  switch_bridges(host, host.content(programmed(region)), "disabled\n");
  fs::remove(host.real(programmed(region)));
}

std::string text_property(const void* tree, int node, const char* name) { return value_of(tree, node, name).c_str(); }

struct Fragment {
  std::string target;
  int overlay;
};

std::vector<Fragment> fragments_of(const void* tree) {
  std::vector<Fragment> out;
  int node = 0;
  fdt_for_each_subnode(node, tree, 0) {
    const int overlay = fdt_subnode_offset(tree, node, "__overlay__");
    if (overlay >= 0) out.push_back({text_property(tree, node, "target-path"), overlay});
  }
  return out;
}

// of_fpga_region_notify_pre_apply()
int program(FakeHost& host, std::size_t region, const std::string& node, const void* tree, int overlay) {
  if (there(host, programmed(region))) return EINVAL;
  const auto firmware = text_property(tree, overlay, "firmware-name");
  if (firmware.empty()) return 0;
  if (fdt_getprop(tree, overlay, "external-fpga-config", nullptr) != nullptr) return EINVAL;
  auto bridges = value_of(tree, overlay, "fpga-bridges");
  if (bridges.empty()) bridges = host.content(live + node + "/fpga-bridges");
  switch_bridges(host, bridges, "disabled\n");
  if (const int error = fake_fpga_load(host, firmware)) {
    complain(host, "fpga_region region" + std::to_string(region) + ": failed to load FPGA image");
    return error;
  }
  switch_bridges(host, bridges, "enabled\n");
  host.file(programmed(region), bridges);
  return 0;
}

void add_nodes(FakeHost& host, const std::string& path, const void* tree, int node, std::string& added) {
  int property = 0;
  fdt_for_each_property_offset(property, tree, node) {
    const char* name = nullptr;
    fdt_getprop_by_offset(tree, property, &name, nullptr);
    host.file(live + path + "/" + name, value_of(tree, node, name));
    added += live + path + "/" + name + "\n";
  }
  int child = 0;
  fdt_for_each_subnode(child, tree, node) {
    const auto below = path + "/" + fdt_get_name(tree, child, nullptr);
    host.directory(live + below);
    added += live + below + "\n";
    add_nodes(host, below, tree, child, added);
  }
}

// find_dup_cset_node_entry() and find_dup_cset_prop(): what two fragments add to one place is nobody's.
bool adds_twice(const std::string& path, const void* tree, int node, std::set<std::string>& seen) {
  int property = 0;
  fdt_for_each_property_offset(property, tree, node) {
    const char* name = nullptr;
    fdt_getprop_by_offset(tree, property, &name, nullptr);
    if (!seen.insert(path + ":" + name).second) return true;
  }
  int child = 0;
  fdt_for_each_subnode(child, tree, node) {
    if (adds_twice(path + "/" + fdt_get_name(tree, child, nullptr), tree, child, seen)) return true;
  }
  return false;
}

int apply(FakeHost& host, const Regions& regions, const std::string& directory, const std::string& blob) {
  if (const int error = ordered(host, "apply")) return error;
  if (fdt_check_full(blob.data(), blob.size()) != 0) return EINVAL;
  const auto fragments = fragments_of(blob.data());
  for (const auto& [target, overlay] : fragments) {
    if (target.empty() || !there(host, live + target)) return EINVAL;
  }
  std::set<std::string> seen;
  for (const auto& [target, overlay] : fragments) {
    if (!adds_twice(target, blob.data(), overlay, seen)) continue;
    complain(host, "OF: changeset: ERROR: multiple fragments add, update, and/or delete property " + target);
    return EINVAL;
  }
  std::string added;
  for (const auto& [target, overlay] : fragments) {
    const auto region = number_of(regions, target);
    if (region == regions.size()) continue;
    const int error = program(host, region, target, blob.data(), overlay);
    if (error == 0) continue;
    complain(host, "OF: overlay: overlay changeset pre-apply notifier error -" + std::to_string(error) +
                       ", target: " + target);
    // What undoes it tells every region of the overlay that its overlay goes.
    for (const auto& fragment : fragments) {
      if (const auto number = number_of(regions, fragment.target); number != regions.size()) forget(host, number);
    }
    return error;
  }
  for (const auto& [target, overlay] : fragments) add_nodes(host, target, blob.data(), overlay, added);
  host.file(record(directory), added);
  return 0;
}

int write_path(FakeHost& host, const Regions& regions, const std::string& directory, std::string_view value) {
  std::string name(value);
  if (!name.empty() && name.back() == '\n') name.pop_back();
  if (host.content(directory + "/path") != "\n") return EPERM;
  const auto file = "/lib/firmware/" + name;
  const int error = there(host, file) ? apply(host, regions, directory, host.content(file)) : ENOENT;
  if (error != 0) {
    complain(host, "create_overlay: Failed to create overlay (err=-" + std::to_string(error) + ")");
    return 0;
  }
  host.file(directory + "/path", name + "\n");
  host.file(directory + "/status", "applied\n");
  return 0;
}

int remove_overlay(FakeHost& host, const Regions& regions, const std::string& directory) {
  if (!there(host, record(directory)) || ordered(host, "remove") != 0) return 0;
  std::istringstream lines(host.content(record(directory)));
  std::vector<std::string> paths;
  for (std::string line; std::getline(lines, line);) paths.push_back(line);
  for (auto path = paths.rbegin(); path != paths.rend(); ++path) fs::remove(host.real(*path));
  for (std::size_t region = 0; region < regions.size(); ++region) {
    const auto start = live + regions[region] + "/";
    if (std::any_of(paths.begin(), paths.end(), [&](const auto& path) { return path.starts_with(start); })) {
      forget(host, region);
    }
  }
  fs::remove(host.real(record(directory)));
  return 0;
}

void lay_out_region(FakeHost& host, std::size_t number, const std::string& node) {
  const auto manager = "\0\0\0\x1a"s;
  host.file(live + node + "/compatible", "fpga-region\0"s);
  host.file(live + node + "/fpga-mgr", manager);
  host.file(std::string(fpga_path) + "/of_node/phandle", manager);
  host.file("/sys/class/fpga_region/region" + std::to_string(number) + "/uevent",
            "OF_NAME=" + name_of(node) + "\nOF_FULLNAME=" + node + "\nOF_COMPATIBLE_0=fpga-region\n");
  const auto bridge = "\0\0\0"s + static_cast<char>(0x30 + number);
  host.file(live + node + "/fpga-bridges", bridge);
  host.file(live + "/bridge@" + std::to_string(number) + "/phandle", bridge);
  host.file(fake_bridges + std::to_string(number) + "/of_node/phandle", bridge);
  host.file(fake_bridges + std::to_string(number) + "/state", "enabled\n");
}

}  // namespace

void add_fake_overlays(FakeHost& host, const Regions& regions) {
  const std::string overlays = fake_overlays;
  const auto react = [&host, regions](const std::string& directory) {
    host.on_attribute(directory + "/path", [&host, regions, directory](std::string_view value) {
      return write_path(host, regions, directory, value);
    });
  };
  if (!there(host, overlays)) {
    host.directory(overlays);
    host.file("/dev/kmsg", "");
    for (std::size_t number = 0; number < regions.size(); ++number) lay_out_region(host, number, regions[number]);
  }
  for (const auto& entry : fs::directory_iterator(host.real(overlays))) {
    react(overlays + "/" + entry.path().filename().string());
  }
  host.on_directory(
      overlays,
      [&host, react](const std::string& directory) {
        host.file(directory + "/path", "\n");
        host.file(directory + "/status", "unapplied\n");
        react(directory);
        return 0;
      },
      [&host, regions](const std::string& directory) { return remove_overlay(host, regions, directory); });
}

}  // namespace runx::fake
