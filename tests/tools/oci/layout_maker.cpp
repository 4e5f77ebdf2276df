// SPDX-License-Identifier: Apache-2.0
#include "tests/tools/oci/layout_maker.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/sha256.h"
#include "tools/oci/archive.h"

namespace runx::fake {
namespace {

namespace fs = std::filesystem;
using namespace tools::oci;

la_ssize_t append(struct archive*, void* out, const void* data, std::size_t size) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(data), size);
  return static_cast<la_ssize_t>(size);
}

void check(bool good) {
  if (!good) std::abort();
}

}  // namespace

std::string make_tar(const std::vector<TarEntry>& entries) {
  std::string out;
  const auto writer = new_writer();
  ::archive_write_set_format_pax_restricted(writer.get());
  check(::archive_write_open(writer.get(), &out, nullptr, append, nullptr) == ARCHIVE_OK);
  for (const auto& entry : entries) {
    const OwnedEntry header(::archive_entry_new());
    ::archive_entry_set_pathname(header.get(), entry.name.c_str());
    ::archive_entry_set_perm(header.get(), 0644);
    ::archive_entry_set_filetype(header.get(), entry.type == 'd'   ? AE_IFDIR
                                               : entry.type == 'l' ? AE_IFLNK
                                               : entry.type == 'p' ? AE_IFIFO
                                                                   : AE_IFREG);
    if (entry.type == 'l') ::archive_entry_set_symlink(header.get(), entry.target.c_str());
    if (entry.type == 'h') ::archive_entry_set_hardlink(header.get(), entry.target.c_str());
    ::archive_entry_set_size(header.get(), static_cast<la_int64_t>(entry.content.size()));
    check(::archive_write_header(writer.get(), header.get()) == ARCHIVE_OK);
    if (!entry.content.empty())
      check(::archive_write_data(writer.get(), entry.content.data(), entry.content.size()) > 0);
  }
  check(::archive_write_close(writer.get()) == ARCHIVE_OK);
  return out;
}

std::string compress(const std::string& content, Compression compression) {
  if (compression == Compression::none) return content;
  std::string out;
  const auto writer = new_writer();
  check((compression == Compression::gzip ? ::archive_write_add_filter_gzip(writer.get())
                                          : ::archive_write_add_filter_zstd(writer.get())) == ARCHIVE_OK);
  ::archive_write_set_format_raw(writer.get());
  ::archive_write_set_bytes_in_last_block(writer.get(), 1);
  check(::archive_write_open(writer.get(), &out, nullptr, append, nullptr) == ARCHIVE_OK);
  const OwnedEntry header(::archive_entry_new());
  ::archive_entry_set_pathname(header.get(), "data");
  ::archive_entry_set_filetype(header.get(), AE_IFREG);
  check(::archive_write_header(writer.get(), header.get()) == ARCHIVE_OK);
  check(::archive_write_data(writer.get(), content.data(), content.size()) == static_cast<la_ssize_t>(content.size()));
  check(::archive_write_close(writer.get()) == ARCHIVE_OK);
  return out;
}

void write_file(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

LayoutMaker::LayoutMaker() {
  std::string name = fs::temp_directory_path() / "runx-layout-XXXXXX";
  check(::mkdtemp(name.data()) != nullptr);
  path_ = name;
  fs::create_directories(path_ + "/blobs/sha256");
  write_file(file("oci-layout"), R"({"imageLayoutVersion":"1.0.0"})");
}

LayoutMaker::~LayoutMaker() {
  fs::remove_all(path_);
  fs::remove(path_ + ".tar");
}

Descriptor LayoutMaker::blob(std::string_view media_type, const std::string& content) {
  auto out = describe(media_type, content);
  write_file(file("blobs/sha256/" + out.digest.substr(7)), content);
  return out;
}

Descriptor LayoutMaker::layer(const std::vector<TarEntry>& entries, Compression compression) {
  const auto tar = make_tar(entries);
  std::string type(layer_type);
  if (compression == Compression::gzip) type += "+gzip";
  if (compression == Compression::zstd) type += "+zstd";
  auto out = blob(type, compress(tar, compression));
  diff_ids_[out.digest] = base::sha256_digest(base::bytes_of(tar));
  return out;
}

Descriptor LayoutMaker::image(const std::vector<Descriptor>& layers, const std::string& architecture,
                              const Json& labels, const Json& annotations) {
  Json config{{"os", "linux"}, {"architecture", architecture}, {"x-foreign", {1, 2.5, "three"}}};
  config["rootfs"] = {{"type", "layers"}, {"diff_ids", Json::array()}};
  config["history"] = Json::array();
  config["config"] = {{"Env", {"PATH=/bin"}}};
  if (!labels.is_null()) config["config"]["Labels"] = labels;
  Json list = Json::array();
  for (const auto& layer : layers) {
    list.push_back(to_json(layer));
    config["rootfs"]["diff_ids"].push_back(diff_ids_[layer.digest]);
    config["history"].push_back({{"created_by", "a base"}});
  }
  config["history"].push_back({{"created_by", "an env"}, {"empty_layer", true}});
  Json manifest{{"schemaVersion", 2}, {"mediaType", manifest_type}, {"x-foreign", "kept"}};
  manifest["config"] = to_json(blob(config_type, config.dump()));
  manifest["layers"] = list;
  if (!annotations.is_null()) manifest["annotations"] = annotations;
  return blob(manifest_type, manifest.dump());
}

Descriptor LayoutMaker::index(const std::vector<Json>& entries) {
  return blob(index_type, Json{{"schemaVersion", 2}, {"mediaType", index_type}, {"manifests", entries}}.dump());
}

void LayoutMaker::publish(const std::vector<Json>& entries) {
  write_file(file("index.json"), Json{{"schemaVersion", 2}, {"manifests", entries}}.dump());
}

Json LayoutMaker::tagged(const Descriptor& descriptor, const std::string& tag) {
  auto out = to_json(descriptor);
  out["annotations"] = {{tag_key, tag}};
  return out;
}

Json LayoutMaker::with_platform(const Descriptor& descriptor, const std::string& architecture) {
  auto out = to_json(descriptor);
  out["platform"] = {{"os", "linux"}, {"architecture", architecture}};
  return out;
}

std::string LayoutMaker::archive() const {
  std::vector<TarEntry> entries;
  for (const auto& [name, text] : content()) entries.push_back({name, text});
  write_file(path_ + ".tar", make_tar(entries));
  return path_ + ".tar";
}

std::map<std::string, std::string> LayoutMaker::content() const {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(path_)) {
    if (entry.is_symlink() || !entry.is_regular_file()) continue;
    out[entry.path().string().substr(path_.size() + 1)] = read_file(entry.path());
  }
  return out;
}

Json LayoutMaker::read_json(const std::string& digest) const {
  return Json::parse(read_file(file("blobs/sha256/" + digest.substr(7))));
}

}  // namespace runx::fake
