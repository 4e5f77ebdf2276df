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
    for (const auto& name : names()) {
      BitstreamRequest entry{name, path(), std::nullopt, std::nullopt};
      if (coin()) entry.digest = "sha256:" + word("0123456789abcdef", 64, 64);
      if (auto region = this->name(); coin() && region != "any" && regions.insert(region).second) entry.region = region;
      out.bitstreams.push_back(std::move(entry));
    }
    std::set<std::string> paths;
    for (const auto& name : names()) {
      auto node = path();
      while (!paths.insert(node).second) node += "x";
      out.devices.push_back({name, node});
    }
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
  std::string name() { return word("a0-", 1, coin() ? 3 : 32); }
  std::set<std::string> names() {
    std::set<std::string> out;
    for (unsigned i = pick(0, 32); i > 0; --i) out.insert(name());
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
