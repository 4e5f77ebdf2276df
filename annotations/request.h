// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a container asks of the board, as a plain value. It is a request and never a grant: what may be given is
// in the board's files and in the tree that Xen was booted with (spec/host.md). spec/annotations.md describes
// every key; `parse` is its only reader and `emit` its only writer.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace runx::annotations {

// Every key of ours begins with this (reverse DNS, image-spec annotations.md, rules).
inline constexpr std::string_view prefix = "io.runx-accel.";
// The schema that this code reads; another major is refused.
inline constexpr std::string_view schema = "1";
// Where an image carries its annotations in its own file system (a JSON object, the same keys and values).
inline constexpr std::string_view metadata_path = "/.runx-accel.json";

struct BitstreamRequest {
  std::string name;                   // fpga.<name>.…
  std::string file;                   // absolute, inside the rootfs
  std::optional<std::string> digest;  // "sha256:…" of the whole file
  std::optional<std::string> region;  // nothing: any region that fits and is free
  bool operator==(const BitstreamRequest&) const = default;
};

struct DeviceRequest {
  std::string name;  // device.<name>.…
  std::string path;  // absolute path of a node in the host's device tree
  bool operator==(const DeviceRequest&) const = default;
};

struct DomainRequest {
  std::optional<std::uint64_t> memory;  // bytes, a multiple of 1 MiB
  std::optional<unsigned> vcpus;        // 1..128
  bool operator==(const DomainRequest&) const = default;
};

struct AcceleratorRequest {
  std::vector<BitstreamRequest> bitstreams;  // by name
  std::vector<DeviceRequest> devices;        // by name
  DomainRequest domain;
  bool operator==(const AcceleratorRequest&) const = default;
};

// One thing that is wrong with one key. `key` and `value` are cut and printable.
struct Complaint {
  std::string key;
  std::string value;
  std::string reason;
  std::string remedy;
};

// "io.runx-accel.domain.memory = "64X": not a size: write a number and MiB or GiB"
std::string sentence(const Complaint& complaint);

using Annotations = std::map<std::string, std::string>;

struct Parsed {
  AcceleratorRequest request;
  std::vector<Complaint> complaints;  // empty: the request is good
};

// Reads all keys under our prefix and ignores all others. Reports every complaint at once.
Parsed parse(const Annotations& annotations);

// The annotations that mean `request`: parse(emit(r)).request == r.
Annotations emit(const AcceleratorRequest& request);

// What the operator says at run time wins, key by key, over what the image says.
Annotations merge(const Annotations& image, const Annotations& run_time);

// The metadata file's text. Complaints name the file; annotations that are not ours are kept.
struct Metadata {
  Annotations annotations;
  std::vector<Complaint> complaints;
};
Metadata parse_metadata(std::string_view text);

}  // namespace runx::annotations
