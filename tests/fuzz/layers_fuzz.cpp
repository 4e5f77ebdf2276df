// SPDX-License-Identifier: Apache-2.0
// Images as somebody might build them to harm whoever looks at them: trees of links into links, folders within folders,
// whiteouts, layers over layers, variants, overlays, keys in three places. The bytes choose all of it from short lists,
// so that what they make is nearly always a layout, and names meet. Then show, lint and plan run on it, in a thread
// with a small stack. What a board takes must not be an error to lint.
#include <pthread.h>

#include <functional>
#include <iostream>
#include <sstream>

#include "base/sha256.h"
#include "devtree/blob.h"
#include "tests/fake/bitstream.h"
#include "tests/fuzz/hold.h"
#include "tests/tools/oci/layout_maker.h"
#include "tools/commands.h"

namespace {

using namespace runx;
using tools::oci::Compression;
using tools::oci::Json;

constexpr std::size_t stack_bytes = 256 * 1024;
constexpr std::string_view prefix = "io.runx-accel.";

// The input, byte after byte; zeros behind its end.
class Choices {
 public:
  Choices(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}
  bool any() const { return left_ > 0; }
  std::size_t number(std::size_t below) {
    if (left_ == 0) return 0;
    --left_;
    return *data_++ % below;
  }
  template <class List>
  const auto& of(const List& list) {
    return list[number(std::size(list))];
  }

 private:
  const std::uint8_t* data_;
  std::size_t left_;
};

std::string overlay() {
  devtree::DraftNode inner{"__overlay__"};
  inner.add("firmware-name", devtree::text_value("a.bit.bin"));
  devtree::DraftNode fragment{"fragment@0"};
  fragment.children.push_back(inner);
  devtree::DraftNode root;
  root.children.push_back(fragment);
  return std::string(base::text_of(devtree::Draft::blob(root)->bytes()));
}

const std::vector<std::string>& contents() {
  static const std::vector<std::string> all{"",
                                            "text",
                                            fake::make_bitstream(),
                                            fake::make_bitstream({.partial = false}),
                                            fake::make_bitstream({.header = false}),
                                            fake::make_bitstream({.encrypted = true}),
                                            fake::make_bitstream({.idcode = 0x04A42093}),
                                            overlay(),
                                            std::string(1 << 20, '\0')};
  return all;
}

std::string path(Choices& from) {
  static constexpr std::array parts{"a", "b", "boot", "a.bit", "b.bit", "a.dtbo", "a.bit.sig", "..", "."};
  std::string out;
  const auto count = 1 + from.number(4);
  for (std::size_t i = 0; i < count; ++i) out += (out.empty() ? "" : "/") + std::string(from.of(parts));
  return out;
}

std::string repeated(const std::string& text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text + "/";
  return out;
}

// `simple` is cleared where lint may know more than one board: several places, and files for other regions.
Json keys(Choices& from, bool& simple) {
  static constexpr std::array names{"fpga.a", "fpga.b"};
  static constexpr std::array files{"/a.bit", "/boot/a.bit", "/b.bit", "/a/b", "/a/a/a.bit"};
  static constexpr std::array plain{"partial=yes", "partial=no", "encrypted=yes", "format=bit", "format=pdi",
                                    "region=pr0",  "region=any", "digest=x",      "shell=ab",   "overlay-nodes=/a"};
  static constexpr std::array other{"domain.memory=64MiB",   "domain.memory=1MiB", "device.t.path=/axi/timer",
                                    "domain.kernel=/boot/a", "rpu.r.firmware=/a",  "nonsense=/a.bit"};
  Json out = Json::object();
  const auto add = [&](const std::string& text) {
    const auto sign = text.find('=');
    out[std::string(prefix) + text.substr(0, sign)] = text.substr(sign + 1);
  };
  for (auto count = from.number(8); count > 0; --count) {
    const std::string name = from.of(names);
    switch (from.number(6)) {
      case 0:
      case 1:
        add(name + ".bitstream=" + from.of(files));
        break;
      case 2:
        add(name + ".bitstream.pr" + std::to_string(from.number(3)) + "=" + from.of(files));
        simple = false;
        break;
      case 3:
        add(name + ".overlay=" + (from.number(2) == 0 ? "/a.dtbo" : "/boot/a.dtbo"));
        break;
      case 4:
        add(name + "." + from.of(plain));
        break;
      default:
        add(from.of(other));
    }
  }
  if (from.number(2) == 0)
    out[std::string(prefix) + "fpga.a.digest"] = base::sha256_digest(base::bytes_of(contents()[2]));
  return out;
}

fake::TarEntry entry(Choices& from, const std::string& metadata) {
  switch (from.number(10)) {
    case 0:
    case 1:
      return {path(from), from.of(contents())};
    case 2:
      return {path(from), "", 'd'};
    case 3:
      return {path(from), "", 'l', (from.number(2) == 0 ? "/" : "") + path(from)};
    case 4:
      return {path(from), "", 'l', repeated(path(from), 16 * from.number(256))};
    case 5:
      return {path(from), "", 'h', path(from)};
    case 6:
      return {repeated("a", from.number(250)) + path(from), "", 'd'};
    case 7:
      return {(from.number(2) == 0 ? "" : path(from) + "/") + ".wh." + (from.number(3) == 0 ? ".wh..opq" : path(from))};
    case 8:
      return {repeated("a", from.number(40)) + "a", "", 'l', repeated("b", from.number(250))};
    default:
      return {".runx-accel.json", metadata};
  }
}

// True when lint may be held against plan.
bool build(fake::LayoutMaker& maker, Choices& from) {
  static constexpr std::array compressions{Compression::none, Compression::gzip, Compression::zstd};
  bool simple = true;
  const auto metadata = keys(from, simple);
  Json labels;
  if (from.number(4) == 0) labels = from.number(2) == 0 ? metadata : keys(from, simple);
  simple = simple && labels.is_null();  // plan reads the file alone, which may not be there
  std::vector<tools::oci::Descriptor> layers;
  for (int layer = 0; layer < 5 && from.any(); ++layer) {
    std::vector<fake::TarEntry> entries;
    for (auto count = from.number(24); count > 0 && from.any(); --count)
      entries.push_back(entry(from, metadata.dump()));
    if (layer == 0) entries.push_back({".runx-accel.json", metadata.dump()});
    const auto times = from.number(8) == 0 ? from.number(16) : 1;  // the same layer over and over
    layers.insert(layers.end(), times, maker.layer(entries, from.of(compressions)));
  }
  maker.publish({to_json(maker.image(layers, "arm64", labels, labels))});
  return simple;
}

struct Host {
  Host() {
    fake::write_file(maker.file("board.json"), R"({"schema": 1, "name": "b", "bootTree": "/boot/xen.dtb",
      "guest": {"kernel": "/kernel"}, "regions": [{"name": "pr0", "manager": "m", "idcodes": ["04A49093"],
      "frames": ["0x00002500+64"]}, {"name": "pr1", "manager": "m", "idcodes": ["04A49093"], "frames": "any"}]})");
    fake::write_file(maker.file("policy.json"),
                     R"({"schema": 1, "rules": [{"give": ["region *", "device *"], "full": true,
      "encrypted": true, "headerless": true}]})");
    fake::write_file(maker.file("xen.dtb"), std::string(base::text_of(devtree::Blob::empty()->bytes())));
  }
  fake::LayoutMaker maker;
};

bool run(std::vector<std::string> arguments) {
  CLI::App app("", "accelkit");
  tools::Chosen chosen;
  tools::add_image(app, chosen);
  std::reverse(arguments.begin(), arguments.end());
  app.parse(arguments);
  const auto done = chosen();
  fuzz::hold(done || !done.error().what.empty());
  return done.has_value();
}

void look_at(const std::string& image, bool simple) {
  static const Host host;
  run({"image", "show", image, "--json"});
  const bool lint = run({"image", "lint", image});
  const bool plan = run({"image", "plan", image, "--board", host.maker.file("board.json"), "--dtb",
                         host.maker.file("xen.dtb"), "--policy", host.maker.file("policy.json")});
  fuzz::hold(!simple || !plan || lint);
}

void with_small_stack(std::function<void()> work) {
  pthread_attr_t attributes;
  pthread_t thread{};
  fuzz::hold(::pthread_attr_init(&attributes) == 0 && ::pthread_attr_setstacksize(&attributes, stack_bytes) == 0);
  const auto start = [](void* argument) -> void* {
    (*static_cast<std::function<void()>*>(argument))();
    return nullptr;
  };
  fuzz::hold(::pthread_create(&thread, &attributes, start, &work) == 0 && ::pthread_join(thread, nullptr) == 0);
  ::pthread_attr_destroy(&attributes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices from(data, size);
  fake::LayoutMaker maker;
  const bool simple = build(maker, from);
  std::ostringstream out;
  auto* const before = std::cout.rdbuf(out.rdbuf());
  with_small_stack([&] { look_at(maker.path(), simple); });
  std::cout.rdbuf(before);
  return 0;
}
