// SPDX-License-Identifier: Apache-2.0
#include "runtime/kernel_log.h"

#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace runx::runtime {

void KernelLog::add(std::string_view text) {
  if (!std::exchange(begun_, true)) open(O_CREAT | O_TRUNC);
  if (!file_) return;
  if (text.size() > kept) text.remove_prefix(text.size() - kept);
  if (size_ + text.size() > 2 * kept) cut();
  const ssize_t put = file_ ? ::write(file_.get(), text.data(), text.size()) : 0;
  if (put > 0) size_ += static_cast<std::size_t>(put);
}

void KernelLog::open(int flags) {
  auto file = host_.open(path_, O_WRONLY | O_APPEND | O_NOFOLLOW | flags, 0600);
  file_ = file ? std::move(*file) : base::Fd();
}

void KernelLog::cut() {
  auto all = host_.read(path_, 4 * kept);
  if (all && all->size() > kept) all->erase(0, all->size() - kept);
  if (all && host_.write(path_, *all)) {
    size_ = all->size();
    open(0);
    return;
  }
  // No room for a second file, say. What comes now tells more than what was.
  if (::ftruncate(file_.get(), 0) != 0) file_.reset();
  size_ = 0;
}

}  // namespace runx::runtime
