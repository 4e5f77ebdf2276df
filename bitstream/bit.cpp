// SPDX-License-Identifier: Apache-2.0
#include "bitstream/bit.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace runx::bitstream {
namespace {

using base::Bytes;
using base::Result;
using base::Status;

constexpr std::array<std::uint8_t, 13> magic = {0x00, 0x09, 0x0F, 0xF0, 0x0F, 0xF0, 0x0F,
                                                0xF0, 0x0F, 0xF0, 0x00, 0x00, 0x01};

std::string_view record_name(char key) {
  switch (key) {
    case 'a':
      return "design";
    case 'b':
      return "part";
    case 'c':
      return "date";
    default:
      return "time";
  }
}

bool same_word(std::string_view text, std::string_view upper_case) {
  return std::equal(text.begin(), text.end(), upper_case.begin(), upper_case.end(),
                    [](char c, char upper) { return (c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c) == upper; });
}

bool is_yes(std::string_view value) { return same_word(value, "TRUE") || same_word(value, "YES"); }

void take_option(BitHeader& header, std::string_view option) {
  const auto equals = option.find('=');
  const auto key = option.substr(0, equals);
  const auto value = equals == std::string_view::npos ? std::string_view{} : option.substr(equals + 1);
  if (same_word(key, "PARTIAL")) header.partial = header.partial || is_yes(value);
  if (same_word(key, "COMPRESS")) header.compressed = header.compressed || is_yes(value);
  if (same_word(key, "ENCRYPT")) header.encrypted = header.encrypted || is_yes(value);
  if (same_word(key, "VERSION")) header.tool_version = value;
  if (same_word(key, "USERID")) header.user_id = value;
}

void take_design(BitHeader& header, std::string_view text) {
  const auto end = text.find(';');
  header.design = text.substr(0, end);
  while (!text.empty()) {
    const auto next = text.find(';');
    if (next == std::string_view::npos) return;
    text.remove_prefix(next + 1);
    take_option(header, text.substr(0, text.find(';')));
  }
}

// The string of a record, whose length stands at `at`; moves `at` behind it.
Result<std::string_view> read_text(Bytes file, std::size_t& at, char key, const std::string& name) {
  const auto cut = [&] {
    return base::fail(std::errc::invalid_argument, name, " ends inside its ", record_name(key),
                      " record: the .bit file is truncated");
  };
  if (!base::inside(file.size(), at, 2)) return cut();
  const std::size_t length = base::be16(file, at);
  at += 2;
  if (!base::inside(file.size(), at, length)) return cut();
  const auto text = base::text_of(file.subspan(at, length));
  const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
  if (length == 0 || text.back() != '\0' || !std::all_of(text.begin(), text.end() - 1, printable)) {
    return base::fail(std::errc::invalid_argument, "the ", record_name(key), " record of ", name,
                      " is not a printable string that ends in NUL");
  }
  at += length;
  return text.substr(0, length - 1);
}

Status read_payload(BitHeader& header, Bytes file, std::size_t at, const std::string& name) {
  if (!base::inside(file.size(), at, 4)) {
    return base::fail(std::errc::invalid_argument, name,
                      " ends inside the length of its payload: the .bit file is truncated");
  }
  header.payload_offset = at + 4;
  header.payload_length = base::be32(file, at);
  const std::size_t held = file.size() - header.payload_offset;
  if (header.payload_length != held) {
    return base::fail(std::errc::invalid_argument, name, " holds ", held, " bytes of payload where its header says ",
                      header.payload_length, ": the .bit file is ",
                      held < header.payload_length ? "truncated" : "followed by something else");
  }
  return {};
}

}  // namespace

bool has_bit_magic(Bytes file) {
  return file.size() >= magic.size() && std::equal(magic.begin(), magic.end(), file.begin());
}

Result<BitHeader> read_bit_header(Bytes file, const std::string& name) {
  if (!has_bit_magic(file)) {
    return base::fail(std::errc::invalid_argument, name, " does not begin like a Xilinx .bit file");
  }
  BitHeader header;
  std::string seen;
  for (std::size_t at = magic.size(); at < file.size();) {
    const char key = static_cast<char>(file[at++]);
    if (key == 'e') {
      if (seen.size() != 4) {
        return base::fail(std::errc::invalid_argument, "the .bit header of ", name,
                          " lacks one of design, part, date and time");
      }
      if (auto done = read_payload(header, file, at, name); !done) return tl::unexpected(done.error());
      return header;
    }
    if (key < 'a' || key > 'd') {
      return base::fail(std::errc::invalid_argument, "the .bit header of ", name, " has a record of unknown kind ",
                        base::hex(static_cast<std::uint8_t>(key), 2), " at offset ", at - 1);
    }
    if (seen.find(key) != std::string::npos) {
      return base::fail(std::errc::invalid_argument, "the .bit header of ", name, " has two ", record_name(key),
                        " records");
    }
    seen += key;
    const auto text = read_text(file, at, key, name);
    if (!text) return tl::unexpected(text.error());
    if (key == 'a') take_design(header, *text);
    if (key == 'b') header.part = *text;
    if (key == 'c') header.date = *text;
    if (key == 'd') header.time = *text;
  }
  return base::fail(std::errc::invalid_argument, name, " ends before its payload: the .bit file is truncated");
}

}  // namespace runx::bitstream
