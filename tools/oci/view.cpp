// SPDX-License-Identifier: Apache-2.0
#include "tools/oci/view.h"

#include <array>

#include "base/printable.h"

namespace runx::tools::oci {

using base::printable;
using base::Result;
using base::Status;

View::View(Layout& layout, const Image& image) : layout_(&layout), layers_(image.layers), diff_ids_(image.diff_ids) {}

Result<View> View::of(Layout& layout, const Image& image) {
  View view(layout, image);
  Budget budget;
  for (std::size_t i = 0; i < view.layers_.size(); ++i) {
    if (auto added = view.add_layer(i, budget); !added) return tl::unexpected(added.error());
  }
  return view;
}

Status View::add_layer(std::size_t number, Budget& budget) {
  auto reader = LayerReader::open(layout_->store(), layers_[number], budget);
  if (!reader) return tl::unexpected(reader.error());
  // Whiteouts first, wherever they stand in the layer: they speak of lower layers only, and so of all that is there.
  std::vector<std::pair<Entry, std::size_t>> entries;
  Entry entry;
  for (std::size_t position = 0;; ++position) {
    const auto more = (*reader)->next(entry);
    if (!more) return tl::unexpected(more.error());
    if (!*more) break;
    if (!FileTree::is_whiteout(entry.path)) {
      entries.emplace_back(std::move(entry), position);
    } else if (auto done = tree_.white_out(entry, budget); !done) {
      return base::context(done.error(), "layer ", layers_[number].digest);
    }
  }
  if ((*reader)->diff_id() != diff_ids_[number]) {
    return base::fail(std::errc::invalid_argument, "layer ", layers_[number].digest, " unpacks to ",
                      (*reader)->diff_id(), ", but the image's config says ", printable(diff_ids_[number]),
                      " (rootfs.diff_ids): no engine will take the image");
  }
  for (const auto& [added, position] : entries) {
    if (auto done = tree_.add(added, number, position, budget); !done)
      return base::context(done.error(), "layer ", layers_[number].digest);
  }
  return {};
}

bool View::is_file(std::string_view path, std::uint64_t limit) const {
  const auto node = tree_.find(path);
  return node && (*node)->type == EntryType::file && (*node)->size <= limit;
}

Status View::check_file(std::string_view path) const {
  const auto node = file_node(path);
  if (!node) return tl::unexpected(node.error());
  return {};
}

Result<const FileTree::Node*> View::file_node(std::string_view path) const {
  const auto node = tree_.find(path);
  if (!node || (*node)->type == EntryType::file) return node;
  return base::fail(std::errc::invalid_argument, printable(path, 256), " is in the image, but is ",
                    (*node)->type == EntryType::directory ? "a directory" : "not a regular file");
}

std::vector<std::string> View::list(std::string_view directory) const {
  std::vector<std::string> out;
  const auto node = tree_.find(directory);
  if (!node) return out;
  for (const auto& [name, child] : (*node)->children) out.push_back(name);
  return out;
}

Status View::read(const std::set<std::string>& paths, std::uint64_t limit, const Take& take) const {
  std::map<std::size_t, std::map<std::size_t, std::vector<std::string>>> wanted;  // layer, position
  std::uint64_t total = 0;
  for (const auto& path : paths) {
    const auto node = file_node(path);
    if (!node) return tl::unexpected(node.error());
    const auto size = (*node)->size;
    if (size > limit) {
      return base::fail(std::errc::file_too_large, printable(path, 256), " of the image has ", size,
                        " bytes, more than ", limit);
    }
    total += size;
    if (total > limits::files || total < size) {
      return base::fail(std::errc::file_too_large, "the files that the image asks for have more than ",
                        limits::files / limits::mebibyte, " MiB together: they are not unpacked");
    }
    wanted[(*node)->layer][(*node)->position].push_back(path);
  }
  Budget budget;
  std::array<std::uint8_t, 16 * 1024> buffer{};
  for (const auto& [layer, positions] : wanted) {
    auto reader = LayerReader::open(layout_->store(), layers_[layer], budget);
    if (!reader) return tl::unexpected(reader.error());
    Entry entry;
    for (std::size_t position = 0;; ++position) {
      const auto more = (*reader)->next(entry);
      if (!more) return tl::unexpected(more.error());
      if (!*more) break;
      const auto asked = positions.find(position);
      if (asked == positions.end()) continue;
      for (std::uint64_t have = 0;;) {
        const auto got = (*reader)->data(buffer);
        if (!got) return tl::unexpected(got.error());
        have += *got;
        if (have > limit) return base::fail(std::errc::file_too_large, printable(asked->second[0]), " is too large");
        for (const auto& path : asked->second) {
          if (auto done = take(path, base::Bytes(buffer).first(*got)); !done) return done;
        }
        if (*got == 0) break;
      }
    }
  }
  return {};
}

Result<std::string> View::read(const std::string& path, std::uint64_t limit) const {
  std::string out;
  const auto done = read({path}, limit, [&](const std::string&, base::Bytes piece) -> Status {
    out += base::text_of(piece);
    return {};
  });
  if (!done) return tl::unexpected(done.error());
  return out;
}

}  // namespace runx::tools::oci
