// SPDX-License-Identifier: Apache-2.0
#include "tests/fake/bitstream.h"

namespace runx::fake {
namespace {

enum Register : std::uint32_t { crc_reg = 0, far = 1, fdri = 2, cmd = 4, ctl0 = 5, mask = 6, mfwr = 10, idcode = 12 };
enum Command : std::uint32_t { null = 0, wcfg = 1, mfw = 2, rcrc = 7, desync_command = 13 };

constexpr std::uint32_t frame_words = 93;
constexpr std::uint32_t nop_word = 0x20000000;

std::uint32_t type1(std::uint32_t reg, std::uint32_t words) { return 0x30000000U | (reg << 13) | words; }

std::vector<std::uint32_t> noise(std::uint32_t words, std::uint32_t& state) {
  std::vector<std::uint32_t> out(words);
  for (auto& word : out) {
    state = state * 1664525U + 1013904223U;
    word = state;
  }
  return out;
}

void put_be16(std::string& out, std::size_t value) {
  out += static_cast<char>((value >> 8) & 0xFF);
  out += static_cast<char>(value & 0xFF);
}

void put_record(std::string& out, char key, const std::string& text) {
  out += key;
  put_be16(out, text.size() + 1);
  out += text;
  out += '\0';
}

}  // namespace

void StreamWriter::word(std::uint32_t value) {
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned shift = 8 * (byte_swapped_ ? i : 3 - i);
    bytes_ += static_cast<char>((value >> shift) & 0xFF);
  }
}

void StreamWriter::lead_in() {
  for (unsigned i = 0; i < 4; ++i) word(0xFFFFFFFF);
  for (const std::uint32_t value : {0x000000BBU, 0x11220044U, 0xFFFFFFFFU, 0xFFFFFFFFU, 0xAA995566U}) word(value);
}

void StreamWriter::count(std::uint32_t reg, std::uint32_t value) {
  if (reg == Register::crc_reg || (reg == Register::cmd && value == Command::rcrc)) {
    crc_ = 0;
    return;
  }
  const std::uint64_t bits = (std::uint64_t{reg} << 32) | value;
  for (unsigned i = 0; i < 37; ++i) {
    const bool carry = ((crc_ ^ (bits >> i)) & 1) != 0;
    crc_ = (crc_ >> 1) ^ (carry ? 0x82F63B78U : 0U);
  }
}

void StreamWriter::write(std::uint32_t reg, const std::vector<std::uint32_t>& values) {
  word(type1(reg, static_cast<std::uint32_t>(values.size())));
  for (const auto value : values) {
    word(value);
    count(reg, value);
  }
}

void StreamWriter::write_long(std::uint32_t reg, const std::vector<std::uint32_t>& values) {
  word(type1(reg, 0));
  word(0x50000000U | static_cast<std::uint32_t>(values.size()));
  for (const auto value : values) {
    word(value);
    count(reg, value);
  }
}

void StreamWriter::nop(unsigned count) {
  for (unsigned i = 0; i < count; ++i) word(nop_word);
}

void StreamWriter::crc() { write(Register::crc_reg, {crc_}); }

void StreamWriter::desync() {
  write(Register::cmd, {Command::desync_command});
  nop(4);
}

std::string make_stream(const BitstreamOptions& options) {
  StreamWriter out(!options.header && options.byte_swapped);
  std::uint32_t state = options.seed;
  out.lead_in();
  out.nop(2);
  out.write(Register::cmd, {Command::rcrc});
  out.nop(2);
  out.write(Register::idcode, {options.idcode});
  out.write(Register::cmd, {Command::null});
  if (options.encrypted) {
    out.write(Register::mask, {0x40});
    out.write(Register::ctl0, {0x40});
    for (const auto value : noise(frame_words, state)) out.word(value);
    return out.bytes();
  }
  for (const auto& write : options.writes) {
    out.write(Register::far, {write.address});
    out.write(Register::cmd, {Command::wcfg});
    out.nop();
    auto words = noise((write.frames - 1) * frame_words, state);
    words.resize(std::size_t{write.frames} * frame_words);
    if (words.size() < 0x800) {
      out.write(Register::fdri, words);
    } else {
      out.write_long(Register::fdri, words);
    }
  }
  if (!options.repeated.empty()) out.write(Register::cmd, {Command::mfw});
  for (const auto address : options.repeated) {
    out.write(Register::far, {address});
    out.write(Register::mfwr, {0, 0});
  }
  out.write(Register::far, {0x07FC0000});  // where Vivado leaves it: no frame's address
  out.crc();
  out.desync();
  return out.bytes();
}

std::string make_bit(const BitstreamOptions& options, const std::string& payload) {
  std::string design = options.design;
  if (!options.repeated.empty()) design += ";COMPRESS=TRUE";
  if (options.partial) design += ";PARTIAL=TRUE";
  if (options.encrypted) design += ";ENCRYPT=YES";
  design += ";UserID=0XFFFFFFFF;Version=" + options.tool_version;

  std::string out("\x00\x09\x0F\xF0\x0F\xF0\x0F\xF0\x0F\xF0\x00\x00\x01", 13);
  put_record(out, 'a', design);
  put_record(out, 'b', options.part);
  put_record(out, 'c', options.date);
  put_record(out, 'd', options.time);
  out += 'e';
  put_be16(out, payload.size() >> 16);
  put_be16(out, payload.size());
  return out + payload;
}

std::string make_bitstream(const BitstreamOptions& options) {
  const auto payload = make_stream(options);
  return options.header ? make_bit(options, payload) : payload;
}

}  // namespace runx::fake
