// SPDX-License-Identifier: Apache-2.0
// The conformance vectors of spec/vectors, read as its README says.
#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "annotations/place.h"
#include "annotations/request.h"
#include "base/host.h"
#include "base/json.h"

namespace runx::annotations {
namespace {

using nlohmann::json;

const std::string folder = RUNX_SOURCE_DIR "/spec/vectors";

std::vector<std::string> vector_names() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto name = entry.path().stem().string();
    // Those of the host's files have readers of their own.
    if (entry.path().extension() == ".json" && !name.starts_with("board-") && !name.starts_with("policy-"))
      out.push_back(name);
  }
  std::sort(out.begin(), out.end());
  return out;
}

template <class Value>
void put(json& out, const char* key, const std::optional<Value>& value) {
  if (value) out[key] = *value;
}
void put(json& out, const char* key, const std::string& value) {
  if (!value.empty()) out[key] = value;
}
void put(json& out, const char* key, const std::vector<std::string>& value) {
  if (!value.empty()) out[key] = value;
}

json bitstream_json(const BitstreamRequest& b) {
  json out{{"name", b.name}};
  put(out, "file", b.file);
  put(out, "digest", b.digest);
  put(out, "region", b.region);
  for (const auto& [region, variant] : b.variants) {
    out["variants"][region]["file"] = variant.file;
    put(out["variants"][region], "digest", variant.digest);
  }
  put(out, "format", b.format);
  put(out, "partial", b.partial);
  put(out, "shell", b.shell);
  put(out, "overlay", b.overlay);
  put(out, "overlayNodes", b.overlay_nodes);
  put(out, "encrypted", b.encrypted);
  put(out, "authenticated", b.authenticated);
  put(out, "aie", b.aie);
  return out;
}

json processor_json(const ProcessorRequest& r) {
  json out{{"name", r.name}};
  put(out, "processor", r.processor);
  put(out, "firmware", r.firmware);
  put(out, "digest", r.digest);
  put(out, "cluster", r.cluster);
  put(out, "memory", r.memory);
  return out;
}

json device_json(const DeviceRequest& d) {
  json out{{"name", d.name}};
  put(out, "path", d.path);
  put(out, "alias", d.alias);
  put(out, "label", d.label);
  put(out, "compatible", d.compatible);
  if (!d.required) out["required"] = false;
  put(out, "address", d.address);
  return out;
}

json domain_json(const DomainRequest& d) {
  json out = json::object();
  put(out, "memory", d.memory);
  put(out, "vcpus", d.vcpus);
  put(out, "kernel", d.kernel);
  put(out, "ramdisk", d.ramdisk);
  put(out, "cmdline", d.cmdline);
  if (d.kernel_only) out["kind"] = "kernel-only";
  put(out, "console", d.console);
  return out;
}

json request_json(const AcceleratorRequest& request) {
  json out = json::object();
  for (const auto& b : request.bitstreams) out["bitstreams"].push_back(bitstream_json(b));
  for (const auto& r : request.processors) out["processors"].push_back(processor_json(r));
  for (const auto& d : request.devices) out["devices"].push_back(device_json(d));
  if (auto domain = domain_json(request.domain); !domain.empty()) out["domain"] = std::move(domain);
  put(out, "board", request.board);
  if (request.target == Target::rpu) out["target"] = "rpu";
  return out;
}

struct Read {
  AcceleratorRequest request;
  std::vector<Complaint> complaints;
};

Read read(const json& vector) {
  Metadata metadata;
  if (vector.contains("metadata")) metadata = parse_metadata(vector["metadata"].get<std::string>());
  Annotations run_time;
  if (vector.contains("annotations")) run_time = vector["annotations"].get<Annotations>();
  auto parsed = parse(merge(metadata.annotations, run_time));
  Read out{std::move(parsed.request), std::move(metadata.complaints)};
  for (auto& complaint : not_for_images(metadata.annotations)) out.complaints.push_back(std::move(complaint));
  out.complaints.insert(out.complaints.end(), parsed.complaints.begin(), parsed.complaints.end());
  return out;
}

void expect_complaints(const json& expected, std::vector<Complaint> found) {
  std::string told;
  for (const auto& complaint : found) told += "\n  " + sentence(complaint);
  for (const auto& want : expected) {
    const auto same = std::find_if(found.begin(), found.end(), [&](const Complaint& c) {
      return c.key == want.at("key") && (want.at("reason").is_null() || c.reason == want.at("reason"));
    });
    EXPECT_NE(same, found.end()) << "no complaint " << want << " among:" << told;
    if (same != found.end()) found.erase(same);
  }
  for (const auto& complaint : found) ADD_FAILURE() << "not expected: " << sentence(complaint);
}

class Vectors : public ::testing::TestWithParam<std::string> {};

TEST_P(Vectors, IsReadAsExpected) {
  base::Host files;
  const auto name = GetParam();
  const auto text = files.read(folder + "/" + name + ".json");
  ASSERT_TRUE(text);
  const auto vector = base::parse_json(*text, name);
  ASSERT_TRUE(vector) << vector.error().what;
  for (const auto& [key, value] : vector->items()) {
    EXPECT_TRUE(key == "description" || key == "metadata" || key == "annotations" || key == "expect" ||
                key == "schema" || key == "schemaReason")
        << key;
  }
  const auto& expect = vector->at("expect");
  ASSERT_EQ(expect.size(), 1U);
  EXPECT_EQ(expect.contains("request"), name.starts_with("valid-"));
  const auto found = read(*vector);
  if (expect.contains("request")) {
    expect_complaints(json::array(), found.complaints);
    EXPECT_EQ(request_json(found.request), expect["request"]);
    EXPECT_EQ(parse(emit(found.request)).request, found.request);
  } else {
    ASSERT_FALSE(expect.at("complaints").empty());
    expect_complaints(expect["complaints"], found.complaints);
  }
}

std::string test_name(const ::testing::TestParamInfo<std::string>& info) {
  auto name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Spec, Vectors, ::testing::ValuesIn(vector_names()), test_name);

TEST(VectorsFolder, HoldsEnoughOfEachKind) {
  const auto names = vector_names();
  const auto count = [&](const std::string& kind) {
    return std::count_if(names.begin(), names.end(), [&](const std::string& name) { return name.starts_with(kind); });
  };
  EXPECT_GE(count("valid-"), 50);
  EXPECT_GE(count("invalid-"), 80);
  EXPECT_GE(count("hostile-"), 20);
  EXPECT_EQ(count("valid-") + count("invalid-") + count("hostile-"), static_cast<long>(names.size()));
}

}  // namespace
}  // namespace runx::annotations
