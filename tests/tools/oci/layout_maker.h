// SPDX-License-Identifier: Apache-2.0
#pragma once

// Layouts as a test wants them, right or wrong: every document is JSON that the test may bend before it is stored, and
// a layer's tar may have any entry. Nothing here uses the code under test, but for descriptors and make_layer's names.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tools/oci/descriptor.h"
#include "tools/oci/layer.h"

namespace runx::fake {

using tools::oci::Compression;
using tools::oci::Descriptor;
using tools::oci::Json;

struct TarEntry {
  std::string name;
  std::string content = {};
  char type = 'f';  // f file, d directory, l symbolic link, h hard link, p FIFO
  std::string target = {};
};

// A tar of these entries, as they stand.
std::string make_tar(const std::vector<TarEntry>& entries);
std::string compress(const std::string& content, Compression compression);

class LayoutMaker {
 public:
  LayoutMaker();
  ~LayoutMaker();
  LayoutMaker(const LayoutMaker&) = delete;
  LayoutMaker& operator=(const LayoutMaker&) = delete;

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

  Descriptor blob(std::string_view media_type, const std::string& content);
  // Remembers the diff id for image().
  Descriptor layer(const std::vector<TarEntry>& entries, Compression compression = Compression::gzip);
  // Config and manifest for linux/<architecture>; `labels` go into the config, `annotations` into the manifest.
  Descriptor image(const std::vector<Descriptor>& layers, const std::string& architecture = "arm64",
                   const Json& labels = nullptr, const Json& annotations = nullptr);
  Descriptor index(const std::vector<Json>& entries);
  // Writes index.json with these entries.
  void publish(const std::vector<Json>& entries);
  static Json tagged(const Descriptor& descriptor, const std::string& tag);
  static Json with_platform(const Descriptor& descriptor, const std::string& architecture);

  // A tar of the directory, beside it.
  std::string archive() const;

  // Every file below the layout with its content: to see that nothing was written.
  std::map<std::string, std::string> content() const;
  Json read_json(const std::string& digest) const;

 private:
  std::string path_;
  std::map<std::string, std::string> diff_ids_;  // by the layer's digest
};

void write_file(const std::string& path, const std::string& content);
std::string read_file(const std::string& path);

}  // namespace runx::fake
