// SPDX-License-Identifier: Apache-2.0
#include "annotations/keys.h"
#include "annotations/request.h"

namespace runx::annotations {
namespace {

template <class Entry>
void write(Annotations& out, const std::string& before, std::span<const Field<Entry>> fields, const Entry& entry,
           const std::string& after = {}) {
  for (const auto& field : fields) {
    if (auto value = field.write(entry)) out[before + std::string(field.leaf) + after] = std::move(*value);
  }
}

}  // namespace

Annotations emit(const AcceleratorRequest& request) {
  Annotations out;
  const std::string p(prefix);
  write(out, p, top_fields(), request);
  for (const auto& entry : request.bitstreams) {
    const auto before = p + "fpga." + entry.name + ".";
    write(out, before, fpga_fields(), entry);
    for (const auto& [region, variant] : entry.variants) write(out, before, variant_fields(), variant, "." + region);
  }
  for (const auto& entry : request.processors) write(out, p + "rpu." + entry.name + ".", rpu_fields(), entry);
  for (const auto& entry : request.devices) write(out, p + "device." + entry.name + ".", device_fields(), entry);
  write(out, p + "domain.", domain_fields(), request.domain);
  return out;
}

}  // namespace runx::annotations
