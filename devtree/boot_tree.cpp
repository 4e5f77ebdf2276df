// SPDX-License-Identifier: Apache-2.0
#include "devtree/boot_tree.h"

namespace runx::devtree {

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
