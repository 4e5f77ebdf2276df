// SPDX-License-Identifier: Apache-2.0
#pragma once

// The tree that Xen is booted with. It says which devices may be given to guests (`xen,passthrough`), and Dom0 keeps it
// as a file, because in the tree that Xen hands to Dom0 the mark is gone, a marked node reads status "disabled" and
// no node has iommus (xen/arch/arm/domain_build.c). A file can be another one than Xen was booted with; check_live()
// finds out.

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "devtree/blob.h"
#include "devtree/node.h"

namespace runx::devtree {

bool is_marked(const Node& node);

// `host` with xen,passthrough and status "okay" on each of `nodes` (absolute paths), and nothing else changed. A
// node that is already so is fine. Errors: no_such_device, naming the node; file_too_large.
base::Result<Blob> mark_passthrough(const Blob& host, const std::vector<std::string>& nodes);

// True for the tree that Xen has made for a domain, Dom0's live one (/sys/firmware/fdt) above all: it has the node
// /hypervisor, compatible "xen,xen" (Linux Documentation/devicetree/bindings/arm/xen.txt). It hides marks and IOMMUs,
// so it is no use where the tree is wanted that Xen was booted with.
bool is_made_by_xen(const Tree& tree);

// What Dom0 sees of a node under /proc/device-tree (or /sys/firmware/devicetree/base).
struct LiveNode {
  bool present = false;
  std::optional<std::string> status = std::nullopt;  // as read: the closing NUL does not matter
};

// Fine when Dom0's view of `node` is what the boot tree makes of it; an error when this cannot be the tree that Xen
// booted. A node that is not marked is always fine: it proves nothing either way.
base::Status check_live(const Node& node, const LiveNode& live);

}  // namespace runx::devtree
