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
// The schema that this code reads; another one is refused. Keys are added to it by the mark (alias.h).
inline constexpr std::string_view schema = "1";
// Where an image carries its annotations in its own file system (a JSON object, the same keys and values).
inline constexpr std::string_view metadata_path = "/.runx-accel.json";
// Bytes of that file, wherever it is read.
inline constexpr std::size_t largest_metadata = std::size_t{1} << 20;
// Characters of a key of ours, prefix and mark included: what Kubernetes takes as the name of an annotation.
inline constexpr std::size_t longest_key = 63;

// The file of a bitstream for one region.
struct BitstreamVariant {
  std::string file;  // absolute, inside the rootfs
  std::optional<std::string> digest = std::nullopt;
  bool operator==(const BitstreamVariant&) const = default;
};

struct BitstreamRequest {
  std::string name;                   // fpga.<name>.…
  std::string file;                   // absolute, inside the rootfs; empty when there are only variants
  std::optional<std::string> digest;  // "sha256:…" of the whole file
  std::optional<std::string> region;  // a name, or the path of its node; nothing: any region that fits and is free
  std::map<std::string, BitstreamVariant> variants = {};  // by the region's name; `file` is for all other regions
  std::optional<std::string> format = std::nullopt;       // bit, bin, boot, pdi, xclbin; nothing: what the file is
  std::optional<bool> partial = std::nullopt;             // nothing: what the file says
  std::optional<std::string> shell = std::nullopt;        // of the static design that it was built against
  std::optional<std::string> overlay = std::nullopt;      // absolute, inside the rootfs
  std::vector<std::string> overlay_nodes = {};            // of the overlay, given to the domain: paths or labels
  std::optional<bool> encrypted = std::nullopt;
  std::optional<bool> authenticated = std::nullopt;
  std::vector<std::string> aie = {};  // partitions of the AI engine array, "FIRST-LAST" columns
  bool operator==(const BitstreamRequest&) const = default;
};

struct ProcessorRequest {
  std::string name;                      // rpu.<name>.…
  std::optional<std::string> processor;  // name, path, alias, label or compatible; nothing: any
  std::optional<std::string> firmware;   // absolute, inside the rootfs; nothing (target rpu only): process.args[0]
  std::optional<std::string> digest = std::nullopt;
  std::optional<std::string> cluster = std::nullopt;  // split or lockstep; nothing: as it is
  std::vector<std::string> memory = {};               // nodes of reserved memory that the domain shares with it
  bool operator==(const ProcessorRequest&) const = default;
};

// Exactly one of path, alias, label and compatible is not empty.
struct DeviceRequest {
  std::string name;  // device.<name>.…
  std::string path;  // absolute path of a node in the host's device tree
  std::string alias = {};
  std::string label = {};
  std::string compatible = {};
  bool required = true;                                 // false: the container can do without
  std::optional<std::uint64_t> address = std::nullopt;  // where the guest wants its registers
  bool operator==(const DeviceRequest&) const = default;
};

struct DomainRequest {
  std::optional<std::uint64_t> memory;                // bytes, a multiple of 1 MiB
  std::optional<unsigned> vcpus;                      // 1..128
  std::optional<std::string> kernel = std::nullopt;   // absolute, inside the rootfs
  std::optional<std::string> ramdisk = std::nullopt;  // the same
  std::optional<std::string> cmdline = std::nullopt;  // added to the kernel's command line
  bool kernel_only = false;                           // an RTOS, unikernel or bare metal: no init, no root file system
  std::optional<std::string> console = std::nullopt;  // pv, vuart, none
  bool operator==(const DomainRequest&) const = default;
};

enum class Target { domain, rpu };  // rpu: the container is a firmware, and there is no domain

struct AcceleratorRequest {
  std::vector<BitstreamRequest> bitstreams;  // by name
  std::vector<DeviceRequest> devices;        // by name
  DomainRequest domain;
  std::vector<ProcessorRequest> processors = {};  // by name
  std::vector<std::string> board = {};            // compatibles of boards that the image fits; empty: not said
  Target target = Target::domain;
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

// Reads all keys under our prefix, and the aliases of other projects (alias.h), and ignores all others, and keys that
// it does not know where they are marked (alias.h). Reports every complaint at once.
Parsed parse(const Annotations& annotations);

// The annotations that mean `request`: parse(emit(r)).request == r.
Annotations emit(const AcceleratorRequest& request);

// The metadata file's text. Complaints name the file; annotations that are not ours are kept.
struct Metadata {
  Annotations annotations;
  std::vector<Complaint> complaints;
};
Metadata parse_metadata(std::string_view text);

}  // namespace runx::annotations
