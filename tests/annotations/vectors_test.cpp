// SPDX-License-Identifier: Apache-2.0
// The conformance vectors of spec/vectors, read as its README says.
#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

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
    if (entry.path().extension() == ".json") out.push_back(entry.path().stem().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

json request_json(const AcceleratorRequest& request) {
  json out = json::object();
  for (const auto& b : request.bitstreams) {
    json entry{{"name", b.name}, {"file", b.file}};
    if (b.digest) entry["digest"] = *b.digest;
    if (b.region) entry["region"] = *b.region;
    out["bitstreams"].push_back(std::move(entry));
  }
  for (const auto& d : request.devices) out["devices"].push_back({{"name", d.name}, {"path", d.path}});
  if (request.domain.memory) out["domain"]["memory"] = *request.domain.memory;
  if (request.domain.vcpus) out["domain"]["vcpus"] = *request.domain.vcpus;
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
    EXPECT_TRUE(key == "description" || key == "metadata" || key == "annotations" || key == "expect") << key;
  }
  const auto& expect = vector->at("expect");
  ASSERT_EQ(expect.size(), 1U);
  EXPECT_EQ(expect.contains("request"), name.starts_with("valid-"));
  const auto found = read(*vector);
  if (expect.contains("request")) {
    expect_complaints(json::array(), found.complaints);
    EXPECT_EQ(request_json(found.request), expect["request"]);
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
  EXPECT_GE(count("valid-"), 20);
  EXPECT_GE(count("invalid-"), 30);
  EXPECT_GE(count("hostile-"), 10);
  EXPECT_EQ(count("valid-") + count("invalid-") + count("hostile-"), static_cast<long>(names.size()));
}

}  // namespace
}  // namespace runx::annotations
