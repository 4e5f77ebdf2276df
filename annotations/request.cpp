// SPDX-License-Identifier: Apache-2.0
#include "annotations/request.h"

#include <algorithm>
#include <array>

#include "annotations/value.h"
#include "base/json.h"
#include "base/sha256.h"

#include <nlohmann/json.hpp>

namespace runx::annotations {
namespace {

constexpr std::size_t longest_value = 4096;
constexpr std::size_t most_names = 32;  // of one area: far more than any board has regions

struct Key {
  std::string_view area;  // "fpga"
  std::string_view name;  // "aes"; empty where the area has no names
  std::string_view leaf;  // "bitstream"
};

// fpga.<name>.<leaf>, device.<name>.<leaf>, domain.<leaf>, schema
Key split(std::string_view key) {
  const auto first = key.find('.');
  if (first == std::string_view::npos) return {{}, {}, key};
  const auto last = key.rfind('.');
  const auto area = key.substr(0, first);
  if (first == last) return {area, {}, key.substr(last + 1)};
  if (last == first + 1) return {{}, {}, key};  // "domain..memory": an empty name is not the same as none
  return {area, key.substr(first + 1, last - first - 1), key.substr(last + 1)};
}

class Parser {
 public:
  explicit Parser(const Annotations& annotations) {
    // The name decides which entry a key belongs to; std::map hands the keys over sorted, so all keys of one
    // name come together.
    for (const auto& [key, value] : annotations) {
      if (key.starts_with(prefix)) take(key, value);
    }
    require();
  }

  Parsed result() && { return std::move(parsed_); }

 private:
  void complain(std::string_view key, std::string_view value, std::string reason, std::string remedy) {
    parsed_.complaints.push_back({printable(key, 256), printable(value), std::move(reason), std::move(remedy)});
  }

  void take(const std::string& key, const std::string& value) {
    if (value.size() > longest_value) return complain(key, value, "longer than 4096 bytes", "shorten it");
    const auto parts = split(std::string_view(key).substr(prefix.size()));
    if (parts.area.empty() && parts.leaf == "schema") return take_schema(key, value);
    if (parts.area == "domain" && parts.name.empty()) return take_domain(key, parts.leaf, value);
    if (parts.area == "fpga" && !parts.name.empty()) return take_fpga(key, parts, value);
    if (parts.area == "device" && !parts.name.empty()) return take_device(key, parts, value);
    unknown(key, value);
  }

  void take_schema(const std::string& key, const std::string& value) {
    if (value != schema)
      complain(key, value, "a schema that this version does not know", "write 1, or use a newer runx-accel");
  }

  void take_domain(const std::string& key, std::string_view leaf, const std::string& value) {
    auto& domain = parsed_.request.domain;
    if (leaf == "memory") {
      domain.memory = parse_size(value);
      if (!domain.memory)
        complain(key, value, "not a size", "write a number and a unit, MiB or GiB, like 128MiB (at most 1024GiB)");
    } else if (leaf == "vcpus") {
      domain.vcpus = parse_number(value, 1, 128);
      if (!domain.vcpus) complain(key, value, "not a number of virtual CPUs", "write a number from 1 to 128");
    } else {
      unknown(key, value);
    }
  }

  void take_fpga(const std::string& key, const Key& parts, const std::string& value) {
    if (parts.leaf != "bitstream" && parts.leaf != "digest" && parts.leaf != "region") return unknown(key, value);
    auto* entry = named(parsed_.request.bitstreams, key, parts.name, value);
    if (entry == nullptr) return;
    if (parts.leaf == "bitstream") {
      entry->file = value;
      if (!is_clean_path(value)) {
        complain(key, value, "not a path inside the image",
                 "write an absolute path without \".\" and \"..\", like /boot/aes.bit");
      }
    } else if (parts.leaf == "digest") {
      entry->digest = value;
      if (!base::is_sha256_digest(value)) {
        complain(key, value, "not a digest",
                 "write sha256: and the 64 lower-case digits that sha256sum prints for the file");
      }
    } else {
      if (value != "any") entry->region = value;
      if (!is_name(value)) complain(key, value, "not a region's name", "write [a-z0-9-]{1,32}, or any");
    }
  }

  void take_device(const std::string& key, const Key& parts, const std::string& value) {
    if (parts.leaf != "path") return unknown(key, value);
    auto* entry = named(parsed_.request.devices, key, parts.name, value);
    if (entry == nullptr) return;
    entry->path = value;
    if (!is_clean_path(value)) {
      complain(key, value, "not the path of a device tree node", "write it from the root, like /axi/timer@ff110000");
    }
  }

  template <class Entry>
  Entry* named(std::vector<Entry>& entries, const std::string& key, std::string_view name, std::string_view value) {
    if (!is_name(name)) {
      complain(key, value, "the name in the key is not [a-z0-9-]{1,32}", "rename it");
      return nullptr;
    }
    const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.name == name; });
    if (found != entries.end()) return &*found;
    if (entries.size() == most_names) {
      complain(key, value, "more than 32 names of this kind", "ask for fewer");
      return nullptr;
    }
    Entry entry;
    entry.name = name;
    entries.push_back(std::move(entry));
    return &entries.back();
  }

  void unknown(const std::string& key, const std::string& value) {
    const auto parts = split(std::string_view(key).substr(prefix.size()));
    const std::string name(is_name(parts.name) ? parts.name : "NAME");  // it goes into the message
    const std::array<std::string, 7> known{"schema",
                                           "domain.memory",
                                           "domain.vcpus",
                                           "fpga." + name + ".bitstream",
                                           "fpga." + name + ".digest",
                                           "fpga." + name + ".region",
                                           "device." + name + ".path"};
    const auto near = nearest(std::string_view(key).substr(prefix.size()), known);
    complain(key, value, "not a key of schema 1",
             near.empty() ? "remove it, or see spec/annotations.md for the keys"
                          : "did you mean " + std::string(prefix) + near + "?");
  }

  // A name is asked for by any of its keys; these make it complete.
  void require() {
    for (const auto& entry : parsed_.request.bitstreams) {
      if (entry.file.empty() && !complained("fpga." + entry.name + ".bitstream")) {
        complain(std::string(prefix) + "fpga." + entry.name + ".bitstream", "", "missing",
                 "name the bitstream's file in the image");
      }
    }
    for (const auto& entry : parsed_.request.devices) {
      if (entry.path.empty() && !complained("device." + entry.name + ".path")) {
        complain(std::string(prefix) + "device." + entry.name + ".path", "", "missing", "name the device's node");
      }
    }
    same_twice();
    by_name(parsed_.request.bitstreams);
    by_name(parsed_.request.devices);
  }

  // The keys' order is not the names': "a-b." stands before "a.".
  template <class Entry>
  static void by_name(std::vector<Entry>& entries) {
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
  }

  bool complained(const std::string& key) const {
    return std::any_of(parsed_.complaints.begin(), parsed_.complaints.end(),
                       [&](const Complaint& c) { return c.key == std::string(prefix) + key; });
  }

  void same_twice() {
    const auto& bitstreams = parsed_.request.bitstreams;
    for (std::size_t i = 0; i < bitstreams.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (bitstreams[i].region && bitstreams[i].region == bitstreams[j].region) {
          complain(std::string(prefix) + "fpga." + bitstreams[i].name + ".region", *bitstreams[i].region,
                   "the region that fpga." + bitstreams[j].name + " asks for too", "ask for another region");
        }
      }
    }
    const auto& devices = parsed_.request.devices;
    for (std::size_t i = 0; i < devices.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (!devices[i].path.empty() && devices[i].path == devices[j].path) {
          complain(std::string(prefix) + "device." + devices[i].name + ".path", devices[i].path,
                   "the node that device." + devices[j].name + " asks for too", "remove one of them");
        }
      }
    }
  }

  Parsed parsed_;
};

}  // namespace

std::string sentence(const Complaint& complaint) {
  std::string out = complaint.key;
  if (!complaint.value.empty()) out += " = \"" + complaint.value + "\"";
  return out + ": " + complaint.reason + ": " + complaint.remedy;
}

Parsed parse(const Annotations& annotations) { return Parser(annotations).result(); }

Annotations emit(const AcceleratorRequest& request) {
  Annotations out;
  const std::string p(prefix);
  out[p + "schema"] = schema;
  for (const auto& entry : request.bitstreams) {
    const auto key = p + "fpga." + entry.name;
    out[key + ".bitstream"] = entry.file;
    if (entry.digest) out[key + ".digest"] = *entry.digest;
    if (entry.region) out[key + ".region"] = *entry.region;
  }
  for (const auto& entry : request.devices) out[p + "device." + entry.name + ".path"] = entry.path;
  if (request.domain.memory) out[p + "domain.memory"] = size_text(*request.domain.memory);
  if (request.domain.vcpus) out[p + "domain.vcpus"] = std::to_string(*request.domain.vcpus);
  return out;
}

Annotations merge(const Annotations& image, const Annotations& run_time) {
  Annotations out = run_time;
  out.insert(image.begin(), image.end());
  return out;
}

Metadata parse_metadata(std::string_view text) {
  Metadata out;
  const std::string file(metadata_path);
  const auto complain = [&](std::string value, std::string reason) {
    out.complaints.push_back(
        {file, printable(value), std::move(reason), "write a JSON object of annotations, each value a string"});
  };
  const auto value = base::parse_json(text, "the file");
  if (!value) {
    complain("", value.error().what);
  } else if (!value->is_object()) {
    complain("", "not a JSON object");
  } else {
    for (const auto& [key, entry] : value->items()) {
      if (entry.is_string()) {
        out.annotations[key] = entry.get<std::string>();
      } else {
        complain(key, "the value of this key is not a string");
      }
    }
  }
  return out;
}

}  // namespace runx::annotations
