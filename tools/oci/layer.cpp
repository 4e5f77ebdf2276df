// SPDX-License-Identifier: Apache-2.0
#include "tools/oci/layer.h"

#include <charconv>
#include <cstdlib>
#include <cstring>

#include "base/printable.h"
#include "tools/oci/stream.h"

namespace runx::tools::oci {
namespace {

using base::Result;
using base::Status;

struct Suffix {
  std::string_view text;
  Compression compression;
};

EntryType type_of(struct archive_entry* entry) {
  if (::archive_entry_hardlink(entry) != nullptr) return EntryType::hardlink;
  switch (::archive_entry_filetype(entry)) {
    case AE_IFREG:
      return EntryType::file;
    case AE_IFDIR:
      return EntryType::directory;
    case AE_IFLNK:
      return EntryType::symlink;
    default:
      return EntryType::other;
  }
}

class TarLayer : public LayerReader {
 public:
  TarLayer(std::unique_ptr<BlobSource> blob, Compression compression, std::uint64_t size, Budget& budget,
           std::string name)
      : blob_(std::move(blob)),
        unpacked_(*blob_, compression, size, budget, name),
        budget_(budget),
        name_(std::move(name)) {}

  Result<bool> next(Entry& entry) override {
    if (ended_) return false;
    if (!reader_) {
      if (auto begun = begin(); !begun) return tl::unexpected(begun.error());
    }
    struct archive_entry* found = nullptr;
    const int result = ::archive_read_next_header(reader_.get(), &found);
    if (failed_) return tl::unexpected(*failed_);
    if (result == ARCHIVE_EOF) return end();
    if (result != ARCHIVE_OK) return archive_error(reader_.get(), name_);
    auto path = member_name(::archive_entry_pathname(found), name_);
    if (!path) return tl::unexpected(path.error());
    entry.path = std::move(*path);
    entry.type = type_of(found);
    entry.size = entry.type == EntryType::file ? static_cast<std::uint64_t>(::archive_entry_size(found)) : 0;
    if (auto linked = target(found, entry); !linked) return tl::unexpected(linked.error());
    if (auto spent = budget_.take_entry(entry.path.size() + entry.target.size()); !spent)
      return base::context(spent.error(), name_);
    return true;
  }

  Result<std::size_t> data(std::span<std::uint8_t> buffer) override {
    const auto got = ::archive_read_data(reader_.get(), buffer.data(), buffer.size());
    if (failed_) return tl::unexpected(*failed_);
    if (got < 0) return archive_error(reader_.get(), name_);
    return static_cast<std::size_t>(got);
  }

  const std::string& diff_id() const override { return diff_id_; }

 private:
  static la_ssize_t pull(struct archive* archive, void* self, const void** buffer) {
    auto& here = *static_cast<TarLayer*>(self);
    const auto got = here.unpacked_.read(here.block_);
    if (!got) {
      here.failed_ = got.error();
      ::archive_set_error(archive, EIO, "%s", "the layer cannot be unpacked");
      return ARCHIVE_FATAL;
    }
    *buffer = here.block_.data();
    return static_cast<la_ssize_t>(*got);
  }

  Status begin() {
    reader_ = new_reader();
    ::archive_read_support_format_tar(reader_.get());
    ::archive_read_support_format_empty(reader_.get());
    if (::archive_read_open(reader_.get(), this, nullptr, pull, nullptr) == ARCHIVE_OK) return {};
    if (failed_) return tl::unexpected(*failed_);
    return archive_error(reader_.get(), name_);
  }

  Status target(struct archive_entry* found, Entry& entry) const {
    entry.target.clear();
    if (entry.type == EntryType::symlink) {
      const char* to = ::archive_entry_symlink(found);
      entry.target = to == nullptr ? "" : to;
    } else if (entry.type == EntryType::hardlink) {
      auto to = member_name(::archive_entry_hardlink(found), name_);
      if (!to) return tl::unexpected(to.error());
      entry.target = std::move(*to);
    }
    return {};
  }

  Result<bool> end() {
    ended_ = true;
    auto diff_id = unpacked_.finish();
    if (!diff_id) return tl::unexpected(diff_id.error());
    diff_id_ = std::move(*diff_id);
    if (auto checked = blob_->finish(); !checked) return tl::unexpected(checked.error());
    return false;
  }

  std::unique_ptr<BlobSource> blob_;
  Unpacked unpacked_;
  Budget& budget_;
  std::string name_;
  Reader reader_;
  std::optional<base::Error> failed_;
  std::array<std::uint8_t, stream_block> block_{};
  std::string diff_id_;
  bool ended_ = false;
};

la_ssize_t append(struct archive*, void* out, const void* data, std::size_t size) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(data), size);
  return static_cast<la_ssize_t>(size);
}

Status put(struct archive* writer, const std::string& name, const std::string& content, std::int64_t epoch) {
  const OwnedEntry entry(::archive_entry_new());
  ::archive_entry_set_pathname(entry.get(), name.c_str());
  ::archive_entry_set_filetype(entry.get(), AE_IFREG);
  ::archive_entry_set_perm(entry.get(), 0644);
  ::archive_entry_set_uid(entry.get(), 0);
  ::archive_entry_set_gid(entry.get(), 0);
  ::archive_entry_set_mtime(entry.get(), epoch, 0);
  ::archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
  if (::archive_write_header(writer, entry.get()) != ARCHIVE_OK) return archive_error(writer, name);
  for (std::size_t at = 0; at < content.size();) {
    const auto done = ::archive_write_data(writer, content.data() + at, content.size() - at);
    if (done <= 0) return archive_error(writer, name);
    at += static_cast<std::size_t>(done);
  }
  return {};
}

Result<std::string> packed(const std::string& tar, Compression compression) {
  if (compression == Compression::none) return tar;
  std::string out;
  const auto writer = new_writer();
  auto* w = writer.get();
  if (compression == Compression::gzip) {
    ::archive_write_add_filter_gzip(w);
    // No time in gzip's header: it would be another digest every second.
    ::archive_write_set_filter_option(w, "gzip", "timestamp", nullptr);
  } else {
    ::archive_write_add_filter_zstd(w);
  }
  ::archive_write_set_format_raw(w);
  ::archive_write_set_bytes_in_last_block(w, 1);
  if (::archive_write_open(w, &out, nullptr, append, nullptr) != ARCHIVE_OK) return archive_error(w, "the new layer");
  if (auto done = put(w, "layer", tar, 0); !done) return tl::unexpected(done.error());
  if (::archive_write_close(w) != ARCHIVE_OK) return archive_error(w, "the new layer");
  return out;
}

// The first sentence of two counters.
tl::unexpected<base::Error> too_many_files() {
  return base::fail(std::errc::file_too_large, "the image has more files than ", limits::entries,
                    ", folders included: it is not read any further");
}

}  // namespace

Status Budget::take_entry(std::size_t names) {
  if (entries == 0) return too_many_files();
  if (names > name_bytes) {
    return base::fail(std::errc::file_too_large, "the image has more files with long names than ",
                      limits::names / limits::mebibyte, " MiB of names hold: it is not read any further");
  }
  --entries;
  name_bytes -= names;
  return {};
}

Status Budget::take_node() {
  if (nodes == 0) return too_many_files();
  --nodes;
  return {};
}

Status Budget::take_bytes(std::uint64_t size, std::uint64_t& allowed) {
  const auto beyond = size > allowed ? size - allowed : 0;
  if (size > bytes || beyond > spare_bytes) {
    return base::fail(std::errc::file_too_large, "unpacks to more than an honest layer does (all of an image to ",
                      limits::unpacked_ratio, " times their blobs and ", limits::unpacked_spare / limits::mebibyte,
                      " MiB, and to ", limits::unpacked / limits::mebibyte / 1024, " GiB): it is not read any further");
  }
  allowed -= size - beyond;
  spare_bytes -= beyond;
  bytes -= size;
  return {};
}

Result<Compression> compression_of(const std::string& media_type) {
  static constexpr std::array<Suffix, 4> suffixes{{{"", Compression::none},
                                                   {"+gzip", Compression::gzip},
                                                   {"+zstd", Compression::zstd},
                                                   {".gzip", Compression::gzip}}};
  static constexpr std::string_view nondistributable = "application/vnd.oci.image.layer.nondistributable.v1.tar";
  for (const auto base : {layer_type, nondistributable, docker_layer_type}) {
    if (!media_type.starts_with(base)) continue;
    const auto suffix = std::string_view(media_type).substr(base.size());
    for (const auto& known : suffixes) {
      if (suffix == known.text) return known.compression;
    }
  }
  return base::fail(std::errc::not_supported, "a layer of the media type \"", base::printable(media_type),
                    "\" is none that can be read: tar, tar+gzip and tar+zstd are");
}

Result<std::unique_ptr<LayerReader>> LayerReader::open(Store& store, const Descriptor& layer, Budget& budget) {
  const auto compression = compression_of(layer.media_type);
  if (!compression) return tl::unexpected(compression.error());
  auto blob = BlobSource::open(store, layer);
  if (!blob) return tl::unexpected(blob.error());
  return std::make_unique<TarLayer>(std::move(*blob), *compression, layer.size, budget, "layer " + layer.digest);
}

Result<NewLayer> make_layer(const std::map<std::string, std::string>& files, Compression compression,
                            std::int64_t epoch, bool docker) {
  std::string tar;
  const auto writer = new_writer();
  ::archive_write_set_format_pax_restricted(writer.get());
  if (::archive_write_open(writer.get(), &tar, nullptr, append, nullptr) != ARCHIVE_OK)
    return archive_error(writer.get(), "the new layer");
  for (const auto& [name, content] : files) {
    if (auto done = put(writer.get(), name, content, epoch); !done) return tl::unexpected(done.error());
  }
  if (::archive_write_close(writer.get()) != ARCHIVE_OK) return archive_error(writer.get(), "the new layer");
  auto blob = packed(tar, compression);
  if (!blob) return tl::unexpected(blob.error());
  std::string type(docker ? docker_layer_type : layer_type);
  if (compression == Compression::gzip) type += docker ? ".gzip" : "+gzip";
  if (compression == Compression::zstd) type += "+zstd";
  NewLayer out;
  out.descriptor = describe(type, *blob);
  out.diff_id = base::sha256_digest(base::bytes_of(tar));
  out.blob = std::move(*blob);
  return out;
}

Result<std::int64_t> source_date_epoch() {
  const char* text = std::getenv("SOURCE_DATE_EPOCH");
  if (text == nullptr || *text == '\0') return 0;
  std::int64_t value = 0;
  const auto* end = text + std::strlen(text);
  const auto [stopped, error] = std::from_chars(text, end, value);
  if (error == std::errc{} && stopped == end && value >= 0 && value < (std::int64_t{1} << 33)) return value;
  return base::fail(std::errc::invalid_argument, "SOURCE_DATE_EPOCH is \"", base::printable(text),
                    "\": it must be seconds since 1970");
}

}  // namespace runx::tools::oci
