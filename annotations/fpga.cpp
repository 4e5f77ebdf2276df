// SPDX-License-Identifier: Apache-2.0
// fpga.NAME.KEY, and fpga.NAME.KEY.REGION for the file of one region.
#include "annotations/area.h"
#include "base/result.h"

namespace runx::annotations {
namespace {

using Fpga = BitstreamRequest;

bool is_region(std::string_view text) { return is_name(text) || is_clean_path(text); }
bool is_format(std::string_view text) {
  return text == "bit" || text == "bin" || text == "boot" || text == "pdi" || text == "xclbin";
}

// In their order and apart from each other. Each is "FIRST-LAST" already.
bool are_ordered(const std::vector<std::string>& partitions) {
  int last = -1;
  for (const auto& partition : partitions) {
    if (std::stoi(partition) <= last) return false;
    last = std::stoi(partition.substr(partition.find('-') + 1));
  }
  return true;
}

constexpr Field<Fpga> fields[] = {
    file_field<&Fpga::file>("bitstream"),
    digest_field<&Fpga::digest>("digest"),
    any_field<&Fpga::region, is_region>("region", "not a region's name",
                                        "write [a-z0-9-]{1,32} without a dash at either end, or any"),
    text_field<&Fpga::format, is_format>("format", "not a format", "write bit, bin, boot, pdi or xclbin"),
    flag_field<&Fpga::partial>("partial"),
    text_field<&Fpga::shell, is_identifier>("shell", "not a shell's identifier", "write [A-Za-z0-9._:+-]{1,128}"),
    file_field<&Fpga::overlay>("overlay"),
    nodes_field<&Fpga::overlay_nodes>("overlay-nodes"),
    flag_field<&Fpga::encrypted>("encrypted"),
    flag_field<&Fpga::authenticated>("authenticated"),
    list_field<&Fpga::aie, is_columns, are_ordered>(
        "aie", "not a list of partitions",
        "write first and last column of each, from left to right, one space between two, like 0-7 16-23"),
};

constexpr Field<BitstreamVariant> variant_fields[] = {
    file_field<&BitstreamVariant::file>("bitstream"),
    digest_field<&BitstreamVariant::digest>("digest"),
};

void read_variant(AcceleratorRequest& request, const Given& given, Complaints& complaints) {
  const std::string region(given.parts[3]);
  if (!is_name(region) || region == "any") {
    return complaints.add(given, base::text("the region in the key is not ", name_syntax, ", or it is any"),
                          "rename it");
  }
  auto* entry = named_entry(request.bitstreams, given.parts[1], given, complaints);
  if (entry == nullptr) return;
  if (!entry->variants.contains(region) && entry->variants.size() == most_names)
    return complaints.add(given, "more than 32 names of this kind", "ask for fewer");
  read_field(*find_field(variant_fields, given.parts[2]), entry->variants[region], given, complaints);
}

void check_entry(const Fpga& entry, Complaints& complaints) {
  constexpr const char* remedy = "name the bitstream's file in the image";
  const auto key = "fpga." + entry.name;
  for (const auto& [region, variant] : entry.variants) {
    if (variant.file.empty()) complaints.missing(key + ".bitstream." + region, remedy);
  }
  // A digest without a region is of the file without one.
  if (entry.file.empty() && (entry.variants.empty() || entry.digest)) complaints.missing(key + ".bitstream", remedy);
  if (!entry.overlay && !entry.overlay_nodes.empty())
    complaints.missing(key + ".overlay", "name the overlay that the nodes are of");
  if (!entry.aie.empty() && entry.format && *entry.format != "pdi" && *entry.format != "xclbin") {
    complaints.add(std::string(prefix) + key + ".aie", "", "only a pdi or an xclbin reaches the AI engines",
                   "remove it, or the format");
  }
}

void check(const AcceleratorRequest& request, Complaints& complaints) {
  const auto& entries = request.bitstreams;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    check_entry(entries[i], complaints);
    for (std::size_t j = 0; j < i; ++j) {
      if (!entries[i].region || entries[i].region != entries[j].region) continue;
      complaints.add(std::string(prefix) + "fpga." + entries[i].name + ".region", *entries[i].region,
                     "the region that fpga." + entries[j].name + " asks for too", "ask for another region");
    }
  }
}

constexpr Area plain = named_area<&AcceleratorRequest::bitstreams, fields, check>("fpga");

}  // namespace

constinit const Area fpga_area{
    plain.word,
    [](const Area& area, std::vector<KeyPattern>& out) {
      plain.list(area, out);
      list_fields(variant_fields, "fpga.NAME.", ".REGION", out);
    },
    [](AcceleratorRequest& request, const Given& given, Complaints& complaints) {
      const bool variant = given.parts.size() == 4 && find_field(variant_fields, given.parts[2]) != nullptr;
      (variant ? read_variant : plain.read)(request, given, complaints);
    },
    [](const Area& area, const AcceleratorRequest& request, Annotations& out) {
      plain.write(area, request, out);
      for (const auto& entry : request.bitstreams) {
        for (const auto& [region, variant] : entry.variants)
          write_fields(variant_fields, variant, key_before(area, entry.name), "." + region, out);
      }
    },
    plain.require};

}  // namespace runx::annotations
