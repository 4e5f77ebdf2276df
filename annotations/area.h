// SPDX-License-Identifier: Apache-2.0
#pragma once

// An area is the keys below one word (fpga.NAME.*, domain.*); those without a word are an area too. The parser, the
// emitter and the list of keys loop over the table of areas. A new area is a member of AcceleratorRequest, a file with
// the area's fields and what they require of each other, and a row in area.cpp.

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "annotations/field.h"
#include "annotations/keys.h"
#include "annotations/request.h"

namespace runx::annotations {

inline constexpr std::size_t most_names = 32;  // of one area: far more than any board has regions

// One annotation of ours, as the parser hands it to the area of its first part.
struct Given {
  const std::string& key;
  std::vector<std::string_view> parts;  // of the key, after the prefix
  const std::string& value;
};

// What is wrong, as it is found. Keys and values are cut and made printable here.
class Complaints {
 public:
  void add(std::string_view key, std::string_view value, std::string reason, std::string remedy);
  void add(const Given& given, std::string reason, std::string remedy);
  // With the key that is probably meant.
  void unknown(const Given& given);
  // `key` is without the prefix. Says nothing when that key is complained of already.
  void missing(const std::string& key, const char* remedy);
  bool has(const std::string& key) const;

  std::vector<Complaint> take() && { return std::move(all_); }

 private:
  std::vector<Complaint> all_;
};

struct Area {
  std::string_view word;  // the first part of its keys; "" for keys of one part
  void (*list)(const Area&, std::vector<KeyPattern>& out);
  void (*read)(AcceleratorRequest&, const Given&, Complaints&);
  void (*write)(const Area&, const AcceleratorRequest&, Annotations& out);
  // After all keys are read: what is missing, and what contradicts. Puts entries in the order of their names.
  void (*require)(AcceleratorRequest&, Complaints&);
};

extern const Area top_area;     // top.cpp
extern const Area fpga_area;    // fpga.cpp
extern const Area rpu_area;     // rpu.cpp
extern const Area device_area;  // device.cpp
extern const Area domain_area;  // domain.cpp

// In the order of the specification.
std::span<const Area* const> areas();

// The pieces that areas are made of. `before` and `after` stand around the leaf in the key.
template <class Fields>
void list_fields(const Fields& fields, std::string_view before, std::string_view after, std::vector<KeyPattern>& out) {
  for (const auto& field : fields) {
    out.push_back({std::string(before).append(field.leaf).append(after), field.who, field.names_file, field.identifies,
                   field.reason});
  }
}

template <class Fields, class Entry>
void write_fields(const Fields& fields, const Entry& entry, const std::string& before, const std::string& after,
                  Annotations& out) {
  for (const auto& field : fields) {
    if (auto value = field.write(entry)) out[before + std::string(field.leaf) + after] = std::move(*value);
  }
}

template <class Entry>
void read_field(const Field<Entry>& field, Entry& entry, const Given& given, Complaints& complaints) {
  if (!field.read(entry, given.value)) complaints.add(given, field.reason, field.remedy);
}

// The entry of that name, made when there is none; nullptr, and a complaint, when there cannot be one.
template <class Entry>
Entry* named_entry(std::vector<Entry>& entries, std::string_view name, const Given& given, Complaints& complaints) {
  if (!is_name(name)) {
    complaints.add(given, std::string("the name in the key is not ") + name_syntax, "rename it");
    return nullptr;
  }
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.name == name; });
  if (found != entries.end()) return &*found;
  if (entries.size() == most_names) {
    complaints.add(given, "more than 32 names of this kind", "ask for fewer");
    return nullptr;
  }
  Entry entry{};
  entry.name = name;
  entries.push_back(std::move(entry));
  return &entries.back();
}

// WORD.NAME.LEAF; a name with dots in it is a wrong name, and none at all is another key.
template <auto entries, const auto& fields>
void read_named(AcceleratorRequest& request, const Given& given, Complaints& complaints) {
  const auto& parts = given.parts;
  const auto* field = find_field(fields, parts.back());
  if (parts.size() < 3 || (parts.size() == 3 && parts[1].empty()) || field == nullptr) return complaints.unknown(given);
  const auto name = parts.size() == 3 ? parts[1] : std::string_view();
  if (auto* entry = named_entry(request.*entries, name, given, complaints))
    read_field(*field, *entry, given, complaints);
}

// `before` of an entry of that name.
inline std::string key_before(const Area& area, const std::string& name) {
  return std::string(prefix).append(area.word).append(".").append(name).append(".");
}

// An area with a NAME in its keys. `check` has the entries in the order of their names; the keys' order is another one:
// "a-b." stands before "a.".
template <auto entries, const auto& fields, void (*check)(const AcceleratorRequest&, Complaints&)>
constexpr Area named_area(std::string_view word) {
  return {word,
          [](const Area& area, std::vector<KeyPattern>& out) {
            list_fields(fields, std::string(area.word).append(".NAME."), "", out);
          },
          read_named<entries, fields>,
          [](const Area& area, const AcceleratorRequest& request, Annotations& out) {
            for (const auto& entry : request.*entries)
              write_fields(fields, entry, key_before(area, entry.name), "", out);
          },
          [](AcceleratorRequest& request, Complaints& complaints) {
            std::sort((request.*entries).begin(), (request.*entries).end(),
                      [](const auto& a, const auto& b) { return a.name < b.name; });
            check(request, complaints);
          }};
}

}  // namespace runx::annotations
