// SPDX-License-Identifier: Apache-2.0
#pragma once

// Containers of bitstreams of our own making: boot images, PDIs and .xclbin files that are sound in every respect
// that a reader can check, with whatever a test puts into them. tests/fpga/bootgen_test.cpp holds the first two against
// what bootgen writes.

#include <cstdint>
#include <string>
#include <vector>

namespace runx::fake {

struct BootPartition {
  std::string name = {};
  std::string content = {};
  std::uint32_t attributes = 0x26;  // for the PL; 0x116 a program for a53-0, 0x80 encrypted, 0x8000 signed
};
std::string make_boot_image(const std::vector<BootPartition>& partitions);

struct PdiPartition {
  std::string name = {};  // of its image, which has this partition only
  std::string content = {};
  std::uint32_t id = 0x18700000;  // of the image: an FPGA's
  std::uint32_t type = 2;         // 1 elf, 2 cdo, 3 cfi …
  std::uint32_t key_source = 0;   // not 0: encrypted
  std::uint32_t certificate = 0;  // not 0: signed
};
struct PdiOptions {
  bool partial = true;
  std::uint32_t idcode = 0x14CA8093;
  std::uint32_t id = 3;
  std::uint32_t parent_id = 2;
  bool hidden = false;  // the meta header says that it is encrypted
  std::vector<PdiPartition> partitions = {{"pl_rp0", "cdo and more"}};
};
std::string make_pdi(const PdiOptions& options = {});

struct XclbinSection {
  std::uint32_t kind = 0;
  std::string content = {};
  std::string name = {};
};
std::string make_xclbin(const std::vector<XclbinSection>& sections);

// Replaces the little-endian word at `at`, and makes the sum right that ends the `table` bytes from `begin` on.
void patch_word(std::string& file, std::size_t at, std::uint32_t value);
void mend_sum(std::string& file, std::size_t begin, std::size_t table);

}  // namespace runx::fake
