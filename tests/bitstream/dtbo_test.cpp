// SPDX-License-Identifier: Apache-2.0
#include "bitstream/dtbo.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libfdt.h>

#include "bitstream/bitstream.h"

namespace runx::bitstream {
namespace {

using base::bytes_of;
using testing::HasSubstr;
using Nodes = std::vector<OverlayNode>;

// A tree, written in order: node("a", [] { flag("b"); });
class Writer {
 public:
  explicit Writer(std::size_t size = 4096) : bytes_(size, '\0') {
    fdt_create(fdt(), static_cast<int>(size));
    fdt_finish_reservemap(fdt());
    fdt_begin_node(fdt(), "");
  }
  void node(
      const std::string& name, const std::function<void()>& inside = [] {}) {
    fdt_begin_node(fdt(), name.c_str());
    inside();
    fdt_end_node(fdt());
  }
  void flag(const char* name) { fdt_property(fdt(), name, nullptr, 0); }
  void text(const char* name, const std::string& value) {
    fdt_property(fdt(), name, value.c_str(), static_cast<int>(value.size()) + 1);
  }
  void cell(const char* name, std::uint32_t value) { fdt_property_u32(fdt(), name, value); }
  std::string finish() {
    fdt_end_node(fdt());
    fdt_finish(fdt());
    bytes_.resize(fdt_totalsize(fdt()));
    return bytes_;
  }

 private:
  void* fdt() { return bytes_.data(); }
  std::string bytes_;
};

// What dtc -@ makes of `&fpga_PR0 { firmware-name = …; partial-fpga-config; };`.
std::string usual(const char* flag = "partial-fpga-config") {
  Writer out;
  out.node("fragment@0", [&] {
    out.cell("target", 0xFFFFFFFF);
    out.node("__overlay__", [&] {
      out.text("firmware-name", "aes.bit.bin");
      out.flag(flag);
    });
  });
  out.node("__fixups__", [&] { out.text("fpga_PR0", "/fragment@0:target:0"); });
  return out.finish();
}

Nodes read(const std::string& file) {
  const auto nodes = read_dtbo(bytes_of(file), "a.dtbo");
  EXPECT_TRUE(nodes) << nodes.error().what;
  return nodes.value_or(Nodes{});
}

std::string error_of(const std::string& file) {
  const auto nodes = read_dtbo(bytes_of(file), "a.dtbo");
  EXPECT_FALSE(nodes);
  return nodes ? "" : nodes.error().what;
}

TEST(Dtbo, TellsWhichBitstreamGoesWhere) {
  const auto nodes = read(usual());
  ASSERT_EQ(nodes.size(), 1U);
  EXPECT_EQ(nodes[0].target, "fpga_PR0");
  EXPECT_EQ(nodes[0].node, "");
  EXPECT_EQ(nodes[0].firmware, "aes.bit.bin");
  EXPECT_TRUE(nodes[0].partial);
  EXPECT_FALSE(nodes[0].encrypted);
  EXPECT_FALSE(nodes[0].authenticated);
  EXPECT_FALSE(nodes[0].external);
}

TEST(Dtbo, KnowsTheFlagsOfTheKernel) {
  EXPECT_TRUE(read(usual("encrypted-fpga-config"))[0].encrypted);
  EXPECT_TRUE(read(usual("userkey-encrypted-fpga-config"))[0].encrypted);
  EXPECT_TRUE(read(usual("ddrmem-authenticated-fpga-config"))[0].authenticated);
  EXPECT_TRUE(read(usual("securemem-authenticated-fpga-config"))[0].authenticated);
  EXPECT_TRUE(read(usual("external-fpga-config"))[0].external);
  EXPECT_FALSE(read(usual("external-fpga-config"))[0].partial);
}

TEST(Dtbo, KnowsTargetsByPathPhandleAndLabel) {
  Writer out;
  out.node("fragment@0", [&] {
    out.text("target-path", "/fpga-full");
    out.node("__overlay__");
  });
  out.node("fragment@1", [&] {
    out.cell("target", 7);
    out.node("__overlay__");
  });
  out.node("fragment@2", [&] {
    out.cell("target", 0xFFFFFFFF);
    out.node("__overlay__");
  });
  out.node("__fixups__", [&] {
    out.text("other", "/fragment@1/__overlay__:clocks:0");
    out.text("amba", std::string("/fragment@0/x:y:0") + '\0' + "/fragment@2:target:0");
  });
  out.node("__symbols__");
  const auto nodes = read(out.finish());
  ASSERT_EQ(nodes.size(), 3U);
  EXPECT_EQ(nodes[0].target, "/fpga-full");
  EXPECT_EQ(nodes[0].firmware, "");
  EXPECT_EQ(nodes[1].target, "phandle 0x7");
  EXPECT_EQ(nodes[2].target, "amba");
}

TEST(Dtbo, FindsBitstreamsBelow) {
  Writer out;
  out.node("fragment@0", [&] {
    out.text("target-path", "/");
    out.node("__overlay__", [&] {
      out.node("other", [&] { out.node("deeper"); });
      out.node("region@0", [&] { out.node("inner", [&] { out.text("firmware-name", "b.bin"); }); });
      out.node("region@1", [&] { out.text("firmware-name", "c.bin"); });
    });
  });
  const auto nodes = read(out.finish());
  ASSERT_EQ(nodes.size(), 2U);
  EXPECT_EQ(nodes[0].node, "region@0/inner");
  EXPECT_EQ(nodes[1].node, "region@1");
  EXPECT_EQ(nodes[1].firmware, "c.bin");
}

TEST(Dtbo, RefusesWhatIsNotOne) {
  EXPECT_THAT(error_of(""), HasSubstr("a.dtbo is no sound device tree blob: it ends inside its header"));
  const auto file = usual();
  EXPECT_THAT(error_of(file.substr(0, file.size() - 1)), HasSubstr("it is truncated"));
  auto damaged = file;
  damaged[60] = '\x7F';
  EXPECT_THAT(error_of(damaged), HasSubstr("no sound device tree blob"));
  auto old = file;
  old[23] = 3;
  EXPECT_THAT(error_of(old), HasSubstr("it is of version 3")) << "libfdt 1.6.1 dies of some of these";
  Writer tree;
  tree.node("cpus");
  EXPECT_THAT(error_of(tree.finish()), HasSubstr("a.dtbo is a device tree and no overlay"));
  Writer nowhere;
  nowhere.node("fragment@0", [&] { nowhere.node("__overlay__"); });
  EXPECT_THAT(error_of(nowhere.finish()), HasSubstr("has a fragment fragment@0 without a target"));
}

TEST(Dtbo, BoundsWhatItRemembers) {
  Writer many(std::size_t{1} << 18);
  for (int i = 0; i < 300; ++i) {
    many.node("fragment@" + std::to_string(i), [&] {
      many.cell("target", 7);
      many.node("__overlay__");
    });
  }
  EXPECT_THAT(error_of(many.finish()), HasSubstr("more than 256 fragments"));
  Writer deep(std::size_t{1} << 18);
  deep.node("fragment@0", [&] {
    deep.cell("target", 7);
    std::function<void(int)> nest = [&](int levels) {
      if (levels > 0) deep.node("n", [&] { nest(levels - 1); });
    };
    deep.node("__overlay__", [&] { nest(40); });
  });
  EXPECT_THAT(error_of(deep.finish()), HasSubstr("deeper than 32 levels"));
}

TEST(Dtbo, IsOneValueWithTheOthers) {
  const auto partial = usual();
  auto info = read_bitstream(bytes_of(partial), "a.dtbo");
  ASSERT_TRUE(info) << info.error().what;
  EXPECT_EQ(info->format, Format::dtbo);
  EXPECT_EQ(to_text(info->format), "dtbo");
  EXPECT_EQ(info->partial, true);
  EXPECT_EQ(info->payload_length, 0U);
  ASSERT_EQ(info->overlays.size(), 1U);
  const auto encrypted = usual("encrypted-fpga-config");
  info = read_bitstream(bytes_of(encrypted), "a.dtbo");
  EXPECT_EQ(info->partial, false);
  EXPECT_TRUE(info->encrypted);
}

}  // namespace
}  // namespace runx::bitstream
