// SPDX-License-Identifier: Apache-2.0
#include "tools/lint.h"

#include <algorithm>
#include <set>

#include "annotations/request.h"
#include "annotations/value.h"
#include "base/printable.h"
#include "base/sha256.h"
#include "devtree/node.h"
#include "fpga/bitstream.h"
#include "tools/oci/change.h"
#include "tools/oci/view.h"

namespace runx::tools {
namespace {

using annotations::Annotations;
using base::printable;
using base::text;

constexpr std::uint64_t largest_metadata = std::uint64_t{1} << 20;
constexpr std::uint64_t largest_bitstream = std::uint64_t{256} << 20;

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }
std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

class Lint {
 public:
  explicit Lint(const oci::View& view) : view_(view) {}

  void run(const oci::Said& said) {
    const auto file = metadata();
    const auto parsed = annotations::parse(file);
    complain("the metadata file", parsed.complaints);
    complain("the labels", annotations::parse(said.labels).complaints);
    complain("the manifest's annotations", annotations::parse(said.manifest).complaints);
    compare(file, "label", said.labels);
    compare(file, "manifest annotation", said.manifest);
    if (parsed.complaints.empty()) files(parsed.request);
    for (const auto& folder : folders_) overlays(folder);
  }

  std::vector<Finding> take() && { return std::move(findings_); }

 private:
  template <class... Parts>
  void error(const Parts&... parts) {
    add({true, text(parts...)});
  }
  template <class... Parts>
  void warning(const Parts&... parts) {
    add({false, text(parts...)});
  }
  void add(Finding finding) {
    const bool known = std::any_of(findings_.begin(), findings_.end(),
                                   [&](const Finding& other) { return other.what == finding.what; });
    if (!known) findings_.push_back(std::move(finding));
  }

  void complain(const char* place, const std::vector<annotations::Complaint>& complaints) {
    for (const auto& complaint : complaints) error("in ", place, ": ", annotations::sentence(complaint));
  }

  Annotations metadata() {
    const std::string path(annotations::metadata_path);
    if (const auto there = view_.check_file(path); !there) {
      if (there.error().code == std::errc::no_such_file_or_directory) {
        warning("there is no ", path, ", so most engines' runtimes see no request: accelkit image annotate writes it");
      } else {
        error(there.error().what);
      }
      return {};
    }
    const auto content = view_.read(path, largest_metadata);
    if (!content) {
      error(content.error().what);
      return {};
    }
    auto read = annotations::parse_metadata(*content);
    complain("the metadata file", read.complaints);
    Annotations out;
    for (auto& [key, value] : read.annotations) {
      if (key.starts_with(annotations::prefix)) out[key] = std::move(value);
    }
    return out;
  }

  void compare(const Annotations& file, const char* place, const Annotations& there) {
    for (const auto& [key, value] : file) {
      const auto found = there.find(key);
      if (found == there.end()) {
        warning(printable(key, 256), " stands in ", annotations::metadata_path, ", but is not a ", place,
                ": annotate the image again");
      } else if (found->second != value) {
        error(printable(key, 256), " is \"", printable(value), "\" in ", annotations::metadata_path, ", but \"",
              printable(found->second), "\" as a ", place, ": annotate the image again");
      }
    }
    for (const auto& [key, value] : there) {
      if (!file.contains(key))
        error(printable(key, 256), " is a ", place, ", but does not stand in ", annotations::metadata_path,
              ", which is what the runtime reads: annotate the image again");
    }
  }

  // Keys are read from the annotations that mean the request, so that a file of a kind that this code knows nothing
  // of is at least looked for.
  void files(const annotations::AcceleratorRequest& request) {
    const auto asks = annotations::emit(request);
    for (const auto& [key, value] : asks) {
      const auto leaf = key.substr(key.rfind('.') + 1);
      const bool names_file = leaf == "bitstream" || leaf == "overlay" || leaf == "firmware" || leaf == "kernel" ||
                              leaf == "ramdisk" || key.find(".bitstream.") != std::string::npos;
      if (!names_file || !annotations::is_clean_path(value)) continue;
      if (const auto there = view_.check_file(value); !there) {
        error(key, ": ", there.error().what);
        continue;
      }
      if (leaf == "overlay" || key.find(".bitstream") != std::string::npos) folders_.insert(folder_of(value));
    }
    for (const auto& bitstream : request.bitstreams) check_bitstream(bitstream);
  }

  void check_bitstream(const annotations::BitstreamRequest& request) {
    if (!view_.is_file(request.file)) return;
    const auto key = text(annotations::prefix, "fpga.", request.name);
    const auto content = view_.read(request.file, largest_bitstream);
    if (!content) return error(key, ".bitstream: ", content.error().what);
    const auto digest = base::sha256_digest(base::bytes_of(*content));
    if (!request.digest) {
      warning(key, ".digest is missing, so nobody notices another file in its place: it is ", digest);
    } else if (*request.digest != digest) {
      error(key, ".digest is ", *request.digest, ", but ", request.file, " has ", digest,
            ": attach the file that was meant");
    }
    const auto info = fpga::read_bitstream(base::bytes_of(*content), request.file);
    if (!info) return error(key, ".bitstream: ", info.error().what);
    if (!fpga::is_stream_file(info->format)) {
      return error(request.file, " is ", fpga::sentence_name(info->format),
                   ", and runx-accel programs .bit and .bin files only: attach the bitstream itself");
    }
    if (info->encrypted) error(request.file, " is encrypted, so nobody can check what it writes: use a plain one");
    if (!info->partial) {
      error(request.file, " does not say whether it is partial (a .bin has no header): use the .bit file");
    } else if (!*info->partial) {
      error(request.file, " is a full bitstream by its header, and would replace the whole device: use a partial one");
    }
    if (!info->idcode) error(request.file, " does not say for which part it is (no IDCODE)");
  }

  // facts of the K26's own collection: an overlay that names another instance's bitstream than the one beside it.
  void overlays(const std::string& folder) {
    std::vector<std::string> beside;
    for (const auto& name : view_.list(folder.empty() ? "/" : folder)) beside.push_back(name);
    for (const auto& name : beside) {
      if (!name.ends_with(".dtbo")) continue;
      const auto path = folder + "/" + name;
      const auto content = view_.is_file(path) ? view_.read(path, devtree::largest_tree) : base::Result<std::string>();
      if (!view_.is_file(path)) continue;
      if (!content) {
        error(content.error().what);
        continue;
      }
      const auto blob = devtree::Blob::parse(base::bytes_of(*content), path);
      if (!blob) {
        error(blob.error().what);
        continue;
      }
      const auto tree = devtree::Tree::of(*blob);
      for (const auto& node : tree.nodes()) firmware_name(path, node, beside);
    }
  }

  // A bitstream is often kept as x.bit and loaded as x.bit.bin or x.bin: the same file in another wrapping.
  static std::string bare(std::string name) {
    for (const char* ending : {".bin", ".bit"}) {
      if (name.ends_with(ending)) name.resize(name.size() - 4);
    }
    return name;
  }

  void firmware_name(const std::string& path, const devtree::Node& node, const std::vector<std::string>& beside) {
    for (const auto& name : node.strings("firmware-name")) {
      std::string others;
      bool found = false;
      for (const auto& other : beside) {
        found = found || bare(other) == bare(name_of(name));
        if (other.ends_with(".bit") || other.ends_with(".bin"))
          others += (others.empty() ? "" : ", ") + printable(other);
      }
      if (found) continue;
      error(path, " names the bitstream ", printable(name), " (firmware-name), which is not beside it; there ",
            others.empty() ? "is none" : "is " + others, ": rebuild the overlay, or rename the file");
    }
  }

  const oci::View& view_;
  std::set<std::string> folders_;  // where bitstreams and overlays stand
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> lint_image(oci::Layout& layout, const oci::Image& image) {
  const auto said = oci::said(image);
  if (!said) return {{true, said.error().what}};
  const auto view = oci::View::of(layout, image);
  if (!view) return {{true, view.error().what}};
  Lint lint(*view);
  lint.run(*said);
  return std::move(lint).take();
}

}  // namespace runx::tools
