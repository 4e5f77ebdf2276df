// SPDX-License-Identifier: Apache-2.0
#include "devtree/boot_tree.h"

namespace runx::devtree {
namespace {

using base::Status;

// "/chosen/module@..." for one file of Dom0's.
Status add_module(Blob& tree, const std::string& kind, const Block& where) {
  const Tree now = Tree::of(tree);
  const Node chosen = *now.find("/chosen");
  for (const Node& child : chosen.children()) {
    if (!child.is_compatible("multiboot," + kind)) continue;
    return base::fail(std::errc::file_exists, child.path(), " says already where Dom0's ", kind,
                      " is: start from the board's own tree");
  }
  const auto cells = child_cells(chosen);
  if (!cells) return tl::make_unexpected(cells.error());
  const auto fits = [](std::uint64_t number, unsigned count) {
    return count == 2 || (count == 1 && number <= UINT32_MAX);
  };
  if (!fits(where.address, cells->address) || !fits(where.size, cells->size))
    return base::fail(std::errc::invalid_argument, "/chosen has cells too small for Dom0's ", kind);
  DraftNode module{"module@" + base::hex(where.address).substr(2)};
  auto compatible = text_value("multiboot," + kind);
  const auto second = text_value("multiboot,module");
  compatible.insert(compatible.end(), second.begin(), second.end());
  module.add("compatible", std::move(compatible));
  std::vector<std::uint8_t> reg;
  append_cells(reg, where.address, cells->address);
  append_cells(reg, where.size, cells->size);
  module.add("reg", std::move(reg));
  return tree.add_node("/chosen", module);
}

Status prepare_chosen(Blob& tree, bool modules) {
  const Tree before = Tree::of(tree);
  if (!before.find("/chosen")) {
    if (Status added = tree.add_node("/", {"chosen"}); !added) return added;
  }
  const Tree now = Tree::of(tree);
  const Node chosen = *now.find("/chosen");
  // Where there are children, their addresses are in the cells of today.
  if (!modules || !chosen.children().empty()) return {};
  for (const char* cells : {"#size-cells", "#address-cells"}) {
    if (chosen.has(cells)) continue;
    if (Status set = tree.set_property("/chosen", cells, cells_value({2})); !set) return set;
  }
  return {};
}

}  // namespace

bool is_marked(const Node& node) { return node.has("xen,passthrough"); }

base::Result<Blob> mark_passthrough(const Blob& host, const std::vector<std::string>& nodes) {
  const Tree tree = Tree::of(host);
  Blob out = host;
  for (const std::string& path : nodes) {
    const auto node = tree.find(path);
    if (!node) return base::fail(std::errc::no_such_device, path, ": the tree has no such node to mark");
    if (!is_marked(*node)) {
      if (base::Status set = out.set_property(path, "xen,passthrough", {}); !set)
        return tl::make_unexpected(set.error());
    }
    if (!node->okay()) {
      const auto okay = text_value("okay");
      if (base::Status set = out.set_property(path, "status", okay); !set) return tl::make_unexpected(set.error());
    }
  }
  return out;
}

base::Result<Blob> write_chosen(const Blob& host, const XenBoot& boot) {
  Blob out = host;
  if (!boot.xen_arguments && !boot.dom0_arguments && !boot.kernel && !boot.ramdisk) return out;
  Status done = prepare_chosen(out, boot.kernel || boot.ramdisk);
  const auto arguments = [&](const char* property, const std::optional<std::string>& value) {
    if (done && value) done = out.set_property("/chosen", property, text_value(*value));
  };
  arguments("xen,dom0-bootargs", boot.dom0_arguments);
  arguments("xen,xen-bootargs", boot.xen_arguments);
  if (done && boot.ramdisk) done = add_module(out, "ramdisk", *boot.ramdisk);
  if (done && boot.kernel) done = add_module(out, "kernel", *boot.kernel);
  if (!done) return tl::make_unexpected(done.error());
  return out;
}

bool is_made_by_xen(const Tree& tree) {
  const auto hypervisor = tree.find("/hypervisor");
  return hypervisor && hypervisor->is_compatible("xen,xen");
}

base::Status check_live(const Node& node, const LiveNode& live) {
  if (!is_marked(node)) return {};
  std::string status = live.status.value_or("");
  while (!status.empty() && (status.back() == '\0' || status.back() == '\n')) status.pop_back();
  if (live.present && status == "disabled") return {};
  const std::string seen = !live.present    ? "Dom0 does not see the node at all"
                           : status.empty() ? "Dom0 sees it without a status"
                                            : "Dom0 sees it with status " + status;
  return base::fail(
      std::errc::state_not_recoverable, node.path(), " is marked xen,passthrough in the boot tree, but ", seen,
      " where Xen would have made it disabled: the file is not the tree that Xen booted with: boot Xen with "
      "it, or name the right file in the board file");
}

}  // namespace runx::devtree
