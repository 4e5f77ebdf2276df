// SPDX-License-Identifier: Apache-2.0
// Layouts that somebody bent. Each is refused with a sentence by every command, and not a byte of it changes.
#include <csignal>
#include <ctime>
#include <filesystem>

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/tools/oci/accelkit.h"
#include "tests/tools/oci/layout_maker.h"
#include "tools/oci/view.h"

namespace runx {
namespace {

namespace fs = std::filesystem;
using fake::accelkit;
using fake::LayoutMaker;
using testing::HasSubstr;
using namespace tools::oci;

constexpr const char* timer = "io.runx-accel.device.timer.path=/axi/timer@ff110000";

// `deep`: only reading the layers shows it, which annotate does not do.
void refused(const LayoutMaker& maker, const std::string& why, bool deep = false, std::string path = {}) {
  if (path.empty()) path = maker.path();
  const auto before = maker.content();
  const auto archive = path == maker.path() ? std::string() : fake::read_file(path);
  std::vector<std::vector<std::string>> commands{{"image", "lint", path}, {"image", "show", path}};
  if (!deep) commands.push_back({"image", "annotate", path, "--set", timer});
  for (const auto& command : commands) {
    const auto said = accelkit(command);
    EXPECT_FALSE(said.good) << command[1];
    EXPECT_THAT(said.error + said.out, HasSubstr(why)) << command[1];
  }
  EXPECT_EQ(maker.content(), before);
  if (!archive.empty()) {
    EXPECT_EQ(fake::read_file(path), archive);
  }
}

Json bent(const Descriptor& descriptor, const char* member, const Json& value) {
  auto out = to_json(descriptor);
  out[member] = value;
  return out;
}

TEST(ImageHostile, DigestsThatAreNone) {
  for (const char* digest : {"sha256:../../../../etc/passwd", "../../../etc/passwd", "sha256:", "md5:0123", "",
                             "sha256:ABCDEF0000000000000000000000000000000000000000000000000000000000",
                             "sha512:0000000000000000000000000000000000000000000000000000000000000000"}) {
    LayoutMaker maker;
    maker.publish({bent(maker.image({}), "digest", digest)});
    refused(maker, "only sha256: and 64 lower-case digits are read");
  }
}

TEST(ImageHostile, SizesThatAreWrong) {
  for (const Json& size : {Json(1), Json(1U << 31), Json(-1), Json("12"), Json(nullptr), Json(1e30)}) {
    LayoutMaker maker;
    maker.publish({bent(maker.image({}), "size", size)});
    refused(maker, size.is_number_unsigned() || size == 1 ? "its descriptor says" : "does not say how large");
  }
}

TEST(ImageHostile, BytesThatAreOthers) {
  LayoutMaker maker;
  const auto image = maker.image({});
  auto text = fake::read_file(maker.file("blobs/sha256/" + image.digest.substr(7)));
  text[text.size() / 2] ^= 1;
  fake::write_file(maker.file("blobs/sha256/" + image.digest.substr(7)), text);
  maker.publish({to_json(image)});
  refused(maker, "holds bytes with the digest");
}

TEST(ImageHostile, ALayersBytesThatAreOthers) {
  LayoutMaker maker;
  const auto layer = maker.layer({{"a", "b"}}, Compression::none);
  const auto image = maker.image({layer});
  const auto file = maker.file("blobs/sha256/" + layer.digest.substr(7));
  auto text = fake::read_file(file);
  text[512] = 'c';
  fake::write_file(file, text);
  maker.publish({to_json(image)});
  refused(maker, "holds bytes with the digest", true);
}

TEST(ImageHostile, BlobsThatAreNoFiles) {
  for (const char kind : {'l', 'd', 'p', 'n'}) {
    LayoutMaker maker;
    const auto image = maker.image({});
    const auto file = maker.file("blobs/sha256/" + image.digest.substr(7));
    const auto elsewhere = maker.path() + ".elsewhere";
    fs::rename(file, elsewhere);
    if (kind == 'l') fs::create_symlink(elsewhere, file);
    if (kind == 'd') fs::create_directory(file);
    if (kind == 'p') {
      ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
    }
    maker.publish({to_json(image)});
    refused(maker, kind == 'l' ? "symbolic link" : kind == 'n' ? "No such file" : "not a regular file");
    fs::remove(elsewhere);
  }
}

TEST(ImageHostile, FoldersThatAreLinks) {
  for (const char* folder : {"blobs", "blobs/sha256"}) {
    LayoutMaker maker;
    maker.publish({to_json(maker.image({}))});
    const auto elsewhere = maker.path() + ".elsewhere";
    fs::rename(maker.file(folder), elsewhere);
    fs::create_directory_symlink(elsewhere, maker.file(folder));
    refused(maker, "symbolic link");
    fs::remove_all(elsewhere);
  }
}

TEST(ImageHostile, AnIndexFileThatIsALink) {
  LayoutMaker maker;
  maker.publish({to_json(maker.image({}))});
  fs::rename(maker.file("index.json"), maker.file("other.json"));
  fs::create_symlink("other.json", maker.file("index.json"));
  refused(maker, "symbolic link");
}

TEST(ImageHostile, AMillionAnnotations) {
  LayoutMaker maker;
  Json many = Json::object();
  for (int i = 0; i < 1'000'000; ++i) many["a" + std::to_string(i)] = "";
  maker.publish({to_json(maker.image({}, "arm64", nullptr, many))});
  refused(maker, "more than 4194304");
  LayoutMaker fewer;
  Json some = Json::object();
  for (int i = 0; i < 100'000; ++i) some["io.runx-accel.a" + std::to_string(i)] = "";
  fewer.publish({to_json(fewer.image({}, "arm64", some))});
  EXPECT_THAT(accelkit({"image", "lint", fewer.path()}).out, HasSubstr("has 100000 Labels"));
  EXPECT_THAT(accelkit({"image", "annotate", fewer.path(), "--set", timer}).error, HasSubstr("has 100000 Labels"));
}

TEST(ImageHostile, HugeAndDeepJson) {
  LayoutMaker maker;
  maker.publish({to_json(maker.image({}))});
  fake::write_file(maker.file("index.json"), std::string(5'000'000, ' '));
  refused(maker, "more than 4194304");
  fake::write_file(maker.file("index.json"), std::string(100'000, '['));
  refused(maker, "index.json");
  fake::write_file(maker.file("index.json"), "[]");
  refused(maker, "not an object");
  fake::write_file(maker.file("index.json"), R"({"manifests":{}})");
  refused(maker, "no list of manifests");
  fake::write_file(maker.file("index.json"), R"({"manifests":[7]})");
  refused(maker, "is not a descriptor");
}

TEST(ImageHostile, IndexesInIndexes) {
  LayoutMaker maker;
  auto inner = maker.image({});
  for (int i = 0; i < 5; ++i) inner = maker.index({to_json(inner)});
  maker.publish({to_json(inner)});
  refused(maker, "indexes deep");
}

TEST(ImageHostile, AnIndexThatNamesOneImageAThousandTimes) {
  LayoutMaker maker;
  maker.publish({to_json(maker.index(std::vector<Json>(1000, to_json(maker.image({})))))});
  refused(maker, "more than 256 images");
}

TEST(ImageHostile, LayersAndDiffIdsThatDoNotMatch) {
  LayoutMaker maker;
  const auto image = maker.image({maker.layer({{"a", "b"}})});
  auto manifest = maker.read_json(image.digest);
  manifest["layers"].push_back(manifest["layers"][0]);
  maker.publish({to_json(maker.blob(manifest_type, manifest.dump()))});
  refused(maker, "2 layers, but its config lists 1");
  manifest["layers"] = 7;
  maker.publish({to_json(maker.blob(manifest_type, manifest.dump()))});
  refused(maker, "no list of layers");
}

TEST(ImageHostile, EntriesOutsideTheRoot) {
  for (const char* name : {"../outside", "a/../../outside", "/../outside", ".."}) {
    LayoutMaker maker;
    maker.publish({to_json(maker.image({maker.layer({{name, "x"}})}))});
    refused(maker, "leads outside", true);
  }
  LayoutMaker maker;
  maker.publish({to_json(maker.image({maker.layer({{"a", "", 'h', "../../etc/passwd"}})}))});
  refused(maker, "leads outside", true);
}

TEST(ImageHostile, ABombOfZeros) {
  LayoutMaker maker;
  maker.publish({to_json(maker.image({maker.layer({{"zeros", std::string(100'000'000, '\0')}}, Compression::zstd)}))});
  refused(maker, "more than an honest layer does", true);
}

// 32 KB that made a tree of 150,000 levels, and the stack overflow when it went.
TEST(ImageHostile, LinksIntoLinks) {
  std::string deep;
  for (int i = 0; i < 4000; ++i) deep += "d/";
  std::vector<fake::TarEntry> entries;
  for (std::string name = "l"; name.size() < 80; name += "/l") entries.push_back({name, "", 'l', deep});
  LayoutMaker maker;
  maker.publish({to_json(maker.image({maker.layer(entries)}))});
  refused(maker, "deeper than 256 folders", true);
}

// One link after the other, each of which leads over as many names as a path may have.
TEST(ImageHostile, LongWaysOverLinks) {
  std::string there_and_back;
  for (int i = 0; i < 900; ++i) there_and_back += "d/../";
  std::vector<fake::TarEntry> entries{{"d", "", 'd'}};
  for (const char* name : {"a", "b", "c", "e"}) entries.push_back({name, "", 'l', there_and_back});
  entries.push_back({"a/b/c/e/x", ""});
  LayoutMaker maker;
  maker.publish({to_json(maker.image({maker.layer(entries)}))});
  refused(maker, "more than 4096 names", true);
}

TEST(ImageHostile, FoldersThatOnlyPathsImply) {
  FileTree tree;
  Budget budget;
  budget.nodes = 3;
  EXPECT_TRUE(tree.add({"a/b/c", EntryType::file, "", 0}, 0, 0, budget));
  const auto more = tree.add({"a/d", EntryType::file, "", 0}, 0, 1, budget);
  ASSERT_FALSE(more);
  EXPECT_THAT(more.error().what, HasSubstr("more files than 1000000"));
}

TEST(ImageHostile, ABombInEachLayer) {
  LayoutMaker maker;
  const auto layer = maker.layer({{"zeros", std::string(40'000'000, '\0')}}, Compression::zstd);
  maker.publish({to_json(maker.image({layer, layer}))});
  refused(maker, "more than an honest layer does", true);
}

// accelkit where no file can be written beyond a megabyte: so it shows when something larger is unpacked.
fake::Said without_large_files(const std::vector<std::string>& arguments) {
  rlimit before{};
  EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{1'000'000, before.rlim_max};
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &small);
  auto said = accelkit(arguments);
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  return said;
}

void publish(LayoutMaker& maker, const Json& keys) {
  maker.publish({to_json(
      maker.image({maker.layer({{".runx-accel.json", keys.dump()}, {"zeros", std::string(2'000'000, '\0')}})}))});
}

TEST(ImageHostile, NothingIsUnpackedForKeysThatAreWrong) {
  LayoutMaker maker;
  publish(maker, {{"io.runx-accel.fpga.aes.bitstream", "/zeros"}, {"io.runx-accel.nonsense", "/zeros"}});
  for (const auto& said :
       {without_large_files({"image", "show", maker.path()}),
        without_large_files({"image", "plan", maker.path(), "--board", "/none", "--dtb", "/none"})}) {
    EXPECT_FALSE(said.good);
    EXPECT_THAT(said.error, HasSubstr("io.runx-accel.nonsense"));
  }
}

// Of what a bitstream holds it prints nothing.
TEST(ImageHostile, ShowUnpacksTheMetadataOnly) {
  LayoutMaker maker;
  publish(maker, {{"io.runx-accel.fpga.aes.bitstream", "/zeros"}});
  EXPECT_THAT(without_large_files({"image", "show", maker.path()}).out, HasSubstr("fpga.aes.bitstream = /zeros\n"));
}

TEST(ImageHostile, TooManyLayers) {
  LayoutMaker maker;
  maker.publish({to_json(maker.image(std::vector<Descriptor>(1025, maker.layer({}))))});
  refused(maker, "1025 layers, more than 1024");
}

TEST(ImageHostile, DocumentsThatAreLargeTogether) {
  LayoutMaker maker;
  const auto image = maker.image({}, "arm64", nullptr, Json{{"large", std::string(1'000'000, 'x')}});
  maker.publish({to_json(maker.index(std::vector<Json>(20, to_json(image))))});
  refused(maker, "more than 16 MiB together");
}

// Looking for each of 300 layers among 30,000 members took 14 seconds of a processor.
TEST(ImageHostile, ManyMembersAndManyLayers) {
  LayoutMaker maker;
  maker.publish({to_json(maker.image(std::vector<Descriptor>(300, maker.layer({{"a", "b"}}))))});
  std::vector<fake::TarEntry> entries;
  for (const auto& [name, text] : maker.content()) entries.push_back({name, text});
  for (int i = 0; i < 30'000; ++i) entries.push_back({"blobs/sha256/none-" + std::to_string(i)});
  std::rotate(entries.begin(), entries.begin() + 5, entries.end());
  const auto path = maker.file("archive.tar");
  fake::write_file(path, fake::make_tar(entries));
  const auto begin = std::clock();
  EXPECT_TRUE(accelkit({"image", "lint", path}).good);
  EXPECT_LT((std::clock() - begin) / CLOCKS_PER_SEC, 5);
}

TEST(ImageHostile, ArchivesWithMembersThatNoLayoutHas) {
  const auto with = [](const fake::TarEntry& entry) {
    std::vector<fake::TarEntry> entries;
    LayoutMaker maker;
    maker.publish({to_json(maker.image({}))});
    for (const auto& [name, text] : maker.content()) entries.push_back({name, text});
    entries.push_back(entry);
    return fake::make_tar(entries);
  };
  LayoutMaker maker;
  const auto path = maker.file("archive.tar");
  const auto refused_archive = [&](const std::string& tar, const std::string& why) {
    fake::write_file(path, tar);
    refused(maker, why, false, path);
  };
  refused_archive(with({"../index.json", "x"}), "leads outside");
  refused_archive(with({"index.json", "{}"}), "stands in it twice");
  refused_archive(with({"./index.json", "{}"}), "stands in it twice");
  refused_archive(with({"blobs/sha256/link", "", 'l', "/etc/passwd"}), "neither a file nor a directory");
  refused_archive(with({"link", "", 'h', "index.json"}), "neither a file nor a directory");
  const auto whole = with({"more", std::string(10'000, 'x')});
  refused_archive(whole.substr(0, 700), "archive.tar");
  refused_archive(std::string(10'000, 'x'), "archive.tar");
}

}  // namespace
}  // namespace runx
