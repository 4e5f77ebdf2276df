// SPDX-License-Identifier: Apache-2.0
#include "tools/oci/layer.h"

#include <cstdlib>

#include <gmock/gmock.h>

#include "base/sha256.h"
#include "tests/tools/oci/layout_maker.h"

namespace runx::tools::oci {
namespace {

using fake::LayoutMaker;
using testing::HasSubstr;

struct Read {
  std::vector<std::string> entries;  // "path type target content"
  std::string diff_id;
  std::string error;
};

Read read_from(const LayoutMaker& maker, const Descriptor& layer, Budget& budget) {
  Read out;
  auto store = open_store(maker.path());
  auto reader = LayerReader::open(**store, layer, budget);
  if (!reader) {
    out.error = reader.error().what;
    return out;
  }
  Entry entry;
  for (;;) {
    const auto more = (*reader)->next(entry);
    if (!more) {
      out.error = more.error().what;
      return out;
    }
    if (!*more) break;
    std::string content(entry.size, '\0');
    if (entry.size > 0) {
      const auto got = (*reader)->data({reinterpret_cast<std::uint8_t*>(content.data()), content.size()});
      if (!got || *got != entry.size) {
        out.error = got ? "less content than the entry says" : got.error().what;
        return out;
      }
    }
    out.entries.push_back(entry.path + "|" + std::to_string(static_cast<int>(entry.type)) + "|" + entry.target + "|" +
                          content);
  }
  out.diff_id = (*reader)->diff_id();
  return out;
}

Read read(const LayoutMaker& maker, const Descriptor& layer, Budget budget = {}) {
  return read_from(maker, layer, budget);
}

TEST(ImageLayer, ReadsEveryCompression) {
  const std::vector<fake::TarEntry> entries{
      {"./etc/", "", 'd'}, {"/etc/hi", "hello"}, {"etc/link", "", 'l', "../x"}, {"etc/hard", "", 'h', "./etc/hi"}};
  for (const auto compression : {Compression::none, Compression::gzip, Compression::zstd}) {
    LayoutMaker maker;
    const auto got = read(maker, maker.layer(entries, compression));
    EXPECT_EQ(got.error, "");
    EXPECT_THAT(got.entries,
                testing::ElementsAre("etc|1||", "etc/hi|0||hello", "etc/link|2|../x|", "etc/hard|3|etc/hi|"));
    EXPECT_EQ(got.diff_id, base::sha256_digest(base::bytes_of(fake::make_tar(entries))));
  }
}

TEST(ImageLayer, NamesThatAreNotAsciiAreBytes) {
  LayoutMaker maker;
  const auto got = read(maker, maker.layer({{"gr\xc3\xbc\xc3\x9f" + std::string(120, 'e'), "x"}}));
  ASSERT_EQ(got.entries.size(), 1U) << got.error;
  EXPECT_THAT(got.entries[0], testing::StartsWith("gr\xc3\xbc\xc3\x9f"));
}

TEST(ImageLayer, RefusesWhatTheMediaTypeDoesNotSay) {
  LayoutMaker maker;
  auto layer = maker.layer({{"a", "b"}}, Compression::none);
  layer.media_type += "+gzip";
  EXPECT_NE(read(maker, layer).error, "");
  layer.media_type = "application/x-tar";
  EXPECT_THAT(read(maker, layer).error, HasSubstr("application/x-tar"));
}

TEST(ImageLayer, ALayerCutShortIsAnError) {
  for (const auto compression : {Compression::none, Compression::gzip, Compression::zstd}) {
    LayoutMaker maker;
    const auto whole = fake::compress(fake::make_tar({{"a", std::string(100'000, 'x')}}), compression);
    for (const std::size_t length : {std::size_t{1}, whole.size() / 3, whole.size() / 2}) {
      const auto type = std::string(layer_type) + (compression == Compression::gzip   ? "+gzip"
                                                   : compression == Compression::zstd ? "+zstd"
                                                                                      : "");
      const auto got = read(maker, maker.blob(type, whole.substr(0, length)));
      EXPECT_NE(got.error, "") << type << " " << length;
    }
  }
}

TEST(ImageLayer, BombsAreNotUnpacked) {
  for (const auto compression : {Compression::gzip, Compression::zstd}) {
    LayoutMaker maker;
    const auto layer = maker.layer({{"zeros", std::string(20'000'000, '\0')}}, compression);
    Budget budget;
    budget.spare_bytes = 1'000'000;
    budget.ratio = 100;
    EXPECT_THAT(read(maker, layer, budget).error, HasSubstr("more than an honest layer does"));
    budget = {};
    budget.bytes = 1'000'000;
    EXPECT_THAT(read(maker, layer, budget).error, HasSubstr("more than an honest layer does"));
    EXPECT_EQ(read(maker, layer).error, "");
  }
}

TEST(ImageLayer, AllLayersOfAnImageHaveOneBudget) {
  LayoutMaker maker;
  const auto layer = maker.layer({{"zeros", std::string(600'000, '\0')}}, Compression::zstd);
  Budget budget;
  budget.spare_bytes = 1'000'000;
  budget.ratio = 1;
  EXPECT_EQ(read_from(maker, layer, budget).error, "");
  EXPECT_THAT(read_from(maker, layer, budget).error, HasSubstr("more than an honest layer does"));
}

TEST(ImageLayer, TooManyFilesAndTooLongNamesAreRefused) {
  LayoutMaker maker;
  const auto layer = maker.layer({{"one"}, {"two"}, {"three"}});
  Budget budget;
  budget.entries = 2;
  EXPECT_THAT(read(maker, layer, budget).error, HasSubstr("more files"));
  budget = {};
  budget.name_bytes = 8;
  EXPECT_THAT(read(maker, layer, budget).error, HasSubstr("more files"));
  std::string deep = "a";
  for (int i = 0; i < 256; ++i) deep += "/a";
  EXPECT_THAT(read(maker, maker.layer({{deep}})).error, HasSubstr("deeper than"));
  EXPECT_THAT(read(maker, maker.layer({{std::string(5000, 'n')}})).error, HasSubstr("a name of"));
}

TEST(ImageLayer, SameFilesSameBytes) {
  const std::map<std::string, std::string> files{{"b", "2"}, {"a/x", "1"}};
  for (const auto compression : {Compression::none, Compression::gzip, Compression::zstd}) {
    const auto first = make_layer(files, compression, 0);
    const auto second = make_layer(files, compression, 0);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->blob, second->blob);
    EXPECT_NE(first->blob, make_layer(files, compression, 1)->blob);
    LayoutMaker maker;
    EXPECT_EQ(maker.blob(first->descriptor.media_type, first->blob).digest, first->descriptor.digest);
    const auto got = read(maker, first->descriptor);
    EXPECT_THAT(got.entries, testing::ElementsAre("a/x|0||1", "b|0||2")) << got.error;
    EXPECT_EQ(got.diff_id, first->diff_id);
  }
  // RFC 1952: no flags (so no name), and a time of 0.
  const auto gzip = make_layer(files, Compression::gzip, 0);
  EXPECT_EQ(gzip->blob.substr(3, 5), std::string(5, '\0'));
}

TEST(ImageLayer, TheEpochComesFromTheEnvironment) {
  ::setenv("SOURCE_DATE_EPOCH", "1700000000", 1);
  EXPECT_EQ(*source_date_epoch(), 1'700'000'000);
  for (const char* bad : {"-1", "soon", "1.5", "99999999999999999999"}) {
    ::setenv("SOURCE_DATE_EPOCH", bad, 1);
    EXPECT_FALSE(source_date_epoch()) << bad;
  }
  ::unsetenv("SOURCE_DATE_EPOCH");
  EXPECT_EQ(*source_date_epoch(), 0);
}

}  // namespace
}  // namespace runx::tools::oci
