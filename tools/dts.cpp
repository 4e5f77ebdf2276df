// SPDX-License-Identifier: Apache-2.0
#include "tools/dts.h"

#include <algorithm>

#include "base/printable.h"

namespace runx::tools {
namespace {

// One or more texts, each printable, not empty and ended by NUL.
bool looks_like_text(base::Bytes value) {
  if (value.empty() || value.back() != 0 || value.front() == 0) return false;
  return std::adjacent_find(value.begin(), value.end(), [](auto a, auto b) { return a == 0 && b == 0; }) ==
             value.end() &&
         std::all_of(value.begin(), value.end(), [](auto c) { return c == 0 || (c >= 0x20 && c < 0x7f); });
}

std::string value_text(base::Bytes value) {
  std::string out;
  if (looks_like_text(value)) {
    auto rest = base::text_of(value);
    while (!rest.empty()) {
      const auto part = rest.substr(0, rest.find('\0'));
      out += (out.empty() ? "\"" : ", \"");
      for (const char c : part) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
      }
      out += '"';
      rest.remove_prefix(part.size() + 1);
    }
    return out;
  }
  if (value.size() % 4 == 0) {
    for (std::size_t at = 0; at < value.size(); at += 4)
      out += (out.empty() ? "" : " ") + base::hex(base::be32(value, at));
    return "<" + out + ">";
  }
  for (const auto byte : value) out += (out.empty() ? "" : " ") + base::hex(byte, 2).substr(2);
  return "[" + out + "]";
}

void print(const devtree::Node& node, const std::string& indent, std::string& out) {
  out += indent + (node.name().empty() ? "/" : std::string(node.name())) + " {\n";
  for (const auto& property : node.properties()) {
    out += indent + "\t" + std::string(property.name);
    if (!property.value.empty()) out += " = " + value_text(property.value);
    out += ";\n";
  }
  for (const auto& child : node.children()) {
    out += "\n";
    print(child, indent + "\t", out);
  }
  out += indent + "};\n";
}

}  // namespace

std::string dts_text(const devtree::Tree& tree) {
  std::string out = "/dts-v1/;\n\n";
  print(tree.root(), "", out);
  return out;
}

}  // namespace runx::tools
