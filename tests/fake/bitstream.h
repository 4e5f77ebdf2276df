// SPDX-License-Identifier: Apache-2.0
#pragma once

// Bitstreams of our own making: small, well-formed in every respect that a reader or a device can check from
// outside (header, bus width words, sync, IDCODE, whole frames with their pad, CRC words with the right value,
// DESYNC), and without a design in them: the frames hold numbers from a generator. For tests and for the
// demo's image. Never load one into a real device.
//
// The CRC is that of the device's configuration logic: CRC-32C over the 32 bits of each word written and the 5
// bits of its register's number, least significant first, cleared by the command RCRC and by a matching write
// to CRC. Checked against the six CRC words of a real partial bitstream of Vivado 2022.1.

#include <cstdint>
#include <string>
#include <vector>

namespace runx::fake {

// Packets, one after the other, as bytes in either order.
class StreamWriter {
 public:
  explicit StreamWriter(bool byte_swapped = false) : byte_swapped_(byte_swapped) {}

  void word(std::uint32_t value);                                                // as it is, outside the CRC
  void lead_in();                                                                // dummy words, bus width, sync
  void write(std::uint32_t reg, const std::vector<std::uint32_t>& values);       // type 1, at most 2,047 words
  void write_long(std::uint32_t reg, const std::vector<std::uint32_t>& values);  // empty type 1, then type 2
  void nop(unsigned count = 1);
  void crc();     // a write to CRC with the value so far
  void desync();  // DESYNC and what trails it

  const std::string& bytes() const { return bytes_; }

 private:
  void count(std::uint32_t reg, std::uint32_t value);
  bool byte_swapped_;
  std::uint32_t crc_ = 0;
  std::string bytes_;
};

struct FrameWrite {
  std::uint32_t address = 0;  // frame address register
  std::uint32_t frames = 2;   // sent from there, the last being the pad frame that pushes the others in
};

struct BitstreamOptions {
  std::uint32_t idcode = 0x04A49093;  // what real streams for the K26 carry
  std::string part = "xck26-sfvc784-2LV-c";
  std::string design = "fake_design";
  std::string date = "2026/11/22";
  std::string time = "12:00:00";
  std::string tool_version = "2022.1";
  bool partial = true;
  bool header = true;         // .bit; else .bin
  bool byte_swapped = false;  // of a .bin
  bool encrypted = false;     // sets DEC; frames follow as noise, which no reader may take for packets
  std::vector<FrameWrite> writes = {{0x00002500, 4}};
  std::vector<std::uint32_t> repeated = {};  // addresses that get the last frame once more (MFWR): COMPRESS=TRUE
  std::uint32_t seed = 1;                    // of the frames' content: other seeds, other digests
};

std::string make_stream(const BitstreamOptions& options);

// The header of a .bit file in front of `payload`.
std::string make_bit(const BitstreamOptions& options, const std::string& payload);

// The whole file.
std::string make_bitstream(const BitstreamOptions& options = {});

}  // namespace runx::fake
