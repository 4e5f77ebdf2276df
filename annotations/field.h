// SPDX-License-Identifier: Apache-2.0
#pragma once

// A Field is a key's last part with how its value is read and written. What the fields of an area have in common is
// made here; an area's own file has the list of them (area.h).

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "annotations/keys.h"
#include "annotations/value.h"

namespace runx::annotations {

template <class Entry>
struct Field {
  std::string_view leaf;
  bool (*read)(Entry&, const std::string& value);           // false: not such a value, and the entry is as before
  std::optional<std::string> (*write)(const Entry& entry);  // nothing: not asked, or the default
  const char* reason;                                       // what is told when read() says false
  const char* remedy;
  Who who = Who::anybody;
  bool names_file = false;  // the value is the path of a file of the image
  bool identifies = false;  // the value says which thing the NAME means
};

template <class Fields>
auto find_field(const Fields& fields, std::string_view leaf) {
  const auto found = std::find_if(std::begin(fields), std::end(fields), [&](const auto& f) { return f.leaf == leaf; });
  return found == std::end(fields) ? nullptr : &*found;
}

template <class>
struct OfMember;
template <class E, class V>
struct OfMember<V E::*> {
  using Entry = E;
};
template <auto member>
using EntryOf = typename OfMember<decltype(member)>::Entry;

using FieldText = std::optional<std::string>;

// A value that is kept as it is written: in a string (empty: not asked) or an optional one.
template <auto member, bool (*valid)(std::string_view)>
constexpr Field<EntryOf<member>> text_field(std::string_view leaf, const char* reason, const char* remedy) {
  return {leaf,
          [](EntryOf<member>& entry, const std::string& value) {
            if (!valid(value)) return false;
            entry.*member = value;
            return true;
          },
          [](const EntryOf<member>& entry) {
            FieldText out = entry.*member;
            return out && out->empty() ? FieldText() : out;
          },
          reason, remedy};
}

// The path of a file of the image.
template <auto member>
constexpr Field<EntryOf<member>> file_field(std::string_view leaf) {
  auto out = text_field<member, is_clean_path>(leaf, "not a path inside the image",
                                               "write an absolute path without \".\" and \"..\", like /boot/aes.bit");
  out.names_file = true;
  return out;
}

template <auto member>
constexpr Field<EntryOf<member>> digest_field(std::string_view leaf) {
  return text_field<member, is_digest>(leaf, "not a digest",
                                       "write sha256: and the 64 lower-case digits that sha256sum prints for the file");
}

// A text, and "any" is nothing in particular.
template <auto member, bool (*valid)(std::string_view)>
constexpr Field<EntryOf<member>> any_field(std::string_view leaf, const char* reason, const char* remedy) {
  return {leaf,
          [](EntryOf<member>& entry, const std::string& value) {
            if (value != "any" && !valid(value)) return false;
            entry.*member = value == "any" ? FieldText() : FieldText(value);
            return true;
          },
          [](const EntryOf<member>& entry) { return entry.*member; }, reason, remedy};
}

inline bool any_order(const std::vector<std::string>&) { return true; }

template <auto member, bool (*valid)(std::string_view), bool (*ordered)(const std::vector<std::string>&) = any_order>
constexpr Field<EntryOf<member>> list_field(std::string_view leaf, const char* reason, const char* remedy) {
  return {leaf,
          [](EntryOf<member>& entry, const std::string& value) {
            auto list = parse_list(value, valid);
            if (!list || !ordered(*list)) return false;
            entry.*member = std::move(*list);
            return true;
          },
          [](const EntryOf<member>& entry) {
            std::string out;
            for (const auto& element : entry.*member) out += (out.empty() ? "" : " ") + element;
            return out.empty() ? FieldText() : FieldText(out);
          },
          reason, remedy};
}

// Nodes of a device tree.
template <auto member>
constexpr Field<EntryOf<member>> nodes_field(std::string_view leaf) {
  return list_field<member, is_reference>(leaf, "not a list of nodes",
                                          "write paths, aliases or labels of nodes, one space between two");
}

// An optional yes or no.
template <auto member>
constexpr Field<EntryOf<member>> flag_field(std::string_view leaf) {
  return {leaf,
          [](EntryOf<member>& entry, const std::string& value) {
            if (value != "yes" && value != "no") return false;
            entry.*member = value == "yes";
            return true;
          },
          [](const EntryOf<member>& entry) {
            return entry.*member ? FieldText(*(entry.*member) ? "yes" : "no") : FieldText();
          },
          "neither yes nor no", "write yes or no"};
}

}  // namespace runx::annotations
