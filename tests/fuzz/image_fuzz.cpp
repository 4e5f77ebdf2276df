// SPDX-License-Identifier: Apache-2.0
// Any bytes as a layout's tar, with what reads it: the first byte chooses what the rest is. Either an oci-archive, of
// which every image is looked through, or one layer in one of the three compressions, which is the part that a tar of a
// layout hides behind digests that a fuzzer does not find.
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/fuzz/hold.h"
#include "tools/lint.h"
#include "tools/oci/change.h"
#include "tools/oci/view.h"

namespace {

using namespace runx;
using namespace runx::tools::oci;

// One layer, whose descriptor is right whatever is in it.
class OneBlob : public Store {
 public:
  explicit OneBlob(std::string_view bytes) : bytes_(bytes) {}
  base::Result<File> open(const std::string&) override { return File{bytes_.size(), std::make_unique<Bytes>(bytes_)}; }
  base::Status commit(const std::map<std::string, std::string>&, const std::string&) override { return {}; }

 private:
  class Bytes : public Source {
   public:
    explicit Bytes(std::string_view left) : left_(left) {}
    base::Result<std::size_t> read(std::span<std::uint8_t> buffer) override {
      const auto size = std::min(buffer.size(), left_.size());
      std::copy_n(left_.begin(), size, buffer.begin());
      left_.remove_prefix(size);
      return size;
    }

   private:
    std::string_view left_;
  };
  std::string_view bytes_;
};

void one_layer(std::string_view bytes, const char* ending) {
  OneBlob store(bytes);
  Budget budget;
  budget.bytes = 16 << 20;  // a bomb is found sooner, and the fuzzer is faster
  auto reader = LayerReader::open(store, describe(std::string(layer_type) + ending, bytes), budget);
  if (!reader) return;
  Entry entry;
  std::array<std::uint8_t, 4096> buffer{};
  for (;;) {
    const auto more = (*reader)->next(entry);
    if (!more || !*more) return;
    fuzz::hold(entry.path.empty() || entry.path.front() != '/');
    fuzz::hold(("/" + entry.path + "/").find("/../") == std::string::npos);
    for (;;) {
      const auto got = (*reader)->data(buffer);
      if (!got || *got == 0) break;
    }
  }
}

void whole_layout(std::string_view bytes) {
  const base::Fd file(::memfd_create("layout", MFD_CLOEXEC));
  if (::write(file.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) return;
  auto layout = Layout::open("/proc/self/fd/" + std::to_string(file.get()));
  if (!layout) return;
  std::map<std::string, std::string> blobs;
  (void)layout->change_images(
      "", {},
      [&](Image& image) -> base::Result<Descriptor> {
        for (const auto& finding : tools::lint_image(*layout, image)) fuzz::hold(!finding.what.empty());
        (void)carried(*layout, image);
        return apply(image, {{{"io.runx-accel.schema", "1"}}, {}, {}, 0}, blobs);
      },
      blobs);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      whole_layout(rest);
      break;
    case 1:
      one_layer(rest, "");
      break;
    case 2:
      one_layer(rest, "+gzip");
      break;
    default:
      one_layer(rest, "+zstd");
  }
  return 0;
}
