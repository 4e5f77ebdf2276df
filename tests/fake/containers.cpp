// SPDX-License-Identifier: Apache-2.0
#include "tests/fake/containers.h"

#include <algorithm>

#include "base/bytes.h"

namespace runx::fake {
namespace {

void put(std::string& out, std::uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xFF);
}

void pad(std::string& out, std::size_t size, char with = '\0') { out.resize(std::max(out.size(), size), with); }

void pad_to_multiple(std::string& out, std::size_t of) { out.resize((out.size() + of - 1) / of * of); }

std::uint32_t words(std::size_t bytes) { return static_cast<std::uint32_t>(bytes / 4); }

// A table of words with its sum at the end.
std::string table(const std::vector<std::uint32_t>& values, std::size_t bytes) {
  std::string out;
  for (const auto value : values) put(out, value, 4);
  pad(out, bytes);
  mend_sum(out, 0, bytes);
  return out;
}

// Four letters a word, the first one highest, and a word of zeros.
std::string boot_name(std::string name) {
  pad_to_multiple(name, 4);
  for (std::size_t at = 0; at < name.size(); at += 4) std::reverse(&name[at], &name[at] + 4);
  return name + std::string(4, '\0');
}

}  // namespace

void patch_word(std::string& file, std::size_t at, std::uint32_t value) {
  std::string bytes;
  put(bytes, value, 4);
  file.replace(at, 4, bytes);
}

void mend_sum(std::string& file, std::size_t begin, std::size_t table) {
  std::uint32_t sum = 0;
  const auto bytes = base::bytes_of(file);
  for (std::size_t at = begin; at + 4 < begin + table; at += 4) sum += base::le32(bytes, at);
  patch_word(file, begin + table - 4, ~sum);
}

// Boot header, image header table at 0x8C0, image headers from 0x900, partition headers from 0x1100: where bootgen
// puts them.
std::string make_boot_image(const std::vector<BootPartition>& partitions) {
  constexpr std::size_t image_headers = 0x900;
  constexpr std::size_t partition_headers = 0x1100;
  constexpr std::size_t image_header_bytes = 64;
  const auto count = static_cast<std::uint32_t>(partitions.size());
  std::string out(0x20, '\0');
  for (const std::uint32_t word : {0xAA995566U, 0x584C4E58U}) put(out, word, 4);
  pad(out, 0x4C);
  mend_sum(out, 0x20, 0x2C);
  pad(out, 0x98);
  put(out, 0x8C0, 4);
  put(out, partition_headers, 4);
  pad(out, 0x8C0);
  out += table({0x01020000, count, words(partition_headers), words(image_headers)}, 64);
  std::string content;
  std::string headers;
  const auto first = partition_headers + partitions.size() * 64;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto& part = partitions[i];
    const auto image = image_headers + i * image_header_bytes;
    const auto header = partition_headers + i * 64;
    const auto length = words(part.content.size());
    out += std::string(16, '\0') + boot_name(part.name);
    pad(out, image + image_header_bytes);
    const std::uint32_t next = i + 1 == count ? 0 : words(header + 64);
    headers += table({length, length, length, next, 0, 0, 0, 0, words(first + content.size()), part.attributes, 1, 0,
                      words(image), 0, i},
                     64);
    content += part.content;
  }
  pad(out, partition_headers, '\xFF');
  return out + headers + content;
}

std::string make_pdi(const PdiOptions& options) {
  const auto count = static_cast<std::uint32_t>(options.partitions.size());
  std::string out;
  for (const std::uint32_t word : {0xDDU, 0x11223344U, 0x55667788U, 0x99AABBCCU}) put(out, word, 4);
  if (!options.partial) {
    for (const std::uint32_t word : {0xAA995566U, 0x584C4E58U}) put(out, word, 4);
    pad(out, 0xC4);
    put(out, 0xF80, 4);
    pad(out, 0xF34);
    mend_sum(out, 0x10, 0xF24);
    pad(out, 0xF80);
  }
  const auto images = out.size() + 128;
  const auto headers = images + std::size_t{count} * 64;
  auto content = headers + std::size_t{count} * 128;
  out += table(
      {0x00040000, count, words(images), count, words(headers), 0, options.idcode, 0, options.id, options.parent_id,
       options.partial ? 0x50504449U : 0x46504449U, 0x00201020, 0, 0, 0, 0, options.hidden ? 0x3A5C3C5AU : 0U, 1},
      128);
  std::string tail;
  for (const auto& part : options.partitions) {
    std::string header;
    for (const std::uint32_t word : {0U, 1U, 0U, 0U}) put(header, word, 4);
    header += part.name.substr(0, 15);
    pad(header, 32);
    put(header, part.id, 4);
    pad(header, 64);
    mend_sum(header, 0, 64);
    out += header;
  }
  for (const auto& part : options.partitions) {
    const auto length = words(part.content.size());
    out += table({length, length, length, 0, 0, 0, 0, 0, words(content), part.type << 24, 1, 0, 1, part.certificate, 0,
                  0, 0, part.key_source},
                 128);
    tail += part.content;
    content += part.content.size();
  }
  return out + tail;
}

std::string make_xclbin(const std::vector<XclbinSection>& sections) {
  using namespace std::string_literals;
  std::string headers;
  std::string content;
  const auto first = 456 + sections.size() * 40;
  for (const auto& section : sections) {
    pad_to_multiple(content, 8);
    content.resize((first + content.size() + 7) / 8 * 8 - first);
    std::string header;
    put(header, section.kind, 4);
    header += section.name.substr(0, 15);
    pad(header, 24);
    put(header, first + content.size(), 8);
    put(header, section.content.size(), 8);
    headers += header;
    content += section.content;
  }
  std::string out = "xclbin2\0"s;
  put(out, 0xFFFFFFFF, 4);
  pad(out, 304, '\xFF');
  put(out, first + content.size(), 8);
  put(out, 1652475912, 8);  // 2022-05-13 21:05:12 UTC
  pad(out, 336);
  for (char i = 1; i <= 16; ++i) out += i;
  out += "vendor_board_name_1_0";
  pad(out, 416);
  for (char i = 17; i <= 32; ++i) out += i;
  pad(out, 448);
  put(out, sections.size(), 4);
  pad(out, 456);
  return out + headers + content;
}

}  // namespace runx::fake
