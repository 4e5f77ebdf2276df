// SPDX-License-Identifier: Apache-2.0
// parse(emit(x)) == x, for requests of every shape from a seeded generator.
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "annotations/request.h"
#include "annotations/value.h"

namespace runx::annotations {
namespace {

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  AcceleratorRequest request() {
    AcceleratorRequest out;
    std::set<std::string> regions;
    for (const auto& name : names(12)) {
      BitstreamRequest entry{name, path(), std::nullopt, std::nullopt};
      if (coin()) entry.digest = "sha256:" + word("0123456789abcdef", 64, 64);
      if (auto region = this->name(32); coin() && region != "any" && regions.insert(region).second)
        entry.region = region;
      if (coin()) entry.variants["p" + word("pr0-", 1, 19) + "r"] = {path(), std::nullopt};
      if (coin()) entry.format = "bin";
      if (coin()) entry.partial = coin();
      if (coin()) entry.shell = word("aZ0._:+-", 1, 128);
      if (coin()) entry.overlay = path();
      if (entry.overlay && coin()) entry.overlay_nodes = {"/fragment@0", "label_0"};
      if (coin()) entry.encrypted = coin();
      if (coin()) entry.authenticated = coin();
      out.bitstreams.push_back(std::move(entry));
    }
    std::set<std::string> paths;
    for (const auto& name : names(30)) {
      auto node = path();
      while (!paths.insert(node).second) node += "x";
      DeviceRequest entry{name, node};
      if (pick(0, 3) == 0) entry = {name, {}, {}, "l" + std::to_string(paths.size())};
      entry.required = coin();
      if (coin()) entry.address = std::uint64_t{pick(1, 1U << 31)} << 12;
      out.devices.push_back(std::move(entry));
    }
    for (const auto& name : names(30)) {
      ProcessorRequest entry{name, std::nullopt, path()};
      if (coin()) entry.processor = "core-" + std::to_string(out.processors.size());
      if (coin()) entry.cluster = coin() ? "split" : "lockstep";
      if (coin()) entry.memory = {"/reserved-memory/a@0", "b"};
      out.processors.push_back(std::move(entry));
    }
    if (out.processors.size() == 1 && coin()) out.target = Target::rpu;
    if (coin()) out.board = {"xlnx,zynqmp-zcu102", "b"};
    if (coin()) out.domain.kernel = path();
    if (out.domain.kernel && coin()) out.domain.ramdisk = path();
    if (out.domain.kernel) out.domain.kernel_only = coin();
    if (coin()) out.domain.cmdline = word("a=, ~!", 1, 1024);
    if (coin()) out.domain.console = "none";
    if (coin()) out.domain.memory = std::uint64_t{pick(1, 1U << 20)} << 20;
    if (coin()) out.domain.vcpus = pick(1, 128);
    return out;
  }

 private:
  unsigned pick(unsigned least, unsigned most) { return std::uniform_int_distribution<unsigned>(least, most)(random_); }
  bool coin() { return pick(0, 1) == 1; }
  std::string word(std::string_view letters, unsigned least, unsigned most) {
    std::string out(pick(least, most), '\0');
    for (auto& c : out) c = letters[pick(0, static_cast<unsigned>(letters.size()) - 1)];
    return out;
  }
  // Few letters and short words: names that are beginnings of each other come often.
  std::string name(unsigned longest) {
    for (;;) {
      if (auto out = word("a0-", 1, coin() ? 3 : longest); is_name(out)) return out;
    }
  }
  // Keys fit in longest_key.
  std::set<std::string> names(unsigned longest) {
    std::set<std::string> out;
    for (unsigned i = pick(0, 32); i > 0; --i) out.insert(name(longest));
    return out;
  }
  std::string path() {
    std::string out;
    for (unsigned i = pick(1, 5); i > 0; --i) out += "/x" + word("ab.@,_- \"'$=\xc3\xa4", 0, 20);
    return out;
  }

  std::mt19937 random_;
};

TEST(RoundTrip, ParseOfEmitIsTheRequest) {
  std::size_t entries = 0;
  for (unsigned seed = 0; seed < 2000; ++seed) {
    const auto request = Generator(seed).request();
    const auto parsed = parse(emit(request));
    for (const auto& complaint : parsed.complaints) ADD_FAILURE() << "seed " << seed << ": " << sentence(complaint);
    ASSERT_EQ(parsed.request, request) << "seed " << seed;
    entries += request.bitstreams.size() + request.devices.size();
  }
  EXPECT_GT(entries, 10'000U) << "the generator makes requests that ask for little";
}

TEST(RoundTrip, EmitSaysItsSchema) { EXPECT_EQ(emit({}), (Annotations{{"io.runx-accel.schema", "1"}})); }

}  // namespace
}  // namespace runx::annotations
