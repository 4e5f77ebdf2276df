// SPDX-License-Identifier: Apache-2.0
#pragma once

// What every user of libarchive here needs: its objects with an owner, its errors as ours, and names as bytes.
// Source: archive_read(3), archive_write(3), libarchive 3.6.

#include <memory>
#include <string>

#include <archive.h>
#include <archive_entry.h>

#include "base/result.h"

namespace runx::tools::oci {

struct ReadCloser {
  void operator()(struct archive* archive) const { ::archive_read_free(archive); }
};
struct WriteCloser {
  void operator()(struct archive* archive) const { ::archive_write_free(archive); }
};
struct EntryCloser {
  void operator()(struct archive_entry* entry) const { ::archive_entry_free(entry); }
};
using Reader = std::unique_ptr<struct archive, ReadCloser>;
using Writer = std::unique_ptr<struct archive, WriteCloser>;
using OwnedEntry = std::unique_ptr<struct archive_entry, EntryCloser>;

// Makes one. libarchive converts names between the archive's character set and the process's locale, and in the "C"
// locale it drops what is not ASCII; so the first call sets LC_CTYPE of the process to C.UTF-8.
Reader new_reader();
Writer new_writer();

// The archive's last error, as a sentence about `name`.
tl::unexpected<base::Error> archive_error(struct archive* archive, const std::string& name);

// A member's name without "./" in front and "/" behind; "" for the root itself. invalid_argument for a name that is
// missing, longer or deeper than limits.h says, has a NUL, or contains "..".
base::Result<std::string> member_name(const char* raw, const std::string& archive);

}  // namespace runx::tools::oci
