// SPDX-License-Identifier: Apache-2.0
#include "bitstream/tree.h"

#include <algorithm>
#include <cstring>

#include <libfdt.h>

namespace runx::bitstream {
namespace {

constexpr std::uint32_t oldest_version = 17;  // what dtc has written since 2007

}  // namespace

base::Result<Tree> Tree::parse(base::Bytes bytes, const std::string& name) {
  const auto bad = [&](const std::string& why) {
    return base::fail(std::errc::invalid_argument, name, " is no sound device tree blob: ", why);
  };
  if (bytes.size() < sizeof(fdt_header)) return bad("it ends inside its header");
  if (bytes.size() > largest_tree) return bad(base::text("it is larger than ", largest_tree, " bytes"));
  const std::size_t total = base::be32(bytes, 4);
  if (total > bytes.size())
    return bad(base::text("it says that it has ", total, " bytes, and has ", bytes.size(), ": it is truncated"));
  // Trees of before version 16 name their nodes otherwise, and libfdt 1.6.1 follows a null pointer in some of them.
  if (const auto version = base::be32(bytes, 20); version < oldest_version)
    return bad(base::text("it is of version ", version, ", and only ", oldest_version, " and newer are read"));
  Tree out;
  out.words_.resize((bytes.size() + 7) / 8);
  std::memcpy(out.words_.data(), bytes.data(), bytes.size());
  if (const int error = fdt_check_full(out.fdt(), bytes.size()); error != 0) return bad(fdt_strerror(error));
  return out;
}

std::string Tree::text(int node, const char* property) const {
  int length = 0;
  const auto* value = static_cast<const char*>(fdt_getprop(fdt(), node, property, &length));
  if (value == nullptr || length <= 0) return {};
  const auto* end = std::find(value, value + length, '\0');
  return end == value + length ? std::string() : std::string(value, end);
}

}  // namespace runx::bitstream
