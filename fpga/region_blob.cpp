// SPDX-License-Identifier: Apache-2.0
#include "fpga/region_blob.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "devtree/overlay.h"

namespace runx::fpga {
namespace {

using base::Result;
using base::Status;
using devtree::DraftNode;

constexpr std::size_t largest_overlay = std::size_t{1} << 20;  // of the kernel's other way in, `dtbo`
constexpr std::array<std::pair<Flags, const char*>, 3> flag_properties{{
    {flag_partial, "partial-fpga-config"},
    {flag_encrypted_device_key, "encrypted-fpga-config"},
    {flag_encrypted_user_key, "userkey-encrypted-fpga-config"},
}};

template <class... Parts>
tl::unexpected<base::Error> half_error(const Parts&... parts) {
  return base::fail(std::errc::invalid_argument, "the overlay for Dom0 ", parts...);
}

Status check_programs_nothing(const devtree::Tree& half) {
  std::vector<const char*> properties{"firmware-name", "external-fpga-config"};
  for (const auto& [flag, property] : flag_properties) properties.push_back(property);
  for (const auto& node : half.nodes()) {
    for (const char* property : properties) {
      if (!node.has(property)) continue;
      return half_error("has '", property, "' in the node '", node.name(), "': it may not program anything by itself");
    }
  }
  return {};
}

Result<DraftNode> read_half(base::Bytes dom0_half) {
  if (dom0_half.empty()) return DraftNode();
  if (dom0_half.size() > largest_overlay) return half_error("has more than 1 MiB");
  const auto blob = devtree::Blob::parse(dom0_half, "the overlay for Dom0 is no device tree");
  if (!blob) return tl::unexpected(blob.error());
  const auto tree = devtree::Tree::of(*blob);
  if (auto fine = check_programs_nothing(tree); !fine) return tl::unexpected(fine.error());
  return devtree::draft_of(tree.root());
}

DraftNode* child(DraftNode& node, std::string_view name) {
  const auto found =
      std::find_if(node.children.begin(), node.children.end(), [&](const DraftNode& one) { return one.name == name; });
  return found == node.children.end() ? nullptr : &*found;
}

void set(DraftNode& node, const char* property, std::vector<std::uint8_t> value) {
  std::erase_if(node.properties, [&](const devtree::DraftProperty& one) { return one.name == property; });
  node.add(property, std::move(value));
}

// The __overlay__ of the one fragment for `node`, which is added where there is none.
Result<DraftNode*> content_for(const std::string& node, DraftNode& root) {
  const auto target = devtree::text_value(node);
  DraftNode* found = nullptr;
  for (auto& fragment : root.children) {
    const bool aimed = std::any_of(fragment.properties.begin(), fragment.properties.end(), [&](const auto& property) {
      return property.name == "target-path" && property.value == target;
    });
    if (!aimed) continue;
    if (found != nullptr) return half_error("has two fragments for ", node, ": the kernel takes one for a region");
    found = child(fragment, "__overlay__");
  }
  if (found != nullptr) return found;
  DraftNode fragment{"fragment@runx-accel"};
  fragment.add("target-path", target);
  fragment.children.push_back({"__overlay__"});
  return &root.children.insert(root.children.begin(), std::move(fragment))->children.front();
}

}  // namespace

Status check_node_path(const std::string& path) {
  const auto plain = [](char c) { return c > ' ' && c <= '~'; };
  if (path.size() > 1 && path.front() == '/' && std::all_of(path.begin(), path.end(), plain) &&
      (path + "/").find("/../") == std::string::npos) {
    return {};
  }
  return base::fail(std::errc::invalid_argument, "'", path, "' is no path of a region's node");
}

Result<std::string> region_overlay(const std::string& node, const std::string& firmware, Flags flags,
                                   base::Bytes bridges, base::Bytes dom0_half) {
  if (auto fine = check_node_path(node); !fine) return tl::unexpected(fine.error());
  if (auto fine = check_firmware_name(firmware); !fine) return tl::unexpected(fine.error());
  auto root = read_half(dom0_half);
  if (!root) return tl::unexpected(root.error());
  const auto content = content_for(node, *root);
  if (!content) return tl::unexpected(content.error());
  set(**content, "firmware-name", devtree::text_value(firmware));
  for (const auto& [flag, property] : flag_properties) {
    if ((flags & flag) != 0) set(**content, property, {});
  }
  if (!bridges.empty()) set(**content, "fpga-bridges", {bridges.begin(), bridges.end()});
  const auto blob = devtree::Draft::blob(*root);
  if (!blob) return base::context(blob.error(), "cannot make the overlay for ", node);
  return std::string(base::text_of(blob->bytes()));
}

}  // namespace runx::fpga
