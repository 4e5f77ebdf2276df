// SPDX-License-Identifier: Apache-2.0
// Directories of ours, and whether others can put theirs in the place of them.
#include <cerrno>

#include <sys/stat.h>
#include <unistd.h>

#include "base/host.h"

namespace runx::base {
namespace {

bool trusted(uid_t user) { return user == 0 || user == ::geteuid(); }

bool others_write(const struct stat& status) {
  const bool group = (status.st_mode & S_IWGRP) != 0 && status.st_gid != 0 && status.st_gid != ::getegid();
  return group || (status.st_mode & S_IWOTH) != 0;
}

std::string octal(mode_t mode) {
  std::string out;
  for (int shift = 9; shift >= 0; shift -= 3) out += static_cast<char>('0' + ((mode >> shift) & 7));
  return out;
}

tl::unexpected<Error> of_another(const std::string& path, uid_t user) {
  return fail(std::errc::operation_not_permitted, path, " belongs to user ", user,
              ", who can change what is in it: choose a directory of root's");
}

// `last`: it is the directory itself and not one on the way to it.
Status check_one(const std::string& real_path, const std::string& path, bool last) {
  struct stat status {};
  // A link in a sticky directory may be anybody's.
  if (::lstat(real_path.c_str(), &status) != 0) return fail_errno(errno, "cannot look at ", path);
  if (S_ISLNK(status.st_mode)) {
    if (!trusted(status.st_uid)) return of_another(path, status.st_uid);
    if (::stat(real_path.c_str(), &status) != 0) return fail_errno(errno, "cannot look at ", path);
  }
  if (!S_ISDIR(status.st_mode)) return fail(std::errc::not_a_directory, path, " is there, but it is not a directory");
  if (!trusted(status.st_uid)) return of_another(path, status.st_uid);
  const bool shared = !last && (status.st_mode & S_ISVTX) != 0;
  if (!others_write(status) || shared) return {};
  return fail(std::errc::operation_not_permitted, path, " has mode ", octal(status.st_mode & 07777),
              ", so that others can write to it: choose a directory that only root can write to");
}

// Calls act(part, last) for "/a", "/a/b" and "/a/b/c" until one fails.
template <class Act>
Status each_part(const std::string& path, const Act& act) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const bool last = slash == std::string::npos;
    if (auto done = act(path.substr(0, slash), last); !done || last) return done;
  }
}

}  // namespace

Status Host::make_directories(const std::string& path, mode_t mode) {
  return each_part(path, [&](const std::string& part, bool last) -> Status {
    if (::mkdir(real(part).c_str(), mode) == 0) return {};
    if (errno != EEXIST) return fail_errno(errno, "cannot make the directory ", part);
    return check_one(real(part), part, last);
  });
}

Status Host::check_directory(const std::string& path) {
  return each_part(path, [&](const std::string& part, bool last) { return check_one(real(part), part, last); });
}

}  // namespace runx::base
