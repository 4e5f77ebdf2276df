// SPDX-License-Identifier: Apache-2.0
#include "tools/lint.h"

#include <algorithm>
#include <set>

#include "annotations/keys.h"
#include "annotations/place.h"
#include "annotations/request.h"
#include "base/printable.h"
#include "base/sha256.h"
#include "devtree/node.h"
#include "plan/image.h"
#include "plan/signature.h"
#include "plan/unsupported.h"
#include "tools/oci/change.h"
#include "tools/open_board.h"
#include "tools/opened.h"

namespace runx::tools {
namespace {

using annotations::AcceleratorRequest;
using annotations::Annotations;
using annotations::BitstreamRequest;
using base::printable;
using base::text;

std::set<std::string> files_of(const BitstreamRequest& request) {
  std::set<std::string> out;
  if (!request.file.empty()) out.insert(request.file);
  for (const auto& [region, variant] : request.variants) out.insert(variant.file);
  return out;
}

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
    if (!parsed.complaints.empty()) return;
    files(parsed.request);
    plan_it(parsed.request);
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
    const auto content = view_.read(path, oci::limits::metadata);
    if (!content) {
      error(content.error().what);
      return {};
    }
    auto read = annotations::parse_metadata(*content);
    complain(path, read.complaints);
    return std::move(read.annotations);
  }

  // A file of a kind that this code knows nothing of is at least looked for.
  void files(const AcceleratorRequest& request) {
    for (const auto& [key, value] : annotations::emit(request)) {
      const auto* known = annotations::pattern_of(std::string_view(key).substr(annotations::prefix.size()));
      if (known == nullptr || !known->names_file) continue;
      if (const auto there = view_.check_file(value); !there) error(key, ": ", there.error().what);
    }
    for (const auto& processor : request.processors) check_firmware(processor);
  }

  void check_firmware(const annotations::ProcessorRequest& processor) {
    if (!processor.firmware || !view_.is_file(*processor.firmware)) return;
    const auto key = text(annotations::prefix, "rpu.", processor.name, ".digest");
    const auto content = view_.read(*processor.firmware, plan::largest_bitstream);
    if (!content) return error(content.error().what);
    const auto digest = base::sha256_digest(base::bytes_of(*content));
    if (!processor.digest) {
      no_digest(key, digest);
    } else if (*processor.digest != digest) {
      error(key, " is ", *processor.digest, ", but ", *processor.firmware, " has ", digest,
            ": attach the file that was meant");
    }
  }

  void no_digest(const std::string& key, const std::string& digest) {
    warning(key, " is missing, so nobody notices another file in its place: it is ", digest);
  }

  // What the runtime's own planner says of the image on boards that have whatever it asks for.
  void plan_it(AcceleratorRequest request) {
    auto image = read(request);
    if (!image) return error(image.error().what);
    for (const auto& bitstream : request.bitstreams) beside(bitstream, *image);
    const auto refused = ask_open_boards(std::move(request), *image);
    for (const auto& sentence : refused.by_every_board) error(sentence);
    for (const auto& sentence : refused.by_some) warning(sentence);
  }

  // The facts of all files of bitstreams that can be read. What cannot is said, and taken out of the request.
  base::Result<plan::ImageFacts> read(AcceleratorRequest& request) {
    const auto temporary = Temporary::make();
    if (!temporary) return tl::unexpected(temporary.error());
    if (auto done = unpack_bitstreams(view_, request, temporary->path()); !done) return tl::unexpected(done.error());
    base::Host host;
    const auto rootfs = base::Rootfs::open(host, temporary->path());
    if (!rootfs) return tl::unexpected(rootfs.error());
    const auto bytes = ramdisk_bytes(view_);
    if (!bytes) return tl::unexpected(bytes.error());
    plan::ImageFacts out{.bitstreams = {}, .rootfs_bytes = *bytes};
    std::erase_if(request.bitstreams, [&](const BitstreamRequest& bitstream) {
      bool good = true;
      for (const auto& file : files_of(bitstream)) good = read_file(*rootfs, bitstream, file, out) && good;
      return !good;
    });
    return out;
  }

  bool read_file(const base::Rootfs& rootfs, const BitstreamRequest& bitstream, const std::string& file,
                 plan::ImageFacts& out) {
    if (!plan::reads_format(bitstream)) return true;  // refused by its key
    auto one = bitstream;
    one.file = file;
    one.variants.clear();
    // One that is not in the image has been complained of.
    if (!view_.is_file(file) || (one.overlay && !view_.is_file(*one.overlay))) return false;
    AcceleratorRequest request;
    request.bitstreams = {std::move(one)};
    plan::ImageBudget budget(plan::Board().image);
    auto read = plan::read_bitstreams(rootfs, request, all_files(request), budget);
    if (!read) {
      error(annotations::prefix, read.error().what);
      return false;
    }
    out.bitstreams.merge(read->facts);
    out.overlays.merge(read->overlays);
    return true;
  }

  // What no board refuses, and somebody will regret.
  void beside(const BitstreamRequest& request, const plan::ImageFacts& image) {
    const auto key = text(annotations::prefix, "fpga.", request.name, ".digest");
    const auto digest = [&](const std::string& of, const std::string& file, const std::optional<std::string>& said) {
      if (const auto facts = image.bitstreams.find(file); facts != image.bitstreams.end() && !said)
        no_digest(of, facts->second.digest);
    };
    digest(key, request.file, request.digest);
    for (const auto& [region, variant] : request.variants) digest(key + "." + region, variant.file, variant.digest);
    for (const auto& file : files_of(request)) {
      const auto facts = image.bitstreams.find(file);
      if (facts == image.bitstreams.end() || !facts->second.signature) continue;
      if (!plan::parse_signature(*facts->second.signature))
        warning(plan::signature_file(file), " is not a signature: it must be ECDSA's in DER, as it is or in base64");
    }
    firmware_names(request, image);
  }

  // firmware-name is not used (spec/annotations.md), but says for which bitstream the overlay was made.
  void firmware_names(const BitstreamRequest& request, const plan::ImageFacts& image) {
    const auto overlay = request.overlay ? image.overlays.find(*request.overlay) : image.overlays.end();
    if (overlay == image.overlays.end()) return;
    std::set<std::string> own;
    for (const auto& file : files_of(request)) own.insert(bare(file));
    const auto tree = devtree::Tree::of(overlay->second.blob);
    for (const auto& node : tree.nodes()) {
      for (const auto& wanted : node.strings("firmware-name")) {
        if (own.contains(bare(std::string(wanted)))) continue;
        warning(*request.overlay, " was made for the bitstream ", printable(wanted), " (firmware-name), and fpga.",
                request.name, " has ", *own.begin(), ": see that the two belong together");
      }
    }
  }

  // Without its folder. A bitstream is often kept as x.bit and loaded as x.bit.bin or x.bin: the same in another
  // wrapping.
  static std::string bare(std::string name) {
    name.erase(0, name.rfind('/') + 1);
    for (const char* ending : {".bin", ".bit"}) {
      if (name.ends_with(ending)) name.resize(name.size() - 4);
    }
    return name;
  }

  const oci::View& view_;
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
