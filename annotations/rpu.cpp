// SPDX-License-Identifier: Apache-2.0
// rpu.NAME.KEY
#include "annotations/area.h"

namespace runx::annotations {
namespace {

using Rpu = ProcessorRequest;

bool is_cluster(std::string_view text) { return text == "split" || text == "lockstep"; }

constexpr Field<Rpu> fields[] = {
    any_field<&Rpu::processor, is_reference>("processor", "not a processor's name",
                                             "write its name, a node of the device tree, or any"),
    file_field<&Rpu::firmware>("firmware"),
    digest_field<&Rpu::digest>("digest"),
    text_field<&Rpu::cluster, is_cluster>("cluster", "not a mode of a cluster", "write split or lockstep"),
    nodes_field<&Rpu::memory>("memory"),
};

void check(const AcceleratorRequest& request, Complaints& complaints) {
  const auto& entries = request.processors;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto key = "rpu." + entries[i].name;
    if (!entries[i].firmware && request.target == Target::domain)
      complaints.missing(key + ".firmware", "name the firmware's file in the image");
    for (std::size_t j = 0; j < i; ++j) {
      if (!entries[i].processor || entries[i].processor != entries[j].processor) continue;
      complaints.add(std::string(prefix) + key + ".processor", *entries[i].processor,
                     "the processor that rpu." + entries[j].name + " asks for too", "ask for another processor");
    }
  }
}

}  // namespace

constinit const Area rpu_area = named_area<&AcceleratorRequest::processors, fields, check>("rpu");

}  // namespace runx::annotations
