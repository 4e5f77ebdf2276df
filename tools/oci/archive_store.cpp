// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cerrno>
#include <cstdio>
#include <set>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/printable.h"
#include "tools/oci/archive.h"
#include "tools/oci/limits.h"
#include "tools/oci/store.h"

namespace runx::tools::oci {
namespace {

using base::Fd;
using base::Result;
using base::Status;

constexpr std::size_t block = 64 * 1024;

// The archive, read from its start or from one of its members: libarchive seeks over what nobody asks for.
struct Walk {
  Fd file;
  Reader reader;
  std::string path;
  struct archive_entry* entry = nullptr;  // the reader's
  std::string name;

  // Where the current member's headers begin, from the start of the walk.
  std::int64_t position() const { return ::archive_read_header_position(reader.get()); }

  // False at the end.
  Result<bool> next() {
    const int result = ::archive_read_next_header(reader.get(), &entry);
    if (result == ARCHIVE_EOF) return false;
    if (result != ARCHIVE_OK) return archive_error(reader.get(), path);
    auto found = member_name(::archive_entry_pathname(entry), path);
    if (!found) return tl::unexpected(found.error());
    name = std::move(*found);
    const auto type = ::archive_entry_filetype(entry);
    const bool plain = ::archive_entry_hardlink(entry) == nullptr && (type == AE_IFREG || type == AE_IFDIR);
    if (!plain) {
      return base::fail(std::errc::invalid_argument, path, ": ", base::printable(name),
                        " is neither a file nor a directory, and a layout has nothing else");
    }
    return true;
  }
};

Result<std::unique_ptr<Walk>> walk(const std::string& path, std::int64_t from = 0) {
  auto out = std::make_unique<Walk>();
  out->path = path;
  out->file = Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!out->file || ::lseek(out->file.get(), from, SEEK_SET) != from)
    return base::fail_errno(errno, "cannot open ", path);
  out->reader = new_reader();
  ::archive_read_support_format_tar(out->reader.get());
  if (::archive_read_open_fd(out->reader.get(), out->file.get(), block) != ARCHIVE_OK)
    return archive_error(out->reader.get(), path);
  return out;
}

class MemberSource : public Source {
 public:
  explicit MemberSource(std::unique_ptr<Walk> at) : at_(std::move(at)) {}

  Result<std::size_t> read(std::span<std::uint8_t> buffer) override {
    const auto got = ::archive_read_data(at_->reader.get(), buffer.data(), buffer.size());
    if (got < 0) return archive_error(at_->reader.get(), at_->path);
    return static_cast<std::size_t>(got);
  }

 private:
  std::unique_ptr<Walk> at_;
};

// A tar with the old members, index.json aside, and the new ones behind them.
class Rewrite {
 public:
  Rewrite(std::string path, const Fd& out) : path_(std::move(path)), writer_(new_writer()) {
    ::archive_write_set_format_pax_restricted(writer_.get());
    opened_ = ::archive_write_open_fd(writer_.get(), out.get()) == ARCHIVE_OK;
  }

  Status copy_old(std::set<std::string>& have) {
    if (!opened_) return archive_error(writer_.get(), path_);
    auto old = walk(path_);
    if (!old) return tl::unexpected(old.error());
    for (;;) {
      const auto more = (*old)->next();
      if (!more) return tl::unexpected(more.error());
      if (!*more) return {};
      if ((*old)->name == "index.json" || (*old)->name.empty()) continue;
      have.insert((*old)->name);
      if (auto done = copy_member(**old); !done) return done;
    }
  }

  Status add(const std::string& name, const std::string& content) {
    const OwnedEntry entry(::archive_entry_new());
    ::archive_entry_set_pathname(entry.get(), name.c_str());
    ::archive_entry_set_filetype(entry.get(), AE_IFREG);
    ::archive_entry_set_perm(entry.get(), 0644);
    ::archive_entry_set_mtime(entry.get(), 0, 0);
    ::archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
    if (::archive_write_header(writer_.get(), entry.get()) != ARCHIVE_OK) return archive_error(writer_.get(), path_);
    return data(content.data(), content.size());
  }

  Status close() {
    if (::archive_write_close(writer_.get()) != ARCHIVE_OK) return archive_error(writer_.get(), path_);
    return {};
  }

 private:
  Status copy_member(Walk& old) {
    if (::archive_write_header(writer_.get(), old.entry) != ARCHIVE_OK) return archive_error(writer_.get(), path_);
    std::array<char, block> buffer{};
    for (;;) {
      const auto got = ::archive_read_data(old.reader.get(), buffer.data(), buffer.size());
      if (got < 0) return archive_error(old.reader.get(), path_);
      if (got == 0) return {};
      if (auto done = data(buffer.data(), static_cast<std::size_t>(got)); !done) return done;
    }
  }

  Status data(const char* bytes, std::size_t size) {
    for (std::size_t at = 0; at < size;) {
      const auto put = ::archive_write_data(writer_.get(), bytes + at, size - at);
      if (put <= 0) return archive_error(writer_.get(), path_);
      at += static_cast<std::size_t>(put);
    }
    return {};
  }

  std::string path_;
  Writer writer_;
  bool opened_ = false;
};

class ArchiveStore : public Store {
 public:
  explicit ArchiveStore(std::string path) : path_(std::move(path)) {}

  // Every member is looked at once, so that a hostile archive is refused before anything is made of it, and a member is
  // found later without looking at the others.
  Status find_members() {
    auto at = walk(path_);
    if (!at) return tl::unexpected(at.error());
    for (;;) {
      const auto more = (*at)->next();
      if (!more) return tl::unexpected(more.error());
      if (!*more) return {};
      if (!members_.emplace((*at)->name, (*at)->position()).second) {
        return base::fail(std::errc::invalid_argument, path_, ": ", base::printable((*at)->name),
                          " stands in it twice");
      }
      if (members_.size() > limits::members)
        return base::fail(std::errc::invalid_argument, path_, " has more than ", limits::members, " members");
    }
  }

  Result<File> open(const std::string& name) override {
    const auto found = members_.find(name);
    if (found == members_.end())
      return base::fail(std::errc::no_such_file_or_directory, "there is no ", name, " in ", path_);
    auto at = walk(path_, found->second);
    if (!at) return tl::unexpected(at.error());
    const auto more = (*at)->next();
    if (!more) return tl::unexpected(more.error());
    if (!*more || (*at)->name != name)
      return base::fail(std::errc::invalid_argument, path_, " changed while it was read: read it again");
    if (::archive_entry_filetype((*at)->entry) != AE_IFREG)
      return base::fail(std::errc::invalid_argument, name, " of ", path_, " is not a regular file");
    const auto size = static_cast<std::uint64_t>(::archive_entry_size((*at)->entry));
    return File{size, std::make_unique<MemberSource>(std::move(*at))};
  }

  Status commit(const std::map<std::string, std::string>& blobs, const std::string& index) override {
    const auto temporary = base::text(path_, ".accelkit-", ::getpid());
    ::unlink(temporary.c_str());
    struct stat status {};
    if (::stat(path_.c_str(), &status) != 0) return base::fail_errno(errno, "cannot look at ", path_);
    const Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, status.st_mode & 0777));
    if (!file) return base::fail_errno(errno, "cannot write ", temporary);
    auto done = write(file, blobs, index);
    if (done && ::fsync(file.get()) != 0) done = base::fail_errno(errno, "cannot sync ", temporary);
    if (done && ::rename(temporary.c_str(), path_.c_str()) != 0)
      done = base::fail_errno(errno, "cannot rename ", temporary, " to ", path_);
    if (!done) ::unlink(temporary.c_str());
    return done;
  }

 private:
  Status write(const Fd& file, const std::map<std::string, std::string>& blobs, const std::string& index) const {
    Rewrite rewrite(path_, file);
    std::set<std::string> have;
    if (auto done = rewrite.copy_old(have); !done) return done;
    for (const auto& [digest, content] : blobs) {
      if (have.contains(blob_name(digest))) continue;
      if (auto done = rewrite.add(blob_name(digest), content); !done) return done;
    }
    if (auto done = rewrite.add("index.json", index); !done) return done;
    return rewrite.close();
  }

  std::string path_;
  std::map<std::string, std::int64_t> members_;  // where each one's headers begin
};

}  // namespace

Result<std::unique_ptr<Store>> open_archive_store(const std::string& path) {
  auto store = std::make_unique<ArchiveStore>(path);
  if (auto checked = store->find_members(); !checked) return tl::unexpected(checked.error());
  return store;
}

}  // namespace runx::tools::oci
