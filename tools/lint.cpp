// SPDX-License-Identifier: Apache-2.0
#include "tools/lint.h"

#include <algorithm>
#include <set>

#include "annotations/keys.h"
#include "annotations/place.h"
#include "annotations/request.h"
#include "base/printable.h"
#include "base/sha256.h"
#include "bitstream/bitstream.h"
#include "devtree/node.h"
#include "plan/signature.h"
#include "tools/oci/change.h"
#include "tools/oci/view.h"

namespace runx::tools {
namespace {

using annotations::Annotations;
using base::printable;
using base::text;

constexpr std::uint64_t largest_bitstream = std::uint64_t{256} << 20;

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }
std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

class Lint {
 public:
  explicit Lint(const oci::View& view) : view_(view) {}

  void run(const oci::Said& said) {
    const std::vector<annotations::Place> places{{std::string(annotations::metadata_path), metadata()},
                                                 {"the config", said.labels},
                                                 {"the manifest", said.manifest}};
    const auto* asks = &places.front();
    for (const auto& place : places) {
      const auto parsed = annotations::parse(place.annotations);
      complain(place.name, parsed.complaints);
      complain(place.name, annotations::not_for_images(place.annotations));
      if (!in_use(*asks)) asks = &place;
    }
    for (const auto& conflict : annotations::conflicts(places)) error(annotations::sentence(conflict));
    const auto parsed = annotations::parse(asks->annotations);
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

  void complain(const std::string& place, const std::vector<annotations::Complaint>& complaints) {
    for (const auto& complaint : complaints) error("in ", place, ": ", annotations::sentence(complaint));
  }

  static bool in_use(const annotations::Place& place) {
    return std::any_of(place.annotations.begin(), place.annotations.end(),
                       [](const auto& entry) { return entry.first.starts_with(annotations::prefix); });
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
    const auto content = view_.read(path, annotations::largest_metadata);
    if (!content) {
      error(content.error().what);
      return {};
    }
    auto read = annotations::parse_metadata(*content);
    complain(path, read.complaints);
    return std::move(read.annotations);
  }

  // A file of a kind that this code knows nothing of is at least looked for.
  void files(const annotations::AcceleratorRequest& request) {
    for (const auto& [key, value] : annotations::emit(request)) {
      const auto* known = annotations::pattern_of(std::string_view(key).substr(annotations::prefix.size()));
      if (known == nullptr || !known->names_file) continue;
      if (const auto there = view_.check_file(value); !there) {
        error(key, ": ", there.error().what);
      } else if (key.starts_with(std::string(annotations::prefix) + "fpga.")) {
        folders_.insert(folder_of(value));
      }
    }
    for (const auto& bitstream : request.bitstreams) {
      const auto key = text(annotations::prefix, "fpga.", bitstream.name);
      if (!bitstream.file.empty()) check_bitstream(bitstream, key, "", bitstream.file, bitstream.digest);
      for (const auto& [region, variant] : bitstream.variants)
        check_bitstream(bitstream, key, "." + region, variant.file, variant.digest);
      if (bitstream.overlay) own_overlay(bitstream);
    }
    for (const auto& processor : request.processors) {
      if (processor.firmware)
        check_digest(text(annotations::prefix, "rpu.", processor.name), "", *processor.firmware, processor.digest);
    }
  }

  // The file's content, when there is one; `key` is fpga.NAME, `region` what follows "digest" in the key.
  std::optional<std::string> check_digest(const std::string& key, const std::string& region, const std::string& file,
                                          const std::optional<std::string>& wanted) {
    if (!view_.is_file(file)) return std::nullopt;
    auto content = view_.read(file, largest_bitstream);
    if (!content) {
      error(key, ": ", content.error().what);
      return std::nullopt;
    }
    const auto digest = base::sha256_digest(base::bytes_of(*content));
    if (!wanted) {
      warning(key, ".digest", region, " is missing, so nobody notices another file in its place: it is ", digest);
    } else if (*wanted != digest) {
      error(key, ".digest", region, " is ", *wanted, ", but ", file, " has ", digest,
            ": attach the file that was meant");
    }
    return std::move(*content);
  }

  void check_bitstream(const annotations::BitstreamRequest& request, const std::string& key, const std::string& region,
                       const std::string& file, const std::optional<std::string>& digest) {
    const auto content = check_digest(key, region, file, digest);
    if (!content) return;
    check_signature(file);
    const auto info = bitstream::read_bitstream(base::bytes_of(*content), file);
    if (!info) return error(key, ".bitstream", region, ": ", info.error().what);
    if (request.format && *request.format != bitstream::to_text(info->format)) {
      error(key, ".format is ", *request.format, ", but ", file, " is a .", bitstream::to_text(info->format),
            ": correct the annotation");
    }
    if (!bitstream::is_stream_file(info->format)) {
      if (!request.format) {
        error(file, " is ", bitstream::sentence_name(info->format),
              ", and runx-accel programs .bit and .bin files only: attach the bitstream itself");
      }
      return;
    }
    check_partial(request, key, file, *info);
    check_encryption(request, key, file, *info);
    if (!info->idcode) error(file, " does not say for which part it is (no IDCODE)");
  }

  void check_partial(const annotations::BitstreamRequest& request, const std::string& key, const std::string& file,
                     const bitstream::BitstreamInfo& info) {
    if (info.partial && !*info.partial)
      error(file, " is a full bitstream by its header, and would replace the whole device: use a partial one");
    if (info.partial && request.partial && *info.partial != *request.partial) {
      error(key, ".partial is ", *request.partial ? "yes" : "no", ", but ", file, " is a ",
            *info.partial ? "partial" : "full", " bitstream by its header: correct the annotation");
    }
    if (info.partial) return;
    if (!request.partial) {
      error(file, " does not say whether it is partial (a .bin has no header): use the .bit file, or write ", key,
            ".partial = yes if it is");
    } else if (!*request.partial) {
      error(file, " is a full bitstream by ", key, ".partial, and would replace the whole device: use a partial one");
    } else {
      warning(file,
              " has no header that says that it is partial, and a board with a policy takes nobody's word for it "
              "unless it says so (headerless): use the .bit file");
    }
  }

  void check_encryption(const annotations::BitstreamRequest& request, const std::string& key, const std::string& file,
                        const bitstream::BitstreamInfo& info) {
    const bool said = request.encrypted.value_or(false);
    if (info.encrypted && said) {
      warning(file, " is encrypted, and only a board whose policy lets such ones in takes it");
    } else if (info.encrypted) {
      error(file, " is encrypted, so nobody can check what it writes: use a plain one, or write ", key,
            ".encrypted = yes for boards whose policy lets it in");
    } else if (said) {
      error(key, ".encrypted is yes, but ", file, " is not encrypted: correct the annotation");
    }
  }

  // Only a board's policy says whether one is needed, and whose; what stands there must be one.
  void check_signature(const std::string& file) {
    const auto path = plan::signature_file(file);
    if (!view_.is_file(path)) return;
    const auto content = view_.read(path, plan::largest_signature);
    if (!content) return error(content.error().what);
    if (!plan::parse_signature(*content))
      error(path, " is not a signature: it must be ECDSA's in DER, as it is or in base64");
  }

  // facts of the K26's own collection: an overlay that names another instance's bitstream than the one beside it.
  void overlays(const std::string& folder) {
    const auto beside = names_in(folder);
    for (const auto& name : beside) {
      if (!name.ends_with(".dtbo")) continue;
      const auto path = folder + "/" + name;
      for (const auto& wanted : firmware_names(path)) firmware_name(path, wanted, beside);
    }
  }

  // What the overlay wants loaded; said as an error, once, when it is none.
  std::vector<std::string> firmware_names(const std::string& path) {
    std::vector<std::string> out;
    if (!view_.is_file(path)) return out;
    const auto content = view_.read(path, devtree::largest_tree);
    if (!content) {
      error(content.error().what);
      return out;
    }
    const auto blob = devtree::Blob::parse(base::bytes_of(*content), path);
    if (!blob) {
      error(blob.error().what);
      return out;
    }
    const auto tree = devtree::Tree::of(*blob);
    for (const auto& node : tree.nodes()) {
      for (const auto& name : node.strings("firmware-name")) out.emplace_back(name);
    }
    return out;
  }

  // A bitstream that stands beside the overlay may still be another's than the request's. One that does not has been
  // complained of.
  void own_overlay(const annotations::BitstreamRequest& request) {
    std::set<std::string> own;
    if (!request.file.empty()) own.insert(bare(name_of(request.file)));
    for (const auto& [region, variant] : request.variants) own.insert(bare(name_of(variant.file)));
    const auto beside = names_in(folder_of(*request.overlay));
    for (const auto& wanted : firmware_names(*request.overlay)) {
      if (own.contains(bare(name_of(wanted))) || !stands_in(beside, wanted)) continue;
      error(*request.overlay, " names the bitstream ", printable(wanted), " (firmware-name), but fpga.", request.name,
            " has ", *own.begin(), ": take the overlay that belongs to it");
    }
  }

  std::vector<std::string> names_in(const std::string& folder) const {
    return view_.list(folder.empty() ? "/" : folder);
  }

  static bool stands_in(const std::vector<std::string>& names, const std::string& wanted) {
    return std::any_of(names.begin(), names.end(),
                       [&](const auto& name) { return bare(name) == bare(name_of(wanted)); });
  }

  // A bitstream is often kept as x.bit and loaded as x.bit.bin or x.bin: the same file in another wrapping.
  static std::string bare(std::string name) {
    for (const char* ending : {".bin", ".bit"}) {
      if (name.ends_with(ending)) name.resize(name.size() - 4);
    }
    return name;
  }

  void firmware_name(const std::string& path, const std::string& wanted, const std::vector<std::string>& beside) {
    if (stands_in(beside, wanted)) return;
    std::string others;
    for (const auto& other : beside) {
      if (other.ends_with(".bit") || other.ends_with(".bin")) others += (others.empty() ? "" : ", ") + printable(other);
    }
    error(path, " names the bitstream ", printable(wanted), " (firmware-name), which is not beside it; there ",
          others.empty() ? "is none" : "is " + others, ": rebuild the overlay, or rename the file");
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
