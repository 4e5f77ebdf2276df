// SPDX-License-Identifier: Apache-2.0
#include "bitstream/xclbin.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/printable.h"
#include "bitstream/dtbo.h"

namespace runx::bitstream {
namespace {

using base::Bytes;
using base::Result;
using base::Status;
using nlohmann::json;

constexpr std::size_t header_bytes = 456;
constexpr std::size_t section_bytes = 40;
// xclbin.h allows 65,536 sections; real files have about ten. A list that long is made to eat time.
constexpr std::uint32_t most_sections = 1024;
constexpr std::size_t largest_metadata = std::size_t{1} << 20;

enum Kind : std::uint32_t { bitstream = 0, build_metadata = 14, pdi = 18, partial_pdi = 19, partition_metadata = 20 };

constexpr std::array kind_names = {"BITSTREAM",
                                   "CLEARING_BITSTREAM",
                                   "EMBEDDED_METADATA",
                                   "FIRMWARE",
                                   "DEBUG_DATA",
                                   "SCHED_FIRMWARE",
                                   "MEM_TOPOLOGY",
                                   "CONNECTIVITY",
                                   "IP_LAYOUT",
                                   "DEBUG_IP_LAYOUT",
                                   "DESIGN_CHECK_POINT",
                                   "CLOCK_FREQ_TOPOLOGY",
                                   "MCS",
                                   "BMC",
                                   "BUILD_METADATA",
                                   "KEYVALUE_METADATA",
                                   "USER_METADATA",
                                   "DNA_CERTIFICATE",
                                   "PDI",
                                   "BITSTREAM_PARTIAL_PDI",
                                   "PARTITION_METADATA",
                                   "EMULATION_DATA",
                                   "SYSTEM_METADATA",
                                   "SOFT_KERNEL",
                                   "ASK_FLASH",
                                   "AIE_METADATA",
                                   "ASK_GROUP_TOPOLOGY",
                                   "ASK_GROUP_CONNECTIVITY",
                                   "SMARTNIC",
                                   "AIE_RESOURCES",
                                   "OVERLAY",
                                   "VENDER_METADATA"};

// Sections that are a count and a list: XRT follows the count, and takes the names for strings.
struct ListLayout {
  std::uint32_t kind;
  std::size_t count_bytes, first, entry, name_at, name_bytes;
};
constexpr std::array lists = {
    ListLayout{6, 4, 8, 40, 24, 16},    // mem_topology
    ListLayout{7, 4, 4, 12, 0, 0},      // connectivity
    ListLayout{8, 4, 8, 80, 16, 64},    // ip_layout
    ListLayout{9, 2, 8, 144, 16, 128},  // debug_ip_layout
    ListLayout{11, 2, 2, 136, 8, 128},  // clock_freq_topology
    ListLayout{26, 4, 8, 40, 24, 16},   // group topology, as mem_topology
    ListLayout{27, 4, 4, 12, 0, 0},     // group connectivity, as connectivity
};

std::uint32_t le16(Bytes bytes, std::size_t at) { return bytes[at] | (std::uint32_t{bytes[at + 1]} << 8); }
std::uint64_t le64(Bytes bytes, std::size_t at) {
  return base::le32(bytes, at) | (std::uint64_t{base::le32(bytes, at + 4)} << 32);
}

std::string kind_name(std::uint32_t kind) {
  return kind < kind_names.size() ? kind_names[kind] : base::text("kind ", kind);
}

bool has_nul(Bytes bytes) { return std::find(bytes.begin(), bytes.end(), 0) != bytes.end(); }

std::string text_until_nul(Bytes bytes) {
  const auto text = base::text_of(bytes);
  return base::printable(text.substr(0, text.find('\0')));
}

std::string uuid_text(Bytes bytes) {
  std::string out;
  for (const auto byte : bytes) out += base::hex(byte, 2).substr(2);
  return out.find_first_not_of('0') == std::string::npos ? "" : out;
}

// A member of nested objects, if it is a string.
std::string text_in(const json& value, std::initializer_list<const char*> path) {
  const json* here = &value;
  for (const char* key : path) {
    here = base::member(*here, key);
    if (here == nullptr) return {};
  }
  return here->is_string() ? base::printable(here->get_ref<const std::string&>()) : "";
}

class Reader {
 public:
  Reader(Bytes file, const std::string& name) : file_(file), name_(name) {}

  Result<Xclbin> read() {
    if (file_.size() < header_bytes) return bad("ends inside its header: it is truncated");
    if (auto done = length(); !done) return tl::unexpected(done.error());
    if (!has_nul(file_.subspan(352, 64))) return bad("has a platform name without an end");
    out_.uuid = uuid_text(file_.subspan(416, 16));
    out_.platform = text_until_nul(file_.subspan(352, 64));
    out_.platform_uuid = uuid_text(file_.subspan(336, 16));
    time();
    if (auto done = sections(); !done) return tl::unexpected(done.error());
    if (auto done = no_overlap(); !done) return tl::unexpected(done.error());
    return std::move(out_);
  }

 private:
  template <class... Parts>
  tl::unexpected<base::Error> bad(const Parts&... parts) const {
    return base::fail(std::errc::invalid_argument, "the .xclbin ", name_, " ", parts...);
  }

  // A signature is put behind the file; whether the length in the header counts it has changed over time.
  Status length() {
    const auto told = le64(file_, 304);
    const auto signature = base::le32(file_, 8);
    out_.authenticated = signature != 0xFFFFFFFF && signature != 0;
    const std::uint64_t with = told + (out_.authenticated ? signature : 0);
    if (told < header_bytes || (told != file_.size() && with != file_.size()) || told > file_.size())
      return bad("holds ", file_.size(), " bytes where its header says ", told, ": it is ",
                 told > file_.size() ? "truncated" : "damaged, or followed by something else");
    length_ = told;
    return {};
  }

  void time() {
    const auto seconds = static_cast<std::time_t>(le64(file_, 312));
    std::tm when{};
    std::array<char, 32> text{};
    if (seconds <= 0 || ::gmtime_r(&seconds, &when) == nullptr) return;
    if (std::strftime(text.data(), text.size(), "%Y/%m/%d", &when) != 0) out_.date = text.data();
    if (std::strftime(text.data(), text.size(), "%H:%M:%S", &when) != 0) out_.time = text.data();
  }

  Status sections() {
    const auto count = base::le32(file_, 448);
    if (count > most_sections)
      return bad("says that it has ", count, " sections: at most ", most_sections, " are read");
    first_byte_ = header_bytes + std::uint64_t{count} * section_bytes;
    if (first_byte_ > length_) return bad("ends inside the list of its ", count, " sections: it is truncated");
    for (std::uint32_t i = 0; i < count; ++i) {
      if (auto done = section(file_.subspan(header_bytes + i * section_bytes, section_bytes), i); !done) return done;
    }
    return {};
  }

  Status section(Bytes header, std::uint32_t number) {
    const auto kind = base::le32(header, 0);
    const auto offset = le64(header, 24);
    const auto size = le64(header, 32);
    Component part;
    part.kind = kind_name(kind);
    part.name = text_until_nul(header.subspan(4, 16));
    const auto what = base::text("section ", number, " (", part.kind, ")");
    if (offset == 0 && size == 0) return {};
    if (offset < first_byte_ || !base::inside(length_, offset, size))
      return bad("has ", size, " bytes of ", what, " at offset ", offset, ", which is outside of its ", length_,
                 " bytes");
    if (offset % 8 != 0) return bad("has ", what, " at offset ", offset, ", which is no multiple of 8");
    part.offset = offset;
    part.length = size;
    const auto bytes = file_.subspan(offset, size);
    for (const auto& list : lists) {
      if (list.kind != kind) continue;
      if (auto done = check_list(bytes, list, what); !done) return done;
    }
    if (kind == Kind::build_metadata) tell_build(bytes);
    if (kind == Kind::partition_metadata) {
      if (auto done = tell_interfaces(bytes, what); !done) return done;
    }
    if (kind == Kind::bitstream || kind == Kind::pdi || kind == Kind::partial_pdi) {
      if (out_.bitstream) return bad("has two bitstreams, the second one in ", what);
      out_.bitstream = out_.parts.size();
    }
    out_.parts.push_back(std::move(part));
    return {};
  }

  Status check_list(Bytes bytes, const ListLayout& list, const std::string& what) const {
    if (bytes.size() < list.first) return bad("has ", what, " that is too short for its own count");
    const std::uint64_t count = list.count_bytes == 2 ? le16(bytes, 0) : base::le32(bytes, 0);
    if (count > (bytes.size() - list.first) / list.entry)
      return bad("has ", what, " of ", count, " entries, and ", bytes.size(), " bytes for them");
    for (std::uint64_t i = 0; i < count && list.name_bytes > 0; ++i) {
      if (!has_nul(bytes.subspan(list.first + i * list.entry + list.name_at, list.name_bytes)))
        return bad("has ", what, " whose entry ", i, " has a name without an end");
    }
    return {};
  }

  // For people only, so what cannot be read stays untold.
  void tell_build(Bytes bytes) {
    if (bytes.size() > largest_metadata) return;
    auto text = base::text_of(bytes);
    text = text.substr(0, text.find('\0'));
    const auto told = base::parse_json(text, name_);
    if (!told) return;
    out_.part = text_in(*told, {"build_metadata", "dsa", "board", "part"});
    out_.tool_version = text_in(*told, {"build_metadata", "xclbin", "generated_by", "version"});
  }

  // A device tree blob, as xclbinutil writes it: /interfaces has a node for each, with its UUID as a string.
  Status tell_interfaces(Bytes bytes, const std::string& what) {
    const auto tree = read_tree(bytes, base::text(what, " of the .xclbin ", name_));
    if (!tree) return tl::unexpected(tree.error());
    const auto interfaces = tree->find("/interfaces");
    if (!interfaces) return {};
    for (const auto& node : interfaces->children()) {
      const auto uuid = node.strings("interface_uuid");
      if (!uuid.empty() && !uuid[0].empty()) out_.interfaces.push_back(base::printable(uuid[0]));
    }
    return {};
  }

  Status no_overlap() {
    auto sorted = out_.parts;
    std::sort(sorted.begin(), sorted.end(), [](const Component& a, const Component& b) { return a.offset < b.offset; });
    for (std::size_t i = 1; i < sorted.size(); ++i) {
      if (sorted[i - 1].offset + sorted[i - 1].length > sorted[i].offset)
        return bad("has two sections in one place: ", sorted[i - 1].kind, " and ", sorted[i].kind, " at offset ",
                   sorted[i].offset);
    }
    return {};
  }

  Bytes file_;
  const std::string& name_;
  std::uint64_t length_ = 0;      // of header and sections, without a signature behind them
  std::uint64_t first_byte_ = 0;  // behind the list of sections
  Xclbin out_;
};

}  // namespace

bool has_xclbin_magic(Bytes file) {
  using namespace std::string_view_literals;
  return base::text_of(file).starts_with("xclbin2\0"sv);
}

Result<Xclbin> read_xclbin(Bytes file, const std::string& name) {
  if (!has_xclbin_magic(file)) return base::fail(std::errc::invalid_argument, name, " does not begin like an .xclbin");
  return Reader(file, name).read();
}

}  // namespace runx::bitstream
